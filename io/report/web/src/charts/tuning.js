// The tuning study's own charts: where the time of requests goes, throughput, percentiles before and after,
// and what the chunks of prompts do to inter-token times.

import { as_x, as_y, category_axis, grid, number_axis, wants_log } from "../axes.js";
import { all_rows } from "../data.js";
import { Figure, tip, tooltip } from "../figure.js";
import { format_value, format_with_error, title_of } from "../format.js";
import { category_color, ink, kSymbols } from "../palette.js";

const kMissing = "The study has no results of this experiment: run it without its --skip option.";

function rows_of_step(report, step) {
  const column = report.column("step");
  if (!column) return report.data.constants.some((each) => each.name === "step" && each.value === step) ? all_rows(report) : [];
  return all_rows(report).filter((row) => report.value(column, row) === step);
}

// Inputs that all points of a file share are no columns.
function input_of(report, name) {
  const column = report.column(name);
  const constant = report.data.constants.find((each) => each.name === name)?.value;
  return (row) => (column ? report.value(column, row) : constant ?? null);
}

// How a tuning study's requests arrive at a point: "at once", "5/s".
export function load_text(report) {
  const arrivals = input_of(report, "workload_arrivals_kind");
  const rate = input_of(report, "rate_per_s");
  return (row) => (arrivals(row) === "burst" ? "at once" : `${Number(rate(row))}/s`);
}

// A chart over named points. `items`: [{text, row}], in charts of groups also {label: below the axis, group},
// which are drawn with a gap between them; `series`: [{name, column, value(row)}], all of one unit;
// shape "stacked", "bars" or "lines".
function chart({ report, items, x_title, y_column, y_name, series, shape }) {
  return (width) => {
    if (!items.length) return { empty: kMissing };
    const all = items.map((item) => series.map((each) => each.value(item.row)));
    const log = shape === "lines" && wants_log(all.flat());
    const shown = shape === "stacked" ? all.map((values) => values.reduce((sum, value) => sum + value, 0)) : all.flat();
    const y_axis = number_axis(y_column, log ? shown : [0, ...shown], { log, from_zero: true });
    const places = with_gaps(items);
    const x_axis = category_axis({ name: x_title, kind: "category" }, places.map((item) => item?.label ?? item?.text ?? ""));
    x_axis.title = x_title;
    const groups = group_names(places);
    const text = (each, row) => (each.column ? format_with_error(each.column, report.value(each.column, row), report.half_widths(each.column)?.[row])
      : format_value(y_column, each.value(row)));
    return {
      height: width < 500 ? 320 : 360,
      y_title: y_axis.title.replace(title_of(y_column), y_name),
      label: `Chart of ${y_name} by ${x_title}: ${items.length} points, ${series.length} series.`,
      option: {
        grid: { ...grid(width), ...(groups.length ? { top: 30 } : {}) }, xAxis: as_x(x_axis), yAxis: as_y(y_axis),
        tooltip: tooltip((hits) => {
          const item = places[[hits].flat()[0]?.dataIndex];
          return item ? tip(`${x_title} ${item.text}`, series.map((each, i) => [each.name, text(each, item.row), category_color(i)])) : "";
        }, { trigger: "axis", axisPointer: { type: shape === "lines" ? "line" : "shadow", lineStyle: { color: ink().faint } } }),
        series: [...series.map((each, i) => ({
          name: each.name, data: places.map((item) => (item ? y_axis.place(each.value(item.row)) : NaN)),
          itemStyle: { color: category_color(i) },
          ...(shape === "lines" ? { type: "line", symbol: kSymbols[i], symbolSize: 8, showAllSymbol: true, lineStyle: { color: category_color(i), width: 2 } }
            : { type: "bar", barMaxWidth: 34, ...(shape === "stacked" ? { stack: "time" } : {}) }),
        })), ...groups],
      },
      legend: series.length > 1 ? series.map((each, i) => ({ name: each.name, color: category_color(i), symbol: shape === "lines" ? kSymbols[i] : "rect" })) : [],
      table: {
        columns: [
          { title: x_title, value: (item) => items.indexOf(item), text: (item) => item.text },
          ...series.map((each) => ({ title: each.name, numeric: true, value: (item) => each.value(item.row), text: (item) => text(each, item.row) })),
        ],
        items,
      },
    };
  };
}

// undefined where a group ends and the next one begins.
function with_gaps(items) {
  return items.flatMap((item, i) => (i > 0 && item.group !== items[i - 1].group ? [undefined, item] : [item]));
}

