// Labelled form controls, and the selects that fix the axes which a chart does not show.

import { classes_of } from "./classes.js";
import { el, replace } from "./dom.js";
import { listing, short_name, title_of } from "./format.js";

const kMostChoices = 60;
const kClasses = 8;
const kAll = "all";
let next_id = 0;

// options: [{value, text}]
export function select(label, options, value, on_change) {
  const id = `control-${++next_id}`;
  const box = el("select", { id, on: { change: () => on_change(box.value) } },
    options.map((option) => el("option", { value: String(option.value) }, option.text)));
  box.value = String(value);
  return el("div", { class: "control" }, el("label", { for: id }, label), box);
}

export function column_select(label, columns, column, on_change, none = null) {
  const options = columns.map((each) => ({ value: each.name, text: title_of(each) }));
  if (none) options.unshift({ value: "", text: none });
  return select(label, options, column?.name ?? "",
    (name) => on_change(columns.find((each) => each.name === name) ?? null));
}

export function checkbox(label, checked, on_change) {
  const id = `control-${++next_id}`;
  const box = el("input", { type: "checkbox", id, checked, on: { change: () => on_change(box.checked) } });
  return el("div", { class: "check" }, box, el("label", { for: id }, label));
}

export function input(label, attributes, on_input) {
  const id = `control-${++next_id}`;
  const box = el("input", { id, ...attributes, on: { input: () => on_input(box.value, box) } });
  return el("div", { class: "control" }, el("label", { for: id }, label), box);
}

// The value (or class of values) that shows most: that of most points; of equal ones the middle, for
// volumes the last.
export function default_choice(report, axis, classes) {
  if (classes.merged) return Math.floor(classes.texts.length / 2);
  const counts = new Array(classes.texts.length).fill(0);
  for (const code of report.codes(axis)) if (code >= 0) counts[code]++;
  const most = Math.max(...counts);
  const best = counts.flatMap((number, code) => (number === most ? [code] : []));
  if (/requests$/.test(axis.name) || axis.kind === "category") return best[best.length - 1];
  return best[Math.floor(best.length / 2)];
}

// Which points a chart shows: each axis that it does not draw is fixed at a value, or free.
export class Filters {
  // fix(axis): whether it starts out fixed
  constructor(report, fix, on_change) {
    this.report = report;
    this.on_change = on_change;
    this.element = el("div", { class: "controls filters" });
    this.chosen = new Map();  // axis name -> class of values, or kAll
    this.classes = new Map();
    this.drawn = [];
    for (const axis of report.axes) {
      const classes = classes_of(report, axis, kMostChoices, kClasses);
      this.classes.set(axis.name, classes);
      // Fixing several axes of many values each would leave next to nothing.
      const fixed = fix(axis) && (!classes.merged || report.load_axes.includes(axis));
      this.chosen.set(axis.name, fixed ? default_choice(report, axis, classes) : kAll);
    }
  }

  others() { return this.report.axes.filter((axis) => !this.drawn.includes(axis)); }

  // The axes that the chart draws itself. Frees fixed axes until `least` points remain.
  set_drawn(drawn, least = 3) {
    this.drawn = drawn.filter(Boolean);
    const order = this.others().filter((axis) => this.chosen.get(axis.name) !== kAll);
    while (order.length && this.rows().length < Math.min(least, this.report.rows)) {
      this.chosen.set(order.pop().name, kAll);
    }
    replace(this.element, this.others().map((axis) =>
      select(title_of(axis), [{ value: kAll, text: "all" },
        ...this.classes.get(axis.name).texts.map((text, value) => ({ value, text }))],
        this.chosen.get(axis.name), (value) => {
          this.chosen.set(axis.name, value === kAll ? kAll : Number(value));
          this.on_change();
        })));
  }

  fixed() { return this.others().filter((axis) => this.chosen.get(axis.name) !== kAll); }

  // In which of the axes that are not drawn the points differ.
  differing(rows) {
    return this.others().filter((axis) => {
      const codes = this.report.codes(axis);
      return rows.some((row) => codes[row] !== codes[rows[0]]);
    });
  }

  // Points that do not read a fixed axis stay: its value means nothing to them.
  rows() {
    const tests = this.fixed().map((axis) => [
      this.report.codes(axis), this.classes.get(axis.name).class_of, this.chosen.get(axis.name)]);
    const rows = [];
    for (let row = 0; row < this.report.rows; ++row) {
      if (tests.every(([codes, class_of, wanted]) => codes[row] < 0 || class_of(codes[row]) === wanted)) rows.push(row);
    }
    return rows;
  }

  words(rows) {
    const fixed = this.fixed();
    if (!fixed.length) return "";
    const text = listing(fixed.map((axis) =>
      `${short_name(axis)} = ${this.classes.get(axis.name).texts[this.chosen.get(axis.name)]}`));
    const unread = fixed.filter((axis) => rows.some((row) => this.report.codes(axis)[row] < 0));
    return `Shown for ${text}.` + (unread.length
      ? ` Points that do not use ${listing(unread.map(short_name))} are shown as they are.` : "");
  }
}
