// A study's comparison of methods, by load.

import { as_x, as_y, grid, number_axis, wants_log } from "../axes.js";
import { checkbox, column_select } from "../controls.js";
import { replace } from "../dom.js";
import { Figure, tip, tooltip } from "../figure.js";
import { format_value, format_with_error, short_name, title_of } from "../format.js";
import { category_color, ink, kSymbols } from "../palette.js";
import { interval_bars } from "./intervals.js";
import { load_text } from "./tuning.js";

const kShown = ["request_sla_violation_rate", "p99_latency_s", "throughput_requests_per_s", "mean_latency_s",
  "mean_gpu_utilization", "queue_time_share", "p99_tpot_s"];
const kLoad = { name: "load", unit: "", role: "input" };

// "multi_bin_dynamic, 4 GPUs, K = 16" and "multi_bin_dynamic, 64 GPUs, K = 32": "multi_bin_dynamic,
// 4–64 GPUs, K = 16–32".
function common_name(names) {
  const parts = names.map((name) => name.split(/(\d+)/));
  if (parts.some((each) => each.length !== parts[0].length
    || each.some((part, i) => i % 2 === 0 && singular(part) !== singular(parts[0][i])))) return names.at(-1);
  return parts.at(-1).map((part, i) => {
    if (i % 2 === 0) return part;
    const numbers = parts.map((each) => Number(each[i]));
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
    return low === high ? part : `${low}–${high}`;
  }).join("");
}

function singular(text) { return text.replace(/GPUs/, "GPU"); }

export function methods(report) {
  const is_tuning = report.data.study.name === "tuning";
  const load_of = is_tuning ? load_text(report) : null;
  const load = (entry) => (load_of ? load_of(entry.row) : `× ${entry.rps_scaling}`);
  const axis_title = is_tuning ? "Load" : "Load scaling";
  const entries = [...report.data.study.methods].sort((a, b) => a.rps_scaling - b.rps_scaling);
  const figure = new Figure({
    id: "methods", title: "Comparison of methods",
    lead: "Each method under each load: what it needs, and what it gives.",
  });
  const metrics = kShown.map((name) => report.column(name)).filter(Boolean);
  const inputs = ["num_gpus", "k_bins"].map((name) => report.column(name)).filter(Boolean);
  const state = { metric: report.column("p99_latency_s") ?? metrics[0] };
  const loads = [...new Set(entries.map(load))];
  // The methods of each load are the same in the same order; what they found best may differ.
  const groups = loads.map((each) => entries.filter((entry) => load(entry) === each));
  const kinds = Math.max(0, ...groups.map((group) => group.length));
  const names = Array.from({ length: kinds }, (_, i) =>
    common_name(groups.map((group) => group[i]?.method).filter((name) => name !== undefined)));
  let log = null;

  function make(width) {
    const { metric } = state;
    const values = report.numbers(metric);
    const half_widths = metric.role === "metric" ? report.half_widths(metric) : null;
    const points = groups.flatMap((group, at) => group.map((entry, kind) => {
      const value = values[entry.row];
      const half = half_widths?.[entry.row] ?? NaN;
      return { entry, kind, value, x: at + (kind - (kinds - 1) / 2) * Math.min(0.2, 0.8 / kinds), low: value - half, high: value + half };
    })).filter((point) => Number.isFinite(point.value));
    if (!points.length) return { empty: `No method has a ${short_name(metric)}.` };
    const is_log = is_logarithmic() && points.every((point) => point.value > 0);
    const bars = points.filter((point) => point.high > point.low && !(is_log && point.low <= 0));
    const shown = [...points.map((point) => point.value), ...bars.flatMap((point) => [point.low, point.high])];
    const y_axis = number_axis(metric, is_log ? shown : [0, ...shown], { log: is_log, from_zero: true });
    const colors = ink();
    const x_axis = {
      ...number_axis(kLoad, [0]).option, min: -0.5, max: loads.length - 0.5, splitLine: { show: false },
    };
    const ticks = loads.map((_, at) => at);
    x_axis.axisTick = { customValues: ticks };
    x_axis.axisLabel = { ...x_axis.axisLabel, customValues: ticks, formatter: (at) => loads[Math.round(at)] ?? "" };
    const series = names.flatMap((name, kind) => [
      interval_bars(bars.filter((point) => point.kind === kind).map((point) =>
        ({ x: point.x, low: y_axis.place(point.low), high: y_axis.place(point.high) })), category_color(kind), name),
      {
        type: "scatter", name, symbol: kSymbols[kind], symbolSize: 13, z: 6,
        itemStyle: { color: category_color(kind), opacity: 1 },
        label: { show: width >= 700, position: "right", color: colors.quiet, fontSize: 11,
          formatter: ({ data }) => format_value(metric, data.point.value, metric.role === "input" ? 4 : 2) },
        data: points.filter((point) => point.kind === kind).map((point) => ({ value: [point.x, y_axis.place(point.value)], point })),
      }]);
    return {
      height: width < 500 ? 300 : 340, y_title: y_axis.title,
      label: `Chart of ${short_name(metric)} by method and load.`,
      option: {
        grid: grid(width), xAxis: as_x({ option: x_axis, title: axis_title }), yAxis: as_y(y_axis), series,
        tooltip: tooltip(({ data, color }) => data?.point && tip(`${data.point.entry.method}, load ${load(data.point.entry)}`,
          [...inputs, ...metrics].map((column) => [title_of(column), text(column, data.point.entry.row)]), color)),
      },
      legend: names.map((name, kind) => ({ name, color: category_color(kind), symbol: kSymbols[kind] })),
      note: bars.length ? "Bars are 95\u00a0% confidence intervals over replications." : "",
      table: {
        columns: [
          { title: axis_title, numeric: !is_tuning, value: (entry) => loads.indexOf(load(entry)), text: load },
          { title: "Method", value: (entry) => entry.method, text: (entry) => entry.method },
          ...[...inputs, ...metrics].map((column) => ({
            title: title_of(column), hint: column.long_name, numeric: column.kind === "number",
            value: (entry) => report.value(column, entry.row), text: (entry) => text(column, entry.row),
          })),
        ],
        items: entries,
      },
    };
  }

  function is_logarithmic() {
    return log ?? wants_log(entries.map((entry) => report.numbers(state.metric)[entry.row]));
  }

  function text(column, row) {
    return column.role === "input" ? format_value(column, report.value(column, row))
      : format_with_error(column, report.value(column, row), report.half_widths(column)?.[row]);
  }

  function draw_controls() {
    replace(figure.controls, column_select("Metric", [...metrics, ...inputs], state.metric,
      (column) => { state.metric = column; log = null; update(); }),
      checkbox("Logarithmic y", is_logarithmic(), (on) => { log = on; update(); }));
  }

  function update() {
    draw_controls();
    figure.show(make);
  }

  return {
    figure,
    async draw() {
      if (!entries.length || !metrics.length) {
        figure.show(() => ({ empty: "The study has not compared methods yet." }));
        return;
      }
      await report.need(...metrics, ...inputs);
      figure.details.open = true;
      update();
    },
  };
}
