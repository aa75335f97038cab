// Labelled form controls, and the selects that fix the axes which a chart does not show.

import { classes_of } from "./classes.js";
import { all_rows } from "./data.js";
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

// Of classes and their numbers of points the one of most points; of equal ones the middle, for volumes
// the last.
function best_choice(axis, counts) {
  const most = Math.max(...counts.values());
  const best = [...counts].filter(([, number]) => number === most).map(([each]) => each).sort((a, b) => a - b);
  if (/requests$/.test(axis.name) || axis.kind === "category") return best.at(-1);
  return best[Math.floor(best.length / 2)];
}

// Which points a chart shows: each axis that it does not draw is fixed at a value, or free.
export class Filters {
  // fix(axis): whether it starts out fixed
  constructor(report, fix, on_change) {
    this.report = report;
    this.on_change = on_change;
    this.element = el("div", { class: "controls filters" });
    this.chosen = new Map();  // axis name -> class of values, kAll, or null: not chosen yet
    this.classes = new Map();
    this.drawn = [];
    for (const axis of report.axes) {
      const classes = classes_of(report, axis, kMostChoices, kClasses);
      this.classes.set(axis.name, classes);
      // Fixing several axes of many values each would leave next to nothing.
      const fixed = fix(axis) && (!classes.merged || report.load_axes.includes(axis));
      this.chosen.set(axis.name, fixed ? null : kAll);
    }
  }

  others() { return this.report.axes.filter((axis) => !this.drawn.includes(axis)); }

  // The axes that the chart draws itself.
  set_drawn(drawn) {
    this.drawn = drawn.filter(Boolean);
    this.settle();
  }

  // Where points are scattered, fixing all other axes leaves next to nothing: frees them, loads last,
  // until `enough(rows)`.
  free_until(enough) {
    const order = this.fixed();
    while (order.length && !enough(this.rows())) {
      this.chosen.set(order.pop().name, kAll);
      this.settle();
    }
  }

  // One axis after the other: a value that none of the points left has gives way to the one that most
  // of them have; an axis in which they do not differ needs no control.
  settle() {
    let rows = all_rows(this.report);
    this.offered = [];
    for (const axis of this.others()) {
      const counts = this.counts(axis, rows);
      const chosen = this.chosen.get(axis.name);
      if (counts.size && chosen !== kAll && !counts.has(chosen)) this.chosen.set(axis.name, best_choice(axis, counts));
      if (counts.size > 1) this.offered.push(axis);
      rows = this.passing(axis, rows);
    }
    this.left = rows;
    this.draw();
  }

  // Points by class of an axis.
  counts(axis, rows) {
    const counts = new Map();
    const { class_of } = this.classes.get(axis.name);
    for (const row of rows) {
      const each = class_of(this.report.codes(axis)[row]);
      if (each >= 0) counts.set(each, (counts.get(each) ?? 0) + 1);
    }
    return counts;
  }

  // Points that do not read a fixed axis stay: its value means nothing to them.
  passing(axis, rows) {
    const chosen = this.chosen.get(axis.name);
    if (chosen === kAll) return rows;
    const codes = this.report.codes(axis);
    const { class_of } = this.classes.get(axis.name);
    return rows.filter((row) => codes[row] < 0 || class_of(codes[row]) === chosen);
  }

  draw() {
    replace(this.element, this.offered.map((axis) =>
      select(title_of(axis), [{ value: kAll, text: "all" },
        ...this.classes.get(axis.name).texts.map((text, value) => ({ value, text }))],
        this.chosen.get(axis.name), (value) => {
          this.chosen.set(axis.name, value === kAll ? kAll : Number(value));
          this.on_change();
        })));
  }

  fixed() { return this.offered.filter((axis) => this.chosen.get(axis.name) !== kAll); }

  rows() { return this.left; }

  // The first of the axes that the points left differ in.
  first_varying(axes) {
    return axes.find((axis) => this.left.some((row) =>
      this.report.codes(axis)[row] !== this.report.codes(axis)[this.left[0]])) ?? null;
  }

  // In which of the axes that are not drawn the points differ.
  differing(rows) {
    return this.others().filter((axis) => {
      const codes = this.report.codes(axis);
      return rows.some((row) => codes[row] !== codes[rows[0]]);
    });
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
