// Where the numbers come from: constants, provenance, the resolved sweep file.

import { el } from "./dom.js";
import { format_value, title_of } from "./format.js";
import { Table } from "./table.js";

export function origin(report) {
  const { data } = report;
  const single = report.inputs.filter((column) => column.values.length === 1);
  const constants = [
    ...data.constants,
    ...single.map((column) => ({ ...column, value: `${format_value(column, column.values[0])}`, partly: true })),
  ];
  const parts = [
    details("Constants", "What is the same in all points.", new Table({
      label: "Constants", page_rows: 200, columns: [
        { title: "Name", value: (each) => each.name, text: (each) => each.name },
        { title: "Value", value: (each) => each.value, text: (each) => constant_text(each) },
        { title: "Meaning", value: (each) => each.long_name, text: (each) => each.long_name },
      ], items: constants,
    }).element),
    details("Provenance", "Which program, machine and command made the result file.", new Table({
      label: "Provenance", page_rows: 200, columns: [
        { title: "What", value: (pair) => pair[0], text: (pair) => pair[0] },
        { title: "Value", value: (pair) => pair[1], node: (pair) => el("span", { class: "long" }, pair[1]) },
      ], items: data.provenance,
    }).element),
    details("Resolved sweep file", "Runs the same sweep again.",
      el("pre", { tabindex: "0" }, data.resolved_toml)),
  ];
  if (data.left_out.length) {
    parts.push(details("Metrics that are not in this report", "They are in the result file; here they did not fit.",
      el("p", {}, data.left_out.join(", "))));
  }
  return el("section", { id: "origin", "aria-labelledby": "origin-title" },
    el("h2", { id: "origin-title" }, "Origin"), parts);
}

function constant_text(constant) {
  const value = constant.value === "" ? "(none)" : `${constant.value}`;
  const unit = constant.partly || !constant.unit || constant.unit === "1" || constant.value === "" ? "" : ` ${constant.unit}`;
  return `${value}${unit}${constant.partly ? " (where it is used)" : ""}`;
}

function details(title, text, content) {
  return el("details", {}, el("summary", {}, title), el("p", { class: "lead" }, text), content);
}
