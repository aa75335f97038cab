// The axis that colours points: by default the scheduler, else another category, else few numbers.

import { spread } from "../data.js";
import { format_value, is_switch, title_of } from "../format.js";
import { axis_color, axis_symbol } from "../palette.js";

const kMostColors = 8;
const kMostLegend = 9;
const kFewLegend = 5;

export function color_axes(report) {
  return report.axes.filter((axis) => axis.values.length <= (axis.kind === "number" ? 40 : kMostColors));
}

export function default_color_axis(report, except = null) {
  const axes = color_axes(report).filter((axis) => axis !== except);
  return axes.find((axis) => axis.name === "scheduler_kind")
    || axes.find((axis) => axis.kind === "category" && axis.name !== "step")
    || axes.find((axis) => axis.values.length <= kMostColors && report.choice_axes.includes(axis))
    || axes.find((axis) => axis.values.length <= kMostColors)
    || axes.find((axis) => report.choice_axes.includes(axis)) || axes[0] || null;
}

// The colours of the codes that occur.
export function color_entries(report, axis, rows) {
  const codes = [...new Set(rows.map((row) => report.codes(axis)[row]))].sort((a, b) => a - b);
  return codes.map((code) => color_of(axis, code));
}

// Of many shades of a ramp some, to read the others by.
export function color_legend(entries) {
  if (entries.length < 2) return [];
  if (entries.length <= kMostLegend) return entries;
  return spread(entries, kFewLegend).map((entry) => ({ ...entry, fixed: true }));
}

export function color_of(axis, code) {
  const name = code < 0 ? `${title_of(axis)} not used`
    : axis.kind === "number" || is_switch(axis) ? `${title_of(axis)} ${format_value(axis, axis.values[code])}`
      : format_value(axis, axis.values[code]);
  return { code, name, color: axis_color(axis, code), symbol: axis_symbol(axis, code) };
}
