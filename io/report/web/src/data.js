// The report's data block: columns of numbers, unpacked when first used.

import { format_value, is_switch, short_name } from "./format.js";

const kLowerIsBetter = -1;
const kHigherIsBetter = 1;
const kRare = 0.05;

// base64(zlib(bytes shuffled by place)) of little-endian 4-byte numbers.
async function unpack(text, Type) {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const shuffled = new Uint8Array(await new Response(stream).arrayBuffer());
  const size = shuffled.length / 4;
  const bytes = new Uint8Array(shuffled.length);
  for (let place = 0; place < 4; ++place) {
    const from = place * size;
    for (let i = 0; i < size; ++i) bytes[i * 4 + place] = shuffled[from + i];
  }
  return new Type(bytes.buffer);
}

export class Report {
  constructor(data) {
    this.data = data;
    this.rows = data.rows;
    this.columns = data.columns;
    this.by_name = new Map(data.columns.map((column) => [column.name, column]));
    this.inputs = data.columns.filter((column) => column.role === "input");
    // An input of one value is no axis: it only says which worlds read it.
    this.axes = this.inputs.filter((column) => column.values.length > 1);
    this.metrics = data.columns.filter((column) => column.role === "metric");
    // What is given, against what can be chosen.
    this.load_axes = this.axes.filter(
      (axis) => axis.name === "step" || /^(workload|sla|service)\./.test(axis.key ?? ""));
    this.choice_axes = this.axes.filter((axis) => !this.load_axes.includes(axis));
    this.cost = this.axis("num_gpus") ?? this.axis("num_replicas");
    this.unpacked = new Map();
  }

  column(name) { return this.by_name.get(name); }

  axis(name) { return this.axes.find((axis) => axis.name === name); }

  // Unpacks columns, so that codes() and numbers() can be called.
  async need(...columns) {
    await Promise.all(columns.filter(Boolean).map(async (column) => {
      if (this.unpacked.has(column.name)) return;
      const Type = column.codec === "i32" ? Int32Array : Float32Array;
      const entry = { data: await unpack(column.data, Type) };
      if (column.half_width) entry.half_width = await unpack(column.half_width, Float32Array);
      if (column.codec === "i32") {
        entry.numbers = Float64Array.from(entry.data, (code) => {
          if (code < 0) return NaN;
          return column.kind === "number" ? column.values[code] : code;
        });
      } else {
        entry.numbers = entry.data;
      }
      this.unpacked.set(column.name, entry);
    }));
  }

  async need_axes() {
    await this.need(...this.axes);
    this.first_world = await unpack(this.data.first_world, Int32Array);
    this.common = new Map(this.axes.map((axis) => [axis.name, this.most_common(axis)]));
  }

  // {code, share}: the value of most points, and the share of points that have another one.
  most_common(axis) {
    const counts = new Map();
    for (const code of this.codes(axis)) counts.set(code, (counts.get(code) ?? 0) + 1);
    const [code, number] = [...counts].reduce((best, each) => (each[1] > best[1] ? each : best));
    return { code, share: 1 - number / this.rows };
  }

  // Loads that only a few points vary, as in a study's robustness step.
  is_rare(axis) { return this.load_axes.includes(axis) && this.common.get(axis.name).share < kRare; }

  codes(axis) { return this.unpacked.get(axis.name).data; }

  // Values of number columns, codes of others; NaN where not applicable.
  numbers(column) { return this.unpacked.get(column.name).numbers; }

  half_widths(column) { return this.unpacked.get(column.name).half_width; }

  value(column, row) {
    if (column.role === "input") {
      const code = this.codes(column)[row];
      return code < 0 ? null : column.values[code];
    }
    return this.numbers(column)[row];
  }

  text(column, row) { return format_value(column, this.value(column, row)); }

  // "scheduler multi_bin_dynamic, bins K 4, GPUs 8": what tells a point from the others.
  describe(row, axes = this.axes) {
    const parts = [];
    for (const axis of axes) {
      const code = this.codes(axis)[row];
      if (code < 0 || (this.is_rare(axis) && code === this.common.get(axis.name).code)) continue;
      parts.push(axis.kind === "category" && axis.name !== "step" && !is_switch(axis) ? this.text(axis, row)
        : `${short_name(axis)} ${this.text(axis, row)}`);
    }
    return parts.join(", ") || `point ${row}`;
  }

  // Metrics of this report in the order of `names`, then the other headline ones.
  key_metrics() {
    const names = ["p99_latency_s", "request_sla_violation_rate", "goodput_share", "throughput_requests_per_s",
      "mean_latency_s", "mean_gpu_utilization", "token_sla_violation_rate", "p50_latency_s",
      "mean_batch_size"];
    const first = names.map((name) => this.column(name)).filter((column) => column?.role === "metric");
    const headline = this.metrics.filter((metric) => metric.headline && !first.includes(metric));
    return [...first, ...headline];
  }

  metrics_by_importance() {
    const key = this.key_metrics();
    return [...key, ...this.metrics.filter((metric) => !key.includes(metric))];
  }
}

export function better_direction(column) {
  return /throughput|goodput|capacity|utilization|^completed$|batch_size/.test(column.name)
    ? kHigherIsBetter : kLowerIsBetter;
}

// `limit` of `rows`, always the same ones: one from each of as many equal parts, at a place in it that a
// hash decides, since equal steps through a grid would meet only some values of its inner axes.
export function sample(rows, limit) {
  if (rows.length <= limit) return rows;
  const picked = [];
  for (let i = 0; i < limit; ++i) {
    const place = (Math.imul(i + 1, 2654435761) >>> 0) / 2 ** 32;
    picked.push(rows[Math.floor(((i + place) * rows.length) / limit)]);
  }
  return picked;
}

// `limit` of `values` in equal steps from the first to the last.
export function spread(values, limit) {
  if (values.length <= limit) return values;
  return Array.from({ length: limit }, (_, i) => values[Math.round((i * (values.length - 1)) / (limit - 1))]);
}

export function all_rows(report) {
  return Array.from({ length: report.rows }, (_, row) => row);
}

// The histograms' latencies: row -> latency at each of the levels.
export async function unpack_cdf(cdf) {
  const numbers = await unpack(cdf.data, Float32Array);
  const width = cdf.levels.length;
  return new Map(cdf.rows.map((row, i) => [row, numbers.subarray(i * width, (i + 1) * width)]));
}
