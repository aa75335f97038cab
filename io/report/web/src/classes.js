// Axes of many values are divided into classes of about equally many points.

import { format_value } from "./format.js";

// "0.5–0.9/s": the unit once.
function range_text(axis, low, high) {
  const [first, last] = [format_value(axis, low, 3), format_value(axis, high, 3)];
  if (first === last) return first;
  const unit = (text) => /^-?[\d.,e+-]+(.*)$/.exec(text)?.[1];
  return unit(first) !== undefined && unit(first) === unit(last)
    ? `${first.slice(0, first.length - unit(first).length)}–${last}` : `${first}–${last}`;
}

// {texts [class], class_of(code) (-1: none), merged: whether a class is more than a value}.
// Axes that are no numbers keep their first `most` values.
export function classes_of(report, axis, most, classes) {
  const { values } = axis;
  const texts = values.slice(0, most).map((value) => format_value(axis, value));
  if (values.length <= most) return { texts, class_of: (code) => code, merged: false };
  if (axis.kind !== "number") {
    return { texts, class_of: (code) => (code < most ? code : -1), merged: true };
  }
  const counts = new Array(values.length).fill(0);
  let total = 0;
  for (const code of report.codes(axis)) {
    if (code < 0) continue;
    counts[code]++;
    total++;
  }
  const members = [];
  let before = 0;
  let last = -1;
  const of_code = counts.map((number, code) => {
    const wanted = Math.min(classes - 1, Math.floor(((before + number / 2) * classes) / total));
    before += number;
    if (wanted !== last) {
      last = wanted;
      members.push([]);
    }
    members.at(-1).push(code);
    return members.length - 1;
  });
  return {
    texts: members.map((codes) => range_text(axis, values[codes[0]], values[codes.at(-1)])),
    class_of: (code) => (code < 0 ? -1 : of_code[code]), merged: true,
  };
}
