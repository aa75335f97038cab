// What is gained for what it costs: all points of a load, and the front of those that no other point
// beats in both ways.

import { as_x, as_y, can_log, grid, number_axis, wants_log } from "../axes.js";
import { checkbox, column_select, Filters } from "../controls.js";
import { better_direction, sample } from "../data.js";
import { replace } from "../dom.js";
import { Figure, row_columns, tip, tooltip } from "../figure.js";
import { count, format_with_error, short_name, title_of } from "../format.js";
import { ink } from "../palette.js";
import { color_axes, color_entries, color_legend, default_color_axis } from "./color_by.js";
import { interval_bars } from "./intervals.js";

const kMostDrawn = 2000;

// Rows that no other row beats, by ascending x. Directions: -1 lower is better, 1 higher.
function front_of(rows, x, y, x_direction, y_direction) {
  const known = rows.filter((row) => Number.isFinite(x[row]) && Number.isFinite(y[row]));
  known.sort((a, b) => x_direction * (x[b] - x[a]) || y_direction * (y[b] - y[a]) || a - b);
  const front = [];
  let best = -Infinity;
  for (const row of known) {
    const worth = y_direction * y[row];
    if (worth > best) {
      front.push(row);
      best = worth;
    }
  }
  return front.sort((a, b) => x[a] - x[b]);
}

