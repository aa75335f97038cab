// A study's comparison of methods, by load scaling.

import { as_x, as_y, category_axis, grid, number_axis } from "../axes.js";
import { column_select } from "../controls.js";
import { replace } from "../dom.js";
import { Figure, tip, tooltip } from "../figure.js";
import { format_value, format_with_error, short_name, title_of } from "../format.js";
import { category_color, ink } from "../palette.js";

const kShown = ["request_sla_violation_rate", "p99_latency_s", "throughput_requests_per_s", "mean_latency_s",
  "mean_gpu_utilization"];
const kScaling = { name: "rps_scaling", unit: "", role: "input", kind: "category" };

export function methods(report) {
  const entries = report.data.study.methods;
  const figure = new Figure({
    id: "methods", title: "Comparison of methods",
    lead: "Each method at each load scaling: what it needs, and what it gives.",
  });
  const metrics = kShown.map((name) => report.column(name)).filter(Boolean);
  const inputs = ["num_gpus", "k_bins"].map((name) => report.column(name)).filter(Boolean);
  const state = { metric: report.column("p99_latency_s") ?? metrics[0] };
  const names = [...new Set(entries.map((entry) => entry.method))];
  const scalings = [...new Set(entries.map((entry) => entry.rps_scaling))].sort((a, b) => a - b);

  function make(width) {
    const { metric } = state;
    const values = report.numbers(metric);
    const shown = entries.filter((entry) => Number.isFinite(values[entry.row]));
    if (!shown.length) return { empty: `No method has a ${short_name(metric)}.` };
    const colors = ink();
    const x_axis = category_axis(kScaling, scalings.map((scaling) => `× ${scaling}`));
    const y_axis = number_axis(metric, [0, ...shown.map((entry) => values[entry.row])], { from_zero: true });
    const series = names.map((name, index) => ({
      type: "bar", name, itemStyle: { color: category_color(index) }, barMaxWidth: 44, barGap: "12%",
      data: scalings.map((scaling) => {
        const entry = shown.find((each) => each.method === name && each.rps_scaling === scaling);
        return entry ? { value: y_axis.place(values[entry.row]), entry,
          label: { show: width >= 700, position: "top", color: colors.quiet, fontSize: 11,
            formatter: () => format_value(metric, values[entry.row], 2) } } : null;
      }),
    }));
    return {
      height: width < 500 ? 280 : 320, y_title: y_axis.title,
      label: `Bar chart of ${short_name(metric)} by method and load scaling.`,
      option: {
        grid: grid(width), xAxis: as_x({ ...x_axis, title: "Load scaling" }), yAxis: as_y(y_axis), series,
        tooltip: tooltip(({ data, color }) => data?.entry && tip(`${data.entry.method}, load × ${data.entry.rps_scaling}`,
          [...inputs, ...metrics].map((column) => [title_of(column), text(column, data.entry.row)]), color)),
      },
      legend: names.map((name, index) => ({ name, color: category_color(index), symbol: "rect" })),
      table: {
        columns: [
          { title: "Load scaling", numeric: true, value: (entry) => entry.rps_scaling, text: (entry) => `× ${entry.rps_scaling}` },
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

  function text(column, row) {
    return column.role === "input" ? format_value(column, report.value(column, row))
      : format_with_error(column, report.value(column, row), report.half_widths(column)?.[row]);
  }

  function draw_controls() {
    replace(figure.controls, column_select("Metric", [...metrics, ...inputs], state.metric,
      (column) => { state.metric = column; figure.show(make); }));
  }

  return {
    figure,
    async draw() {
      if (!entries.length || !metrics.length) {
        figure.show(() => ({ empty: "The study has not compared methods yet: it does so after its full grid." }));
        return;
      }
      await report.need(...metrics, ...inputs);
      draw_controls();
      figure.details.open = true;
      figure.show(make);
    },
  };
}
