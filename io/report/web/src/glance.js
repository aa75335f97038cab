// What to run, at a glance: under each load, the fewest GPUs or replicas that keep a limit, and with which
// settings.

import { classes_of } from "./classes.js";
import { select } from "./controls.js";
import { better_direction } from "./data.js";
import { el, replace } from "./dom.js";
import { format_value, format_with_error, kNotApplicable, listing, short_name, title_of } from "./format.js";
import { Table } from "./table.js";

const kMostValues = 60;
const kClasses = 8;
const kPageRows = 12;
const kMostAxes = 5;
const kMostLoadAxes = 3;
const kLimits = [0.01, 0.05, 0.1, 0.2];

// The loads that the points differ in most; the others stay at their most common values.
function loads_of(report) {
  const all = report.load_axes.filter((axis) => axis.name !== "step");
  if (all.length <= kMostLoadAxes) return { load_axes: all, fixed: [] };
  const share = (axis) => report.common.get(axis.name).share;
  const kept = all.filter((axis) => !report.is_rare(axis)).sort((a, b) => share(b) - share(a)).slice(0, kMostLoadAxes - 1);
  return { load_axes: all.filter((axis) => kept.includes(axis)), fixed: all.filter((axis) => !kept.includes(axis)) };
}

export function glance(report) {
  const body = el("div");
  const controls = el("div", { class: "controls" });
  const note = el("p", { class: "note" });
  const lead = el("p", { class: "lead" });
  const element = el("section", { id: "glance", "aria-labelledby": "glance-title" },
    el("h2", { id: "glance-title" }, "At a glance"), lead, controls, body, note);
  // Requests over the SLA; of the continuous engine, those within it.
  const share = report.column("request_sla_violation_rate") ?? report.column("goodput_share");
  const violations = (row) => (share.name === "goodput_share" ? 1 - report.numbers(share)[row] : report.numbers(share)[row]);
  const p99 = report.column("p99_latency_s");
  const throughput = report.column("throughput_requests_per_s");
  const { cost } = report;
  const state = { limit: 0.05 };
  const { load_axes, fixed } = loads_of(report);
  let classes = new Map();

  function load_text(axis, row) {
    const { class_of, texts } = classes.get(axis);
    return texts[class_of(report.codes(axis)[row])] ?? kNotApplicable;
  }

  function loads() {
    const groups = new Map();
    for (let row = 0; row < report.rows; ++row) {
      if (fixed.some((axis) => report.codes(axis)[row] !== report.common.get(axis.name).code)) continue;
      const key = load_axes.map((axis) => classes.get(axis).class_of(report.codes(axis)[row])).join(" ");
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(row);
    }
    return [...groups.values()].sort((a, b) => load_axes.reduce((order, axis) =>
      order || report.codes(axis)[a[0]] - report.codes(axis)[b[0]], 0));
  }

  function least(rows, ...columns) {
    return rows.reduce((best, row) => {
      for (const column of columns) {
        const direction = column.role === "input" ? -1 : better_direction(column);
        const [a, b] = [report.numbers(column)[row], report.numbers(column)[best]];
        if (Number.isNaN(a)) return best;
        if (Number.isNaN(b)) return row;
        if (a !== b) return direction * (a - b) > 0 ? row : best;
      }
      return best;
    });
  }

  // Of the points that keep the limit those of least cost, of these the lowest p99; else the one that comes
  // nearest.
  function choose(rows) {
    const keep = rows.filter((row) => violations(row) <= state.limit);
    const order = [cost, p99].filter(Boolean);
    return { rows, keep: keep.length, row: keep.length ? least(keep, ...order, share) : least(rows, share, ...order) };
  }

  function metric_text(column, row) {
    return format_with_error(column, report.value(column, row), report.half_widths(column)?.[row]);
  }

  function draw_choices() {
    const choices = loads().map(choose);
    const first = [cost, report.axis("scheduler_kind"), report.axis("k_bins")].filter(Boolean);
    const shown = [...new Set([...first, ...report.choice_axes])].filter((axis) =>
      choices.some((each) => report.codes(axis)[each.row] >= 0)).slice(0, kMostAxes);
    const columns = [
      ...load_axes.map((axis) => ({ title: title_of(axis), hint: axis.long_name, numeric: axis.kind === "number",
        value: (each) => report.codes(axis)[each.row], text: (each) => load_text(axis, each.row) })),
      ...shown.map((axis) => ({ title: title_of(axis), hint: axis.long_name, numeric: axis.kind === "number",
        value: (each) => report.codes(axis)[each.row], text: (each) => report.text(axis, each.row) })),
      ...[share, p99, throughput].filter(Boolean).map((column) => ({ title: title_of(column), hint: column.long_name,
        numeric: true, value: (each) => report.value(column, each.row), text: (each) => metric_text(column, each.row) })),
      { title: "Points within the limit", numeric: true, value: (each) => each.keep,
        node: (each) => (each.keep ? `${each.keep} of ${each.rows.length}`
          : el("strong", { class: "bad" }, `none of ${each.rows.length}`)) },
    ];
    replace(body, new Table({ label: "Choice for each load", columns, items: choices, stack: true, page_rows: kPageRows }).element);
    const failed = choices.filter((each) => !each.keep).length;
    replace(note, [
      fixed.length ? `Shown for ${listing(fixed.map((axis) => `${short_name(axis)} = ${
        format_value(axis, axis.values[report.common.get(axis.name).code] ?? null)}`))}. ` : "",
      failed ? `Where no point keeps the limit, the one of the ${better_direction(share) < 0 ? "lowest" : "highest"} ${short_name(share)} is shown. ` : "",
      choices.some((each) => report.half_widths(share)?.[each.row] >= 0) ? `± is the 95\u00a0% half width over ${report.data.replications} replications.` : "",
    ].join(""));
  }

  return {
    element,
    async draw() {
      await report.need(share, p99, throughput, ...report.key_metrics());
      classes = new Map(load_axes.map((axis) => [axis, classes_of(report, axis, kMostValues, kClasses)]));
      if (!share || report.rows < 2 || !report.choice_axes.length || !loads().length) {
        lead.textContent = report.rows === 1 ? "The one point of this result:"
          : "The points of extreme values:";
        draw_extremes();
        return;
      }
      lead.textContent = `${load_axes.length ? "For each load, the" : "The"} ${cost ? `fewest ${short_name(cost)} that keep` : "setting of lowest p99 that keeps"} the share of `
        + `requests over the SLA within the limit${cost ? "; of equal ones the lowest p99" : ""}.`;
      replace(controls, select("Limit of SLA violations",
        kLimits.map((limit) => ({ value: limit, text: `${limit * 100} %` })), state.limit,
        (text) => { state.limit = Number(text); draw_choices(); }));
      draw_choices();
    },
  };

  function draw_extremes() {
    const metrics = report.key_metrics().filter((metric) => /latency|throughput|violation|goodput/.test(metric.name));
    if (!metrics.length || report.rows === 1) {
      const facts = report.data.constants.filter((each) => each.role !== "input" && /latency|throughput|utilization|violation_rate|goodput_share/.test(each.name));
      replace(body, new Table({ label: "Values", columns: [
        { title: "Metric", value: (each) => each.name, text: (each) => title_of(each) },
        { title: "Value", numeric: true, value: (each) => Number(each.value),
          text: (each) => format_value({ ...each, role: "metric" }, each.value === "" ? NaN : Number(each.value)) },
      ], items: facts, stack: true }).element);
      return;
    }
    const items = metrics.map((metric) => ({ metric, row: least(Array.from({ length: report.rows }, (_, row) => row), metric) }));
    replace(body, new Table({ label: "Extreme points", columns: [
      { title: "Best in", value: (each) => each.metric.name, text: (each) => title_of(each.metric) },
      { title: "Value", numeric: true, value: (each) => report.value(each.metric, each.row), text: (each) => metric_text(each.metric, each.row) },
      { title: "Point", value: (each) => each.row, text: (each) => report.describe(each.row) },
    ], items, stack: true }).element);
  }
}
