// The table of all points: sorted, filtered, limited to what is brushed.

import { checkbox, input } from "./controls.js";
import { all_rows } from "./data.js";
import { el, replace } from "./dom.js";
import { row_columns } from "./figure.js";
import { parse_filter } from "./filter.js";
import { count, format_with_error, title_of } from "./format.js";
import { Table } from "./table.js";

export function worlds(report, selection, distributions) {
  const status = el("p", { class: "status", role: "status", id: "worlds-status" });
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const clear = el("button", { type: "button", class: "clear", on: { click: () => clear_all() } }, "Show all");
  const state = { line: "", columns: [...report.axes.filter((axis) => !report.is_rare(axis)), ...report.key_metrics().slice(0, 8)] };
  const example = example_filter(report);
  const filter = input("Filter", {
    type: "search", placeholder: example, spellcheck: "false", autocomplete: "off", "aria-describedby": "filter-help",
  }, (text) => { state.line = text; filter_rows(); });
  const box = el("div");
  const chosen = el("div", { class: "checks" });
  const element = el("section", { id: "worlds", "aria-labelledby": "worlds-title" },
    el("h2", { id: "worlds-title" }, "All points"),
    el("p", { class: "lead", id: "filter-help" }, "A point is one combination of the sweep's values; its replications are averaged. ",
      example ? ["Filter with terms such as ", el("code", {}, example), ": all must hold, names may be shortened."] : null),
    el("div", { class: "controls" }, filter), problem, el("div", { class: "status-line" }, status, clear), box,
    el("details", {}, el("summary", {}, "Choose columns"), chosen));
  let table = null;
  let message = null;

  async function filter_rows() {
    const parsed = parse_filter(report, state.line);
    problem.hidden = !parsed.error;
    problem.textContent = parsed.error;
    if (parsed.error) return;
    const line = state.line;
    await report.need(...parsed.columns);
    if (line !== state.line) return;  // typed on meanwhile
    const rows = all_rows(report).filter((row) => selection.has(row) && parsed.terms.every((term) => term(row)));
    status.textContent = rows.length === report.rows ? `${count(report.rows, "point")}`
      : `${rows.length.toLocaleString("en-US")} of ${count(report.rows, "point")}`
        + `${selection.rows ? " (selected in “All axes at once”)" : ""}`;
    clear.hidden = rows.length === report.rows;
    if (table) table.set(columns(), rows);
    else table = new Table({ label: "All points", columns: columns(), items: rows });
    if (!box.firstChild) box.append(table.element);
  }

  function clear_all() {
    filter.querySelector("input").value = "";
    state.line = "";
    if (selection.rows) document.querySelector("#parallel .clear").click();
    filter_rows();
  }

  function columns() {
    const shown = row_columns(report, state.columns);
    state.columns.forEach((column, index) => {
      const half_widths = column.role === "metric" && report.half_widths(column);
      if (half_widths) {
        shown[index].text = (row) => format_with_error(column, report.value(column, row), half_widths[row]);
      }
    });
    shown.unshift({
      title: report.data.replications > 1 ? "First world" : "World", numeric: true,
      hint: "Id in the result file", value: (row) => report.first_world[row], text: (row) => report.first_world[row],
    });
    if (report.data.cdf) shown.push({ title: "", node: add_button });
    return shown;
  }

  function add_button(row) {
    if (!distributions.has(row)) return "";
    return el("button", { type: "button", class: "small", title: "Show its latency distribution", on: { click: (event) => {
      distributions.add(row);
      event.target.textContent = "added ✓";
    } } }, "+ distribution");
  }

  function draw_chooser() {
    const all = [...report.inputs, ...report.metrics_by_importance()];
    replace(chosen, all.map((column) => checkbox(title_of(column), state.columns.includes(column), async (on) => {
      state.columns = all.filter((each) => (each === column ? on : state.columns.includes(each)));
      await report.need(column);
      filter_rows();
    })));
  }

  selection.on_change(() => {
    clearTimeout(message);
    message = setTimeout(() => { if (table) filter_rows(); }, 0);
  });

  return {
    element,
    async draw() {
      await report.need(...state.columns);
      draw_chooser();
      await filter_rows();
    },
  };
}

function example_filter(report) {
  const number = report.cost ?? report.axes.find((axis) => axis.kind === "number");
  const category = report.axis("scheduler_kind") ?? report.axes.find((axis) => axis.kind === "category");
  const metric = report.column("p99_latency_s");
  return [
    number && `${number.name}<=${number.values[Math.floor(number.values.length / 2)]}`,
    category && `${category.name.replace(/_kind$/, "")}=${String(category.values.at(-1))}`,
    !number && !category && metric && "p99_latency_s<10",
  ].filter(Boolean).join(" ");
}
