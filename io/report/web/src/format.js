// Numbers, units and names as people read them.

const kSpecialWords = {
  gpu: "GPU", gpus: "GPUs", sla: "SLA", ttft: "TTFT", tpot: "TPOT", itl: "ITL", tbt: "TBT", rps: "rate", p50: "p50", kv: "KV",
};
const kNames = {
  throughput_requests_per_s: "throughput",
  throughput_tokens_per_s: "token throughput",
  throughput_output_tokens_per_s: "output token throughput",
  workload_rps: "request rate",
  rps_scaling: "load scaling",
  scheduler_kind: "scheduler",
  k_bins: "bins K",
  num_gpus: "GPUs",
  num_replicas: "replicas",
  token_ms: "token SLA limit",
  request_s: "request SLA limit",
};
const kTimeUnits = [["µs", 1e-6], ["ms", 1e-3], ["s", 1], ["min", 60], ["h", 3600], ["d", 86400]];

export const kNotApplicable = "n/a";

// "p99_latency_s" -> "p99 latency": its unit stands elsewhere.
export function short_name(column) {
  let name = column.name;
  if (name in kNames) return kNames[name];
  name = name.replace(/^(workload|service)_/, "").replace(/_per_s$/, "").replace(/_(s|ms|ms_per_token)$/, "");
  if (/^._|_.$/.test(name)) return name;  // b_max: a symbol, no words
  if (name === "p999_latency") name = "p99.9_latency";
  return name.split("_").map((word) => kSpecialWords[word] ?? word).join(" ");
}

export function title_of(column) {
  const name = short_name(column);
  if (name.includes("_")) return name;
  return name.charAt(0).toUpperCase() + name.slice(1);
}

export function is_share(column) {
  return !column.unit && /(_rate|_share|utilization|_error|_reserve)$/.test(column.name);
}

// "true" and "false" say nothing without the column's name.
export function is_switch(column) {
  return column.kind === "category" && column.values.every((value) => value === "true" || value === "false");
}

// The significant digits that tell numbers apart that differ by `step`.
export function digits_apart(largest, step, least) {
  return step > 0 ? Math.min(12, Math.max(least, 1 + Math.ceil(Math.log10(largest / step)))) : least;
}

const number_formats = new Map();

// Kept, since making one takes longer than using it a hundred times.
function number_format(least, most) {
  const key = least * 100 + most;
  if (!number_formats.has(key)) {
    number_formats.set(key, new Intl.NumberFormat("en-US",
      { minimumFractionDigits: least, maximumFractionDigits: most }));
  }
  return number_formats.get(key);
}

function significant(value, digits, padded = false) {
  value = Number(value.toPrecision(digits));  // 0.9999 is 1.00, not 1.000
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e15 || size < 1e-9) return value.toExponential(Math.max(0, digits - 1));
  const decimals = Math.min(12, Math.max(0, digits - 1 - Math.floor(Math.log10(size))));
  let text = number_format(padded ? decimals : 0, decimals).format(value);
  if (text === "0" || text === "-0") text = value.toPrecision(digits);
  return text;
}

function si(value, digits, padded = false) {
  for (const [factor, letter] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]]) {
    if (Math.abs(value) >= factor) {
      return `${significant(value / (letter === "k" ? 1e3 : factor), digits, padded)}${letter}`;
    }
  }
  return significant(value, digits, padded && !Number.isInteger(value));
}

function time_unit(value) {
  const size = Math.abs(value);
  if (size === 0) return kTimeUnits[2];
  let best = kTimeUnits[0];
  for (const unit of kTimeUnits) {
    // Minutes and hours only where a person would say them.
    if (size >= unit[1] * (unit[1] > 1 ? 2 : 1) * (1 - 5e-4)) best = unit;
  }
  return best;
}

// A round number of seconds in the largest unit that leaves it round: 600 -> "10 min".
export function time_tick(seconds) {
  const fits = kTimeUnits.filter(([, size]) => seconds >= size * 0.999);
  const [name, size] = fits.length ? fits[fits.length - 1] : kTimeUnits[0];
  return `${significant(Number((seconds / size).toPrecision(6)), 3)}\u00a0${name}`;
}

// The unit that stands behind numbers which format_value() leaves alone.
function plain_unit(column) {
  if (column.unit === "1/s") return "/s";
  return column.unit && !/^(1|GPUs|replicas|sequences|bins|requests|tokens)$/.test(column.unit) ? `\u00a0${column.unit}` : "";
}

export function format_value(column, value, digits = column.role === "input" ? 4 : 3) {
  if (value === null || value === undefined || Number.isNaN(value)) return kNotApplicable;
  if (column.name === "step") return value.replace(/^step/, "").replaceAll("_", " ");
  if (typeof value === "string") return value === "" ? "(none)" : value;
  if (!Number.isFinite(value)) return String(value);
  const padded = column.role === "metric";
  if (is_share(column)) return `${significant(value * 100, digits, padded)}\u00a0%`;
  if (column.unit === "s" || column.unit === "ms") {
    const seconds = column.unit === "ms" ? value / 1e3 : value;
    const [name, size] = time_unit(seconds);
    return `${significant(seconds / size, digits, padded)}\u00a0${name}`;
  }
  if (column.role === "input") {
    return `${Number.isInteger(value) ? value.toLocaleString("en-US") : significant(value, digits)}${plain_unit(column)}`;
  }
  return `${si(value, digits, padded)}${plain_unit(column)}`;
}

// With its 95 % half width, in the same unit.
export function format_with_error(column, value, half_width) {
  const text = format_value(column, value);
  if (half_width === undefined || Number.isNaN(half_width) || Number.isNaN(value)) return text;
  let unit = 1;
  if (is_share(column)) unit = 0.01;
  else if (column.unit === "s") unit = time_unit(value)[1];
  else if (Math.abs(value) >= 1e4) return `${text}\u00a0±\u00a0${format_value(column, half_width, 2)}`;
  const error = significant(half_width / unit, 2, true);
  const parts = text.match(/^([^\s/]*)(.*)$/);
  return `${parts[1]}\u00a0±\u00a0${error}${parts[2]}`;
}

// One unit for all numbers of an axis: {scale, unit, tick(value in that unit)}; ticks are `step` apart.
export function axis_format(column, largest, step) {
  let scale = 1;
  let unit = column.unit === "1" ? "" : column.unit ?? "";
  if (is_share(column)) {
    scale = 0.01;
    unit = "%";
  } else if (unit === "s" || unit === "ms") {
    const to_seconds = unit === "ms" ? 1e-3 : 1;
    const [name, size] = time_unit((largest || 1) * to_seconds);
    scale = size / to_seconds;
    unit = name;
  }
  const digits = digits_apart(largest, step, 3);
  return { scale, unit, tick: (scaled) => si(Number(scaled.toPrecision(10)), digits) };
}

export function axis_title(column, unit) {
  const name = title_of(column);
  if (!unit || name.toLowerCase() === unit.toLowerCase() || unit === "bins") return name;
  return `${name} [${unit}]`;
}

export function count(number, word, plural = `${word}s`) {
  return `${number.toLocaleString("en-US")} ${number === 1 ? word : plural}`;
}

// "a, b and c"
export function listing(words) {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}
