// Chart axes. Logarithms and units are applied to the numbers before ECharts sees them, so that an axis
// ends where the data do and its ticks are numbers that people say.

import { axis_format, axis_title, format_value, time_tick } from "./format.js";
import { ink } from "./palette.js";

const kMostNamedTicks = 14;
const kTicks = 5;  // ECharts chooses about this number

export function finite(values) { return values.filter((value) => Number.isFinite(value)); }

export function extent(values) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}

export function wants_log(values, ratio = 50) {
  const known = finite([...values]);
  const [low, high] = extent(known);
  return known.length > 1 && low > 0 && high / low >= ratio;
}

export function can_log(values) {
  const known = finite([...values]);
  return known.length > 0 && known.every((value) => value > 0);
}

function log_ticks(low, high, most = 9) {
  for (const steps of [[1, 2, 5], [1, 3], [1]]) {
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); ++power) {
      for (const step of steps) {
        const tick = step * 10 ** power;
        if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
      }
    }
    if (ticks.length <= most || steps.length === 1) return ticks.length > 1 ? ticks : [low, high];
  }
  return [];
}

const kTimeTicks = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18000, 36000, 86400, 172800,
  432000, 864000];
const kSomeTimeTicks = [1, 3, 10, 30, 60, 180, 600, 1800, 3600, 10800, 36000, 86400, 259200, 864000];
const kFewTimeTicks = [1, 10, 60, 600, 3600, 36000, 86400, 864000];

// In seconds, such as people name them; below a second decimal ones.
function time_ticks(low, high, most) {
  if (high <= 1) return log_ticks(low, high, most);
  for (const [named, steps] of [[kTimeTicks, [1, 2, 5]], [kSomeTimeTicks, [1]], [kFewTimeTicks, [1]]]) {
    const decimal = [-3, -2, -1].flatMap((power) => steps.map((step) => step * 10 ** power));
    const ticks = [...decimal, ...named]
      .filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
    if (ticks.length <= most && ticks.length > 1) return ticks;
  }
  return log_ticks(low, high, most);
}

// Of ascending ticks those that are far enough apart to be read, the first and the last always.
function apart(ticks, most) {
  const last = ticks.at(-1);
  const least = (last - ticks[0]) / (2 * most);
  const kept = [];
  for (const tick of ticks) {
    if (tick === last) break;
    if (!kept.length || (tick - kept.at(-1) >= least && last - tick >= least)) kept.push(tick);
  }
  return [...kept, last];
}

// The least distance between neighbours.
function least_step(ticks) { return Math.min(...ticks.slice(1).map((tick, i) => tick - ticks[i])); }

function style() {
  const colors = ink();
  return {
    axisLine: { onZero: false, lineStyle: { color: colors.faint } },
    axisLabel: { color: colors.quiet, fontSize: 12, hideOverlap: true },
    splitLine: { lineStyle: { color: colors.grid } },
    nameTextStyle: { color: colors.quiet, fontSize: 13 },
  };
}

// {option, place(value): where ECharts draws it, title}. `named`: the values of a sweep's axis.
export function number_axis(column, values, { log = false, named = null, from_zero = false, most = 9 } = {}) {
  const known = finite([...values]);
  let [low, high] = extent(known.length ? known : [0, 1]);
  const named_units = log && !named && column.unit === "s";  // each tick with its own unit
  const has_named_ticks = named && named.length <= kMostNamedTicks;
  const step = has_named_ticks ? least_step(named) : log ? 0 : (high - low) / kTicks;
  const { scale, unit, tick } = named_units ? { scale: 1, unit: "", tick: time_tick }
    : axis_format(column, Math.max(Math.abs(low), Math.abs(high)), step);
  low /= scale;
  high /= scale;
  const place = log ? (value) => (value > 0 ? Math.log10(value / scale) : NaN) : (value) => value / scale;
  const option = { type: "value", ...style() };
  let ticks = null;
  if (has_named_ticks) ticks = named.map((value) => value / scale);
  if (log) {
    if (high / low < 1.05) [low, high] = [low / 1.1, high * 1.1];
    const margin = (Math.log10(high) - Math.log10(low)) * 0.04;
    option.min = Math.log10(low) - margin;
    option.max = Math.log10(high) + margin;
    ticks = (ticks ?? (named_units ? time_ticks(low, high, most) : log_ticks(low, high, most))).map((value) => Math.log10(value));
    option.axisLabel.formatter = (value) => tick(10 ** value);
  } else {
    option.axisLabel.formatter = (value) => tick(value);
    option.scale = !from_zero;
    if (named) {
      const margin = (high - low || 1) * 0.04;
      option.min = low - margin;
      option.max = high + margin;
      option.axisLabel.showMinLabel = false;
      option.axisLabel.showMaxLabel = false;
    } else if (low === high) {
      option.min = low === 0 ? 0 : low - Math.abs(low) * 0.5;
      option.max = high === 0 ? 1 : high + Math.abs(high) * 0.5;
    }
  }
  if (ticks) {
    if (has_named_ticks) ticks = apart(ticks, most);
    option.axisTick = { customValues: ticks };
    option.axisLabel.customValues = ticks;
    option.axisLabel.showMinLabel = true;
    option.axisLabel.showMaxLabel = true;
  }
  return { option, place, title: axis_title(column, unit) };
}

export function category_axis(column, texts) {
  const option = { type: "category", data: texts, ...style() };
  option.splitLine = { show: false };
  option.axisTick = { show: false };
  return { option, place: (code) => code, title: axis_title(column, column.kind === "number" ? column.unit : "") };
}

export function axis_texts(axis) { return axis.values.map((value) => format_value(axis, value)); }

// What the value axes of all charts share.
export function grid(width, { bottom = 44, right = 18 } = {}) {
  return { left: 6, right, top: 12, bottom, containLabel: true, ...(width < 500 ? { right: 12 } : {}) };
}

export function as_x(axis) {
  return { ...axis.option, name: axis.title, nameLocation: "middle", nameGap: 30 };
}

// The title of a y axis stands above the chart, as text of the page.
export function as_y(axis) { return { ...axis.option, axisLine: { show: false }, axisTick: { ...axis.option.axisTick, show: false } }; }
