// A section of the report with a chart: title, controls, chart, legend, what it shows in words, and the
// numbers that it draws as a table. A chart says how to draw itself in `make(width)`, which may be called
// again at any time: for another width, other colours, or print.

import { init } from "./echarts.js";
import { el, replace } from "./dom.js";
import { title_of } from "./format.js";
import { ink } from "./palette.js";
import { Table } from "./table.js";

const kPrintWidth = 680;
const kMostTableRows = 5000;

export class Figure {
  constructor({ id, title, lead }) {
    this.controls = el("div", { class: "controls" });
    this.y_title = el("p", { class: "y-title" });
    this.chart_box = el("div", { class: "chart", role: "img", id: `${id}-chart` });
    this.empty = el("p", { class: "empty", hidden: true });
    this.legend = el("div", { class: "legend" });
    this.note = el("p", { class: "note", "aria-live": "polite" });
    this.extra = el("div", { class: "extra" });
    this.table_box = el("div");
    this.details = el("details", { class: "data", on: { toggle: () => this.draw_table() } },
      el("summary", {}, "The numbers of this chart"), this.table_box);
    this.lead = el("p", { class: "lead" }, lead);
    this.element = el("section", { id, "aria-labelledby": `${id}-title` },
      el("h2", { id: `${id}-title` }, title), this.lead, this.controls, this.empty, this.y_title,
      this.chart_box, this.legend, this.note, this.extra, this.details);
    this.hidden = new Set();
    this.width = 0;
    new ResizeObserver(() => this.resized()).observe(this.element);
  }

  // spec: {option, height, y_title, label, legend: [{name, color, symbol}], note, table: {columns, items},
  // renderer} or {empty: why}
  show(make) {
    this.make = make;
    this.draw();
  }

  resized() {
    const width = this.element.clientWidth;
    if (this.make && width && width !== this.width && !this.printing) this.draw();
  }

  draw() {
    if (!this.make) return;
    this.width = this.printing ? kPrintWidth : this.element.clientWidth;
    const spec = this.make(this.width);
    const drawn = !spec.empty;
    this.spec = spec;
    this.empty.hidden = drawn;
    for (const part of [this.chart_box, this.legend, this.y_title, this.details]) part.hidden = !drawn;
    replace(this.note, spec.note ?? "");
    if (!drawn) {
      replace(this.empty, spec.empty);
      this.chart?.clear();
      return;
    }
    replace(this.y_title, spec.y_title ?? "");
    this.y_title.hidden = !spec.y_title;
    this.draw_legend(spec.legend ?? []);
    this.draw_chart(spec);
    this.table_is_new = true;
    this.draw_table();
  }

  draw_chart(spec) {
    const renderer = spec.renderer ?? "svg";
    const size = { width: this.width, height: spec.height };
    this.chart_box.style.height = `${spec.height}px`;
    this.chart_box.setAttribute("aria-label", spec.label);
    if (this.renderer !== renderer) {
      this.chart?.dispose();
      this.chart = init(this.chart_box, null, { renderer, ...size });
      this.renderer = renderer;
      this.on_chart?.(this.chart);
    } else {
      this.chart.resize(size);
    }
    const series = spec.option.series.filter((each) => !this.hidden.has(each.name));
    this.chart.setOption({
      animation: false, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily }, ...spec.option, series,
    }, true);
    this.chart.getZr().flush();
  }

  draw_legend(entries) {
    replace(this.legend, entries.map(({ name, color, symbol, fixed, dashed }) => {
      const swatch = el("span", { class: `swatch ${dashed ? "dashed" : symbol ?? "circle"}`, "aria-hidden": "true",
        css: dashed ? { borderColor: color } : { backgroundColor: color } });
      if (fixed) return el("span", { class: "entry" }, swatch, name);
      return el("button", {
        type: "button", class: "entry", "aria-pressed": String(!this.hidden.has(name)),
        title: "Show or hide", on: { click: () => this.toggle(name) },
      }, swatch, name);
    }));
  }

  toggle(name) {
    if (!this.hidden.delete(name)) this.hidden.add(name);
    const at = [...this.legend.children].findIndex((child) => child.textContent === name);
    this.draw();
    this.legend.children[at]?.focus();
  }

  draw_table() {
    const spec = this.spec?.table;
    if (!this.details.open || !spec || !this.table_is_new) return;
    this.table_is_new = false;
    const items = spec.items.slice(0, kMostTableRows);
    if (this.table) this.table.set(spec.columns, items);
    else {
      this.table = new Table({ label: "The numbers of this chart", columns: spec.columns, items, page_rows: 20 });
      replace(this.table_box, this.table.element);
    }
  }

  print(on) {
    this.printing = on;
    this.draw();
  }
}

// A tooltip of our own elements: ECharts would build it from markup.
export function tooltip(make, options = {}) {
  return {
    renderMode: "html", className: "tip", confine: true, backgroundColor: "transparent", borderWidth: 0,
    padding: 0, extraCssText: "box-shadow:none", transitionDuration: 0, textStyle: { color: ink().text },
    formatter: (parameters) => make(parameters), ...options,
  };
}

// title and [[name, value, color]]
export function tip(title, pairs) {
  return el("div", { class: "tip-box" }, el("strong", {}, title),
    el("table", {}, el("tbody", {}, pairs.map(([name, value, color]) => el("tr", {},
      el("td", {}, color ? el("span", { class: "swatch circle", css: { backgroundColor: color } }) : null, name),
      el("td", { class: "number" }, value))))));
}

// Columns of a table of points: inputs and metrics of this report, by row number.
export function row_columns(report, columns) {
  return columns.map((column) => ({
    title: title_of(column), hint: `${column.name}: ${column.long_name}`, numeric: column.kind === "number",
    value: (row) => report.value(column, row),
    text: (row) => report.text(column, row),
  }));
}