// A series of nothing but the groups' names above the chart; none where there is one group.
function group_names(places) {
  const names = [...new Set(places.filter(Boolean).map((item) => item.group))];
  if (names.length < 2) return [];
  const at = (name, find) => places[find]((item) => item?.group === name);
  return [{
    type: "scatter", name: "groups", data: [],
    markArea: {
      silent: true, itemStyle: { color: "transparent" }, label: { position: "top", color: ink().quiet, fontSize: 12 },
      data: names.map((name) => [{ name, xAxis: at(name, "findIndex") }, { xAxis: at(name, "findLastIndex") }]),
    },
  }];
}

// make(columns) -> what chart() takes; drawn where the report has these metrics.
function part(report, heading, names, make) {
  const figure = new Figure(heading);
  return {
    figure,
    async draw() {
      const columns = names.map((name) => report.column(name));
      if (columns.some((column) => !column)) return figure.show(() => ({ empty: kMissing }));
      await report.need(...columns);
      return figure.show(chart({ report, ...make(columns) }));
    },
  };
}

function plain(report, column, name) {
  return { name, column, value: (row) => report.value(column, row) };
}

// Client batches, then max_num_seqs, each ascending.
function settings(report) {
  const mode = input_of(report, "scheduler_mode");
  const batch = input_of(report, "client_batch");
  const limit = input_of(report, "max_num_seqs");
  const items = rows_of_step(report, "queue_time").map((row) => {
    const is_client = mode(row) === "static";
    const size = Number(is_client ? batch(row) : limit(row));
    const group = is_client ? "client's batch" : "max_num_seqs";
    return { row, is_client, size, group, label: String(size), text: is_client ? `batch ${size}` : String(size) };
  });
  return items.sort((a, b) => b.is_client - a.is_client || a.size - b.size);
}

function before_and_after(report) {
  const mode = input_of(report, "scheduler_mode");
  const load_of = load_text(report);
  return rows_of_step(report, "comparison").map((row) => {
    const load = load_of(row);
    return { row, load, after: mode(row) !== "static", text: `${load}, ${mode(row) === "static" ? "before" : "after"}` };
  }).sort((a, b) => b.load.localeCompare(a.load) || a.after - b.after);
}

function chunk_sizes(report) {
  const mode = input_of(report, "scheduler_mode");
  const tokens = input_of(report, "max_num_batched_tokens");
  return rows_of_step(report, "chunked_itl").map((row) => {
    const off = mode(row) === "prefill_first";
    const size = off ? Infinity : Number(tokens(row));
    return { row, size, text: off ? "off" : size.toLocaleString("en-US") };
  }).sort((a, b) => a.size - b.size);
}

export function tuning(report) {
  const by_setting = "Client's batch, or max_num_seqs";
  return [
    part(report, {
      id: "queue", title: "Queue and generation",
      lead: "Mean latency of the requests that arrive at once: the time until they first run, and the time after.",
    }, ["mean_queue_time_s", "mean_latency_s"], ([queue, latency]) => ({
      items: settings(report), x_title: by_setting, y_column: latency, y_name: "Mean time", shape: "stacked",
      series: [plain(report, queue, "queue"),
        { name: "generation", value: (row) => report.value(latency, row) - report.value(queue, row) }],
    })),
    part(report, {
      id: "throughput", title: "Throughput", lead: "Requests per second under the same settings.",
    }, ["throughput_requests_per_s"], ([rate]) => ({
      items: settings(report), x_title: by_setting, y_column: rate, y_name: title_of(rate), shape: "bars",
      series: [plain(report, rate, "throughput")],
    })),
    part(report, {
      id: "percentiles", title: "Latency before and after",
      lead: "Before: a client that sends batches and waits for each. After: the server batches by itself.",
    }, ["p50_latency_s", "p90_latency_s", "p95_latency_s", "p99_latency_s"], (columns) => ({
      items: before_and_after(report), x_title: "Load", y_column: columns[0], y_name: "Latency", shape: "bars",
      series: columns.map((column) => plain(report, column, column.name.slice(0, 3))),
    })),
    part(report, {
      id: "chunks", title: "Inter-token time by chunk size",
      lead: "Long prompts among chats: how long a token waits for the one before, by the tokens of an iteration.",
    }, ["p50_itl_s", "p99_itl_s", "max_itl_s"], (columns) => ({
      items: chunk_sizes(report), x_title: "Tokens of an iteration", y_column: columns[0], y_name: "Inter-token time", shape: "lines",
      series: columns.map((column) => plain(report, column, column.name.slice(0, 3))),
    })),
  ];
}
