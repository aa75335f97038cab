// How any metric answers to any axis, one line per value of another axis.

import { as_x, as_y, axis_texts, can_log, category_axis, grid, number_axis, wants_log } from "../axes.js";
import { checkbox, column_select, Filters } from "../controls.js";
import { all_rows, sample, spread } from "../data.js";
import { replace } from "../dom.js";
import { Figure, tip, tooltip } from "../figure.js";
import { format_value, format_with_error, listing, short_name, title_of } from "../format.js";
import { ink } from "../palette.js";
import { color_of, default_color_axis } from "./color_by.js";
import { band, points_of } from "./curve_lines.js";

const kMostLines = 8;
const kMostLineValues = 60;
const kMostDots = 2000;

function default_x(report) {
  const numeric = (axis) => axis.kind === "number";
  return report.cost ?? report.choice_axes.find(numeric) ?? report.axes.find(numeric)
    ?? report.axes[0];
}

export function curves(report) {
  const figure = new Figure({
    id: "curves", title: "Response curves",
    lead: "How a metric changes along one axis of the sweep, with one line for each value of another.",
  });
  const metrics = report.metrics_by_importance();
  const x = default_x(report);
  const state = { x, y: metrics[0], line: default_line(report, x), log_x: null, log_y: null };
  const filters = new Filters(report, () => true, () => update());
  let line_chosen = false;
  let settled = null;  // for which axes the filters were freed

  function line_axes() {
    return report.axes.filter((axis) => axis !== state.x && axis.values.length <= kMostLineValues);
  }
  function log_x() { return state.x.kind === "number" && (state.log_x ?? wants_log(state.x.values, 8)); }
  function log_y() { return state.log_y ?? wants_log(report.numbers(state.y)); }

  // Frees the choices one by one to find one in which the points left differ.
  function varying_line() {
    return report.choice_axes.find((axis) => {
      if (axis === state.x || axis.values.length > kMostLines) return false;
      filters.set_drawn([state.x, axis]);
      return filters.first_varying([axis]);
    }) ?? null;
  }

  function draw_controls() {
    const logs = [];
    if (state.x.kind === "number" && can_log(state.x.values)) {
      logs.push(checkbox("Logarithmic x", log_x(), (on) => { state.log_x = on; update(); }));
    }
    if (can_log(report.numbers(state.y))) {
      logs.push(checkbox("Logarithmic y", log_y(), (on) => { state.log_y = on; update(); }));
    }
    replace(figure.controls,
      column_select("Metric (y)", metrics, state.y, (column) => { state.y = column; state.log_y = null; update(); }),
      column_select("Along (x)", report.axes, state.x, (axis) => {
        state.x = axis;
        state.log_x = null;
        if (state.line === axis) state.line = default_line(report, axis);
        update();
      }),
      column_select("One line for each", line_axes(), state.line,
        (axis) => { state.line = axis; line_chosen = true; figure.hidden.clear(); update(); }, "none"),
      filters.element, logs);
  }

  function lines_of(rows) {
    const { line } = state;
    if (!line) return { lines: [{ ...plain_line(), rows }], left_out: 0 };
    const by_code = new Map();
    for (const row of rows) {
      const code = report.codes(line)[row];
      if (!by_code.has(code)) by_code.set(code, []);
      by_code.get(code).push(row);
    }
    const codes = [...by_code.keys()].sort((a, b) => a - b);
    const shown = spread(codes, kMostLines);
    return {
      lines: shown.map((code) => ({ ...color_of(line, code), rows: by_code.get(code) })),
      left_out: codes.length - shown.length,
    };
  }

  function make(width) {
    const { x: along, y, line } = state;
    const rows = filters.rows();
    const { lines, left_out } = lines_of(rows);
    for (const each of lines) {
      each.points = points_of(report, each.rows, along, y);
      each.level = each.points.find((point) => point.code < 0);  // does not read the axis
      each.points = each.points.filter((point) => point.code >= 0);
      for (const point of each.points) point.x = along.kind === "number" ? along.values[point.code] : point.code;
    }
    const points = lines.flatMap((each) => [...each.points, ...(each.level ? [each.level] : [])]);
    if (!points.length) return { empty: `None of the chosen points has a ${short_name(y)}.` };
    const log = log_y() && points.every((point) => point.mean > 0);
    const shown = points.flatMap((point) => [point.mean,
      ...(Number.isFinite(point.low) && !(log && point.low <= 0) ? [point.low] : []),
      ...(Number.isFinite(point.high) ? [point.high] : [])]);
    const x_axis = along.kind === "number"
      ? number_axis(along, lines.flatMap((each) => each.points.map((point) => point.x)),
        { log: log_x(), named: along.values, most: width < 500 ? 5 : 9 })
      : category_axis(along, axis_texts(along));
    const y_axis = { ...number_axis(y, shown, { log }), log };
    const floor = Math.min(...points.map((point) => point.mean)) / 3;
    const dense = lines.some((each) => each.points.length > kMostLineValues);
    const many = dense && points.some((point) => point.rows.length > 1);
    const series = [];
    for (const each of lines) {
      if (many) {
        series.push({
          type: "scatter", name: each.name, symbol: each.symbol, symbolSize: 6,
          itemStyle: { color: each.color, opacity: 0.55 },
          data: sample(each.points, Math.floor(kMostDots / lines.length)).map((point) =>
            ({ value: [x_axis.place(point.x), y_axis.place(point.mean)], point, line: each })),
        });
        continue;
      }
      const shape = band(each.name, each.color, each.points, x_axis, y_axis, floor);
      if (shape) series.push(shape);
      const joined = along.kind === "number";
      series.push({
        type: "line", name: each.name, symbol: dense ? "none" : each.symbol, symbolSize: joined ? 7 : 11, z: 3, showAllSymbol: true,
        lineStyle: { color: each.color, width: joined ? 2 : 0 }, itemStyle: { color: each.color },
        data: each.points.map((point) =>
          ({ value: [x_axis.place(point.x), y_axis.place(point.mean)], point, line: each })),
      });
      if (each.level) {
        const [low, high] = along.kind === "number" ? [x_axis.option.min, x_axis.option.max]
          : [0, along.values.length - 1];
        series.push({
          type: "line", name: each.name, symbol: "none", z: 2, silent: true, tooltip: { show: false },
          lineStyle: { color: each.color, width: 1.5, type: "dashed" },
          data: [low, high].map((at) => [at, y_axis.place(each.level.mean)]),
        });
      }
    }
    return {
      height: width < 500 ? 320 : 400, y_title: y_axis.title,
      label: `Chart of ${short_name(y)} along ${short_name(along)}, ${lines.length} lines.`,
      option: {
        grid: grid(width), xAxis: as_x(x_axis), yAxis: as_y(y_axis), series,
        tooltip: tooltip((hits) => curve_tip([hits].flat(), along, y),
          { trigger: many ? "item" : "axis", axisPointer: { type: "line", lineStyle: { color: ink().faint } } }),
      },
      legend: line ? lines : [],
      note: note(rows, lines, left_out, many),
      table: curve_table(lines, along, y),
    };
  }

  function note(rows, lines, left_out, many) {
    const groups = lines.flatMap((each) => each.points);
    const several = groups.some((point) => point.rows.length > 1);
    const free = several ? filters.differing(rows) : [];
    const banded = groups.some((point) => Number.isFinite(point.half_width));
    return [
      filters.words(rows),
      several ? ` Each mark is the mean of all points that differ only in ${listing(free.map(short_name))}`
        + `${many ? "" : ", the band their range"}.` : "",
      banded ? " Bands are 95\u00a0% confidence intervals of the mean over replications." : "",
      lines.some((each) => each.level) ? ` Dashed lines do not use ${short_name(state.x)}.` : "",
      left_out ? ` ${left_out} further values of ${short_name(state.line)} are left out; the drawn ones are spread evenly.` : "",
    ].join("").trim();
  }

  function curve_tip(hits, along, y) {
    const known = hits.filter((hit) => hit.data?.point);
    if (!known.length) return "";
    const value = along.values[known[0].data.point.code];
    return tip(`${title_of(along)} ${format_value(along, value)}`, known.map(({ data }) =>
      [state.line ? data.line.name : title_of(y),
        format_with_error(y, data.point.mean, data.point.half_width), data.line.color]));
  }

  function curve_table(lines, along, y) {
    const items = lines.flatMap((each) => [...(each.level ? [each.level] : []), ...each.points]
      .map((point) => ({ ...point, line: each })));
    const number = (title, key) => ({
      title, numeric: true, value: (item) => item[key], text: (item) => format_value(y, item[key]),
    });
    const columns = [
      { title: title_of(along), numeric: along.kind === "number", value: (item) => item.code,
        text: (item) => format_value(along, item.code < 0 ? null : along.values[item.code]) },
      number(title_of(y), "mean"), number("From", "low"), number("To", "high"),
      { title: "Points", numeric: true, value: (item) => item.rows.length, text: (item) => item.rows.length },
    ];
    if (state.line) {
      columns.unshift({ title: title_of(state.line), value: (item) => item.line.code, text: (item) => item.line.name });
    }
    return { columns: items.some((item) => Number.isFinite(item.low)) ? columns
      : columns.filter((column) => !/^(From|To)$/.test(column.title)), items };
  }

  async function update() {
    await report.need(state.y);
    filters.set_drawn([state.x, state.line]);
    if (!line_chosen && state.line && !filters.first_varying([state.line])) {
      state.line = varying_line();
      filters.set_drawn([state.x, state.line]);
    }
    if (settled !== `${state.x.name} ${state.line?.name}`) {
      settled = `${state.x.name} ${state.line?.name}`;
      const values = (rows) => new Set(rows.map((row) => report.codes(state.x)[row])).size;
      const all = values(all_rows(report));
      filters.free_until((rows) => values(rows) >= 0.6 * all);
    }
    draw_controls();
    figure.show(make);
  }

  return {
    figure,
    async draw() {
      if (!state.x || !state.y) {
        figure.show(() => ({ empty: state.x ? "There is no metric that differs between points."
          : "The sweep has no axis: all of its points have the same inputs." }));
        return;
      }
      await update();
    },
  };
}

function default_line(report, x) {
  const colored = default_color_axis(report);
  if (colored && colored !== x) return colored;
  return report.axes.find((axis) => axis !== x && axis.values.length <= kMostLines) ?? null;
}

function plain_line() { return { name: "points", color: ink().accent, symbol: "circle", code: 0 }; }