export function pareto(report) {
  const figure = new Figure({
    id: "pareto", title: "Cost against service",
    lead: "Each mark is a point of the sweep. The line joins those that no other beats: "
      + "to get more than they give, one has to pay more.",
  });
  const metrics = report.metrics_by_importance();
  const costs = [...report.axes.filter((axis) => axis.kind === "number" && !report.load_axes.includes(axis)),
    ...metrics, ...report.load_axes.filter((axis) => axis.kind === "number")];
  const state = {
    x: report.cost ?? report.column("throughput_requests_per_s") ?? costs[0],
    y: metrics.find((metric) => metric.name !== "throughput_requests_per_s") ?? metrics[0],
    log: null,
  };
  state.color = default_color_axis(report, state.x);
  const filters = new Filters(report, (axis) => report.load_axes.includes(axis), () => update());

  let color_chosen = false;

  function draw_controls() {
    const logs = [];
    if (can_log(report.numbers(state.y))) {
      logs.push(checkbox("Logarithmic y", log_y(), (on) => { state.log = on; update(); }));
    }
    replace(figure.controls,
      column_select("Service (y)", metrics, state.y, (column) => { state.y = column; state.log = null; update(); }),
      column_select("Cost (x)", costs, state.x, (column) => { state.x = column; update(); }),
      column_select("Colour", color_axes(report), state.color, (axis) => { state.color = axis; color_chosen = true; update(); }, "none"),
      filters.element, logs);
  }

  function log_y() { return state.log ?? wants_log(report.numbers(state.y)); }

  function make(width) {
    const { x, y, color } = state;
    const [xs, ys] = [report.numbers(x), report.numbers(y)];
    const all = filters.rows();
    const rows = all.filter((row) => Number.isFinite(xs[row]) && Number.isFinite(ys[row]));
    if (!rows.length) return { empty: `No point has both ${short_name(x)} and ${short_name(y)}.` };
    const directions = [x.role === "input" ? -1 : better_direction(x), better_direction(y)];
    const front = front_of(rows, xs, ys, ...directions);
    const on_front = new Set(front);
    const drawn = sample(rows.filter((row) => !on_front.has(row)), kMostDrawn);
    const log = log_y() && rows.every((row) => ys[row] > 0);
    const x_values = rows.map((row) => xs[row]);
    const x_axis = number_axis(x, x_values,
      { log: wants_log(x_values, 8), named: x.role === "input" ? x.values : null,
        most: width < 500 ? 5 : 10 });
    const half_widths = report.half_widths(y);
    const intervals = front.filter((row) => half_widths?.[row] > 0 && !(log && ys[row] <= half_widths[row]));
    const end = (row, side) => ys[row] + side * half_widths[row];
    const y_values = [...rows.map((row) => ys[row]), ...intervals.flatMap((row) => [end(row, -1), end(row, 1)])];
    const y_axis = number_axis(y, y_values, { log, most: 8 });
    const datum = (row) => ({ value: [x_axis.place(xs[row]), y_axis.place(ys[row])], row });
    const colors = ink();
    const series = [];
    const codes = color ? report.codes(color) : null;
    const entries = color ? color_entries(report, color, rows) : [{ name: "points", color: colors.accent, code: 0 }];
    for (const entry of entries) {
      const mine = (row) => !codes || codes[row] === entry.code;
      series.push({
        type: "scatter", name: entry.name, symbol: entry.symbol, symbolSize: 7, z: 2,
        itemStyle: { color: entry.color, opacity: 0.4 }, data: drawn.filter(mine).map(datum),
      }, {
        type: "scatter", name: entry.name, symbol: entry.symbol, symbolSize: 12, z: 4,
        itemStyle: { color: entry.color, opacity: 1, borderColor: colors.ground, borderWidth: 1.5 },
        data: front.filter(mine).map(datum),
      });
    }
    series.push({
      type: "line", name: "front", data: front.map((row) => datum(row).value), z: 3, silent: true,
      symbol: "none", step: x.role === "input" ? "end" : undefined,
      lineStyle: { color: colors.text, width: 1.5, opacity: 0.75 }, tooltip: { show: false },
    });
    if (intervals.length) {
      series.push(interval_bars(intervals.map((row) => ({ x: x_axis.place(xs[row]), low: y_axis.place(end(row, -1)),
        high: y_axis.place(end(row, 1)) })), colors.text));
    }
    const tip_columns = [...report.key_metrics().slice(0, 4)];
    return {
      height: width < 500 ? 320 : 400, y_title: y_axis.title,
      label: `Scatter chart of ${short_name(y)} against ${short_name(x)}; ${front.length} points are on the front.`,
      option: {
        grid: grid(width), xAxis: as_x(x_axis), yAxis: as_y(y_axis), series,
        tooltip: tooltip(({ data }) => data.row !== undefined && tip(report.describe(data.row),
          [...new Set([y, x.role === "metric" ? x : y, ...tip_columns])].map((column) =>
            [title_of(column), format_with_error(column, report.value(column, data.row),
              report.half_widths(column)?.[data.row])]))),
      },
      legend: color_legend(entries),
      note: [
        filters.words(all),
        ` ${count(front.length, "point")} of ${rows.length.toLocaleString("en-US")} on the front`,
        ` (${directions[0] < 0 ? "low" : "high"} ${short_name(x)}, ${directions[1] < 0 ? "low" : "high"} ${short_name(y)}).`,
        drawn.length + front.length < rows.length
          ? ` Of the others, ${drawn.length.toLocaleString("en-US")} are drawn, evenly sampled.` : "",
        intervals.length ? " Bars are 95\u00a0% confidence intervals over replications." : "",
        all.length > rows.length ? ` ${count(all.length - rows.length, "point")} without a value left out.` : "",
      ].join(""),
      table: {
        columns: [{ title: "Front", value: (row) => (on_front.has(row) ? 0 : 1),
          text: (row) => (on_front.has(row) ? "yes" : "") },
          ...row_columns(report, [...new Set([...report.axes, x, y])])],
        items: [...front, ...drawn],
      },
    };
  }

  async function update() {
    await report.need(state.x, state.y, ...report.key_metrics());
    filters.set_drawn([state.x, state.color]);
    if (!color_chosen && state.color && !filters.first_varying([state.color])) {
      state.color = filters.first_varying(color_axes(report).filter((axis) => axis !== state.x)) ?? state.color;
      filters.set_drawn([state.x, state.color]);
    }
    draw_controls();
    figure.show(make);
  }

  return {
    figure,
    async draw() {
      if (!state.x || !state.y) {
        figure.show(() => ({ empty: "There is no metric that differs between points: see the constants below." }));
        return;
      }
      if (report.rows < 2) {
        figure.show(() => ({ empty: "There is one point only, so there is nothing to weigh up: its values are in the tables below." }));
        return;
      }
      await update();
    },
  };
}
