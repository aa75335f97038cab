// A metric over two axes at once.

import { as_x, as_y, category_axis, extent, finite } from "../axes.js";
import { classes_of } from "../classes.js";
import { all_rows } from "../data.js";
import { checkbox, column_select, Filters } from "../controls.js";
import { el, replace } from "../dom.js";
import { Figure, tip, tooltip } from "../figure.js";
import { format_value, listing, short_name, title_of } from "../format.js";
import { ink, is_bright, ramp_color } from "../palette.js";

const kMostCells = 24;
const kClasses = 12;

export function heatmap(report) {
  const figure = new Figure({
    id: "heatmap", title: "Two axes at once",
    lead: "A metric over every combination of two axes.",
  });
  const metrics = report.metrics_by_importance();
  const numeric = report.axes.filter((axis) => axis.kind === "number");
  const preferred = [report.cost, report.axis("k_bins")].filter(Boolean);
  const order = [...new Set([...preferred, ...numeric, ...report.axes])];
  const state = { x: order[0], y: order[1], z: metrics[0], log: null };
  const filters = new Filters(report, () => true, () => update());
  let settled = null;  // for which axes the filters were freed

  function draw_controls() {
    const values = finite([...report.numbers(state.z)]);
    replace(figure.controls,
      column_select("Metric (colour)", metrics, state.z, (column) => { state.z = column; state.log = null; update(); }),
      column_select("Across (x)", report.axes, state.x, (axis) => {
        if (axis === state.y) state.y = state.x;
        state.x = axis;
        update();
      }),
      column_select("Up (y)", report.axes, state.y, (axis) => {
        if (axis === state.x) state.x = state.y;
        state.y = axis;
        update();
      }),
      filters.element,
      values.every((value) => value > 0)
        ? checkbox("Logarithmic colours", log_of(), (on) => { state.log = on; update(); }) : null);
  }

  function log_of() {
    if (state.log !== null) return state.log;
    const [low, high] = extent(finite([...report.numbers(state.z)]));
    return low > 0 && high / low > 50;
  }

  function cells_of(rows, across, up) {
    const cells = new Map();
    const values = report.numbers(state.z);
    for (const row of rows) {
      const i = across.class_of(report.codes(state.x)[row]);
      const j = up.class_of(report.codes(state.y)[row]);
      if (i < 0 || j < 0 || !Number.isFinite(values[row])) continue;
      const key = j * across.texts.length + i;
      if (!cells.has(key)) cells.set(key, { i, j, sum: 0, number: 0 });
      const cell = cells.get(key);
      cell.sum += values[row];
      cell.number++;
    }
    return [...cells.values()].map((cell) => ({ ...cell, mean: cell.sum / cell.number }));
  }

  function make(width) {
    const { x, y, z } = state;
    const [across, up] = [x, y].map((axis) => classes_of(report, axis, kMostCells, kClasses));
    const rows = filters.rows();
    const cells = cells_of(rows, across, up);
    if (!cells.length) {
      return { empty: `None of the chosen points has ${short_name(z)}, ${short_name(x)} and ${short_name(y)}.` };
    }
    const [low, high] = extent(cells.map((cell) => cell.mean));
    const log = log_of() && low > 0;
    const share = (value) => {
      if (high === low) return 0.5;
      return log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
    };
    const colors = ink();
    const cell_width = (width - 90) / across.texts.length;
    const named = cell_width >= 46;
    const digits = cell_width >= 58 ? 3 : 2;
    const height = Math.max(220, Math.min(560, up.texts.length * (named ? 44 : 32) + 80));
    const data = cells.map((cell) => {
      const color = ramp_color(share(cell.mean));
      return {
        value: [cell.i, cell.j, cell.mean], cell, itemStyle: { color, borderColor: colors.ground, borderWidth: 2 },
        label: { show: named, color: is_bright(color) ? "#10161d" : "#ffffff", fontSize: digits === 3 ? 12 : 11,
          formatter: () => format_value(z, cell.mean, digits) },
      };
    });
    const x_axis = category_axis(x, across.texts);
    const y_axis = category_axis(y, up.texts);
    const longest = Math.max(...across.texts.map((text) => text.length));
    const rotated = cell_width < 8 * longest;
    const gap = rotated ? 22 + Math.min(110, longest * 4) : 30;
    if (rotated) Object.assign(x_axis.option.axisLabel, { rotate: 35, interval: 0 });
    for (const axis of [x_axis, y_axis]) axis.option.axisLine = { show: false };
    figure.extra.hidden = false;
    replace(figure.extra, el("div", { class: "ramp" }, el("span", {}, format_value(z, low)),
      el("span", { class: "bar", "aria-hidden": "true", css: {
        background: `linear-gradient(to right, ${[0, 0.25, 0.5, 0.75, 1].map(ramp_color).join(",")})` } }),
      el("span", {}, format_value(z, high))));
    const several = cells.some((cell) => cell.number > 1);
    const free = several ? filters.differing(rows) : [];
    return {
      height, y_title: y_axis.title,
      label: `Heatmap of ${short_name(z)} over ${short_name(x)} and ${short_name(y)}, ${cells.length} cells.`,
      option: {
        grid: { ...grid_of(width), bottom: gap + 14 },
        xAxis: { ...as_x(x_axis), nameGap: gap }, yAxis: as_y(y_axis),
        series: [{ type: "heatmap", name: "cells", data }],
        tooltip: tooltip(({ data: { cell } }) => tip(format_value(z, cell.mean), [
          [title_of(x), across.texts[cell.i]], [title_of(y), up.texts[cell.j]],
          ["Points", cell.number]])),
      },
      note: [
        `Colour: ${short_name(z)}${log ? ", logarithmic" : ""}. `, filters.words(rows),
        several ? ` Each cell is the mean of its points${free.length
          ? `, which differ in ${listing(free.map(short_name))}` : ""}.` : "",
        across.merged || up.merged ? " Axes of many values are drawn in classes." : "",
      ].join(""),
      table: {
        columns: [
          { title: title_of(x), numeric: true, value: (cell) => cell.i, text: (cell) => across.texts[cell.i] },
          { title: title_of(y), numeric: true, value: (cell) => cell.j, text: (cell) => up.texts[cell.j] },
          { title: title_of(z), numeric: true, value: (cell) => cell.mean, text: (cell) => format_value(z, cell.mean) },
          { title: "Points", numeric: true, value: (cell) => cell.number, text: (cell) => cell.number },
        ],
        items: cells,
      },
    };
  }

  function grid_of() { return { left: 6, right: 12, top: 6, containLabel: true }; }

  async function update() {
    await report.need(state.z);
    filters.set_drawn([state.x, state.y]);
    if (settled !== `${state.x.name} ${state.y.name}`) {
      settled = `${state.x.name} ${state.y.name}`;
      const [across, up] = [state.x, state.y].map((axis) => classes_of(report, axis, kMostCells, kClasses));
      const all = cells_of(all_rows(report), across, up).length;
      filters.free_until((rows) => cells_of(rows, across, up).length >= 0.6 * all);
    }
    draw_controls();
    figure.extra.hidden = true;
    figure.show(make);
  }

  return {
    figure,
    async draw() {
      if (!state.z || !state.y) {
        figure.show(() => ({ empty: state.z || report.axes.length
          ? "A heatmap needs two axes and a metric; this sweep has fewer."
          : "There is nothing that differs between points." }));
        return;
      }
      await update();
    },
  };
}
