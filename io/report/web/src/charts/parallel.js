// Parallel coordinates: every point is a line across all axes. Dragging along an axis keeps the points
// between; the same can be typed.

import { checkbox, column_select, input, select } from "../controls.js";
import { all_rows, sample } from "../data.js";
import { el, replace } from "../dom.js";
import { Figure, row_columns } from "../figure.js";
import { count, title_of } from "../format.js";
import { ink } from "../palette.js";
import { color_axes, color_legend, color_of, default_color_axis } from "./color_by.js";
import { parallel_axis } from "./parallel_axes.js";

const kMostRows = 20000;
const kMostSvgRows = 1500;
const kMostDefaultAxes = 9;
const kMostDefaultInputs = 8;

// Breaks a name between words (or behind `_`) so that no line is longer than `letters`, where it can.
function wrapped(text, letters) {
  const lines = [""];
  for (const word of text.split(/(?<=[ _])/)) {
    if (lines.at(-1) && (lines.at(-1) + word).trimEnd().length > letters) lines.push("");
    lines[lines.length - 1] += word;
  }
  return lines.map((line) => line.trimEnd()).join("\n");
}

export function parallel(report, selection) {
  const figure = new Figure({
    id: "parallel", title: "All axes at once",
    lead: "Every line is a point of the sweep. Drag along an axis to keep the lines that pass there; "
      + "the table of points below then shows these. A click beside the brush lifts it.",
  });
  const metrics = report.key_metrics().slice(0, 5);
  const candidates = [...report.axes, ...report.metrics_by_importance().filter((metric) => metric.headline
    || metrics.includes(metric))];
  const inputs = report.axes.filter((axis) => !report.is_rare(axis))
    .sort((a, b) => report.common.get(b.name).share - report.common.get(a.name).share).slice(0, kMostDefaultInputs);
  const metric_room = Math.max(3, kMostDefaultAxes - inputs.length);
  const state = {
    columns: [...report.axes.filter((axis) => inputs.includes(axis)), ...metrics.slice(0, metric_room)], color: default_color_axis(report),
    ranges: new Map(),  // column name -> [[low, high], ...] in places of its axis
  };
  const status = el("p", { class: "status", role: "status" });
  const clear = el("button", { type: "button", class: "clear", on: { click: () => clear_ranges() } }, "Clear selection");
  const typed = el("div", { class: "ranges" });
  const chosen = el("div", { class: "checks" });
  replace(figure.extra,
    el("div", { class: "status-line" }, status, clear),
    el("details", {}, el("summary", {}, "Select by typing ranges"), typed),
    el("details", {}, el("summary", {}, "Choose axes"), chosen));
  let axes = [];
  let setting = false;

  function select_rows() {
    const tests = axes.filter((axis) => state.ranges.get(axis.column.name)?.length)
      .map((axis) => [axis, state.ranges.get(axis.column.name)]);
    const rows = tests.length ? new Set(all_rows(report).filter((row) => tests.every(([axis, ranges]) => {
      const at = axis.place(row);
      return ranges.some(([low, high]) => at >= low && at <= high);
    }))) : null;
    status.textContent = rows ? `${rows.size.toLocaleString("en-US")} of ${count(report.rows, "point")} selected`
      : `All ${count(report.rows, "point")}: nothing is selected`;
    clear.disabled = !rows;
    selection.set(rows);
  }

  function clear_ranges() {
    state.ranges.clear();
    apply();
    draw_typed();
    select_rows();
  }

  function apply() {
    setting = true;
    for (const axis of axes) {
      figure.chart?.dispatchAction({ type: "axisAreaSelect", parallelAxisId: axis.column.name,
        intervals: state.ranges.get(axis.column.name) ?? [] });
    }
    setting = false;
  }

  figure.on_chart = (chart) => chart.on("axisareaselected", ({ parallelAxisId, intervals }) => {
    if (setting) return;
    const name = parallelAxisId ?? null;
    if (name === null) return;
    if (intervals?.length) state.ranges.set(name, intervals.map((each) => [...each]));
    else state.ranges.delete(name);
    draw_typed();
    select_rows();
  });

  function set_range(axis, side, place) {
    const [low, high] = state.ranges.get(axis.column.name)?.[0] ?? [-Infinity, Infinity];
    const range = side === 0 ? [place ?? -Infinity, high] : [low, place ?? Infinity];
    if (range[0] === -Infinity && range[1] === Infinity) state.ranges.delete(axis.column.name);
    else state.ranges.set(axis.column.name, [[Math.max(range[0], axis.low), Math.min(range[1], axis.high)]]);
    apply();
    select_rows();
  }

  function draw_typed() {
    if (typed.contains(document.activeElement)) return;
    replace(typed, axes.map((axis) => {
      const range = state.ranges.get(axis.column.name)?.[0];
      const group = el("fieldset", {}, el("legend", {}, axis.name));
      if (axis.discrete) {
        const options = axis.column.values.map((_, code) => ({ value: code, text: axis.text(code) }));
        const inside = range ? options.filter((option) => option.value >= range[0] && option.value <= range[1]) : [];
        const at = (option) => option?.value ?? "";
        const place = (text, margin) => (text === "" ? null : Number(text) + margin);
        const any = { value: "", text: "any" };
        group.append(
          select("from", [any, ...options], at(inside[0]), (text) => set_range(axis, 0, place(text, -0.3))),
          select("to", [any, ...options], at(inside.at(-1)), (text) => set_range(axis, 1, place(text, 0.3))));
      } else {
        const scale = axis.column.unit ? ` [${axis.column.unit}]` : "";
        const place = (text) => (text === "" || Number.isNaN(Number(text)) ? null : axis.at(Number(text)));
        group.append(
          input(`min${scale}`, { type: "number", step: "any" }, (text) => set_range(axis, 0, place(text))),
          input(`max${scale}`, { type: "number", step: "any" }, (text) => set_range(axis, 1, place(text))));
      }
      return group;
    }));
  }

  function draw_controls() {
    replace(figure.controls, column_select("Colour", color_axes(report), state.color,
      (axis) => { state.color = axis; update(); }, "none"));
    replace(chosen, candidates.map((column) => checkbox(title_of(column), state.columns.includes(column), (on) => {
      state.columns = candidates.filter((each) => (each === column ? on : state.columns.includes(each)));
      if (!on) state.ranges.delete(column.name);
      update();
    })));
  }

  function make(width) {
    const rows = sample(all_rows(report), kMostRows);
    if (axes.length < 2) return { empty: "Choose at least two axes." };
    const narrow = width < 640;
    const colors = ink();
    const { color } = state;
    const opacity = Math.min(0.6, 7 / Math.sqrt(rows.length));
    const codes = color ? report.codes(color) : null;
    const entries = color ? color_legend(report, color, rows)
      : [{ name: "points", color: colors.accent, code: 0 }];
    const series = entries.map((entry) => ({
      type: "parallel", name: entry.name, smooth: false, inactiveOpacity: 0.02, activeOpacity: Math.min(0.9, opacity * 2.5),
      lineStyle: { color: entry.color, width: 1, opacity },
      progressive: rows.length > kMostSvgRows && !figure.printing ? 2000 : 0,
      data: rows.filter((row) => !codes || codes[row] === entry.code).map((row) => axes.map((axis) => axis.place(row))),
    }));
    const gap = (width - 150) / Math.max(1, axes.length - 1);
    const letters = narrow ? 11 : Math.max(7, Math.floor((gap - 12) / 6.6));
    const names = axes.map((axis) => (narrow ? axis.name : wrapped(axis.name, letters)));
    const name_lines = Math.max(...names.map((name) => name.split("\n").length));
    return {
      height: narrow ? axes.length * 72 + 20 : 430, renderer: rows.length > kMostSvgRows ? "canvas" : "svg",
      label: `Parallel coordinates of ${axes.length} axes, ${rows.length} points.`,
      option: {
        parallel: narrow
          ? { layout: "vertical", left: 14, right: 14, top: 34, bottom: 34 }
          : { left: 44, right: 106, top: 26 + 15 * name_lines, bottom: 12 },
        parallelAxis: axes.map((axis, dim) => ({
          dim, id: axis.column.name, type: "value", name: names[dim], min: axis.low, max: axis.high,
          nameLocation: narrow ? "middle" : "end", nameGap: narrow ? -16 : 14, realtime: false,
          nameTextStyle: { color: colors.text, fontSize: narrow || gap > 84 ? 12 : 11, fontWeight: 600, textBorderColor: colors.ground, textBorderWidth: 4,
            ...(narrow ? {} : { lineHeight: 15, align: "center" }) },
          axisLine: { lineStyle: { color: colors.faint } },
          axisTick: { customValues: axis.ticks, lineStyle: { color: colors.faint } },
          axisLabel: { customValues: axis.ticks, formatter: (at) => wrapped(axis.text(at), letters), color: colors.text, fontSize: 11, lineHeight: 14,
            showMinLabel: true, showMaxLabel: true, hideOverlap: true,
            textBorderColor: colors.ground, textBorderWidth: 3 },
          areaSelectStyle: { width: 22, color: colors.accent, borderColor: colors.accent, borderWidth: 1, opacity: 0.25 },
        })),
        series,
      },
      legend: entries.length > 1 ? entries : [],
      note: rows.length < report.rows
        ? `${rows.length.toLocaleString("en-US")} of ${count(report.rows, "point")} are drawn, evenly sampled; a selection takes from all of them.` : "",
      table: { columns: row_columns(report, axes.map((axis) => axis.column)), items: rows },
    };
  }

  async function update() {
    await report.need(...state.columns);
    axes = state.columns.filter((column) => report.numbers(column).some(Number.isFinite))
      .map((column) => parallel_axis(report, column));
    draw_controls();
    draw_typed();
    figure.show((width) => make(width));
    select_rows();
  }

  const draw_figure = figure.draw.bind(figure);
  figure.draw = () => {
    draw_figure();
    if (state.ranges.size) apply();
  };

  return {
    figure, slow: report.rows > kMostSvgRows,
    async draw() {
      if (report.rows < 2 || candidates.length < 2) {
        figure.extra.hidden = true;
        figure.show(() => ({ empty: "This needs several points that differ in at least two columns." }));
        return;
      }
      await update();
    },
  };
}
