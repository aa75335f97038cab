// The axes of the parallel coordinates: where a point lies on each, and how that reads.

import { can_log, extent, finite, wants_log } from "../axes.js";
import { digits_apart, format_value, title_of } from "../format.js";

const kMostTicks = 12;
const kSteps = 4;

// {column, name, low, high, discrete, place(row), text(at), at(value): place of a value in the column's unit}
export function parallel_axis(report, column) {
  return column.role === "input" && (column.kind !== "number" || column.values.length <= 24)
    ? discrete_axis(report, column) : continuous_axis(report, column);
}

function discrete_axis(report, column) {
  const codes = report.codes(column);
  const unused = codes.includes(-1);
  const last = column.values.length - 1;
  const step = Math.ceil((last + 1) / kMostTicks);
  const ticks = column.values.map((_, code) => code).filter((code) => code % step === 0);
  if (unused) ticks.unshift(-1);
  const text = (at) => {
    const code = Math.round(at);
    return code < 0 ? "n/a" : format_value(column, column.values[code] ?? null);
  };
  return {
    column, discrete: true, name: title_of(column), low: unused ? -1.4 : -0.4, high: last + 0.4,
    ticks, place: (row) => codes[row], text, unused,
  };
}

function continuous_axis(report, column) {
  const numbers = report.numbers(column);
  const log = can_log(numbers) && wants_log(numbers, 100);
  let [low, high] = extent(finite([...numbers]));
  const at = (value) => (log ? Math.log10(value) : value);
  const whole = column.role === "input" && column.values.every(Number.isInteger);
  const digits = log ? 2 : digits_apart(Math.max(Math.abs(low), Math.abs(high)), (high - low) / kSteps, 2);
  const unused = numbers.some((value) => !Number.isFinite(value));
  [low, high] = [at(low), at(high)];
  const range = high - low || 1;
  const missing = low - range * 0.12;
  const ticks = Array.from({ length: kSteps + 1 }, (_, i) => low + (range * i) / kSteps);
  if (unused) ticks.unshift(missing);
  return {
    column, discrete: false, name: title_of(column), low: (unused ? missing : low) - range * 0.03,
    high: high + range * 0.03, ticks, unused, at,
    place: (row) => (Number.isFinite(numbers[row]) ? at(numbers[row]) : missing),
    text: (place) => {
      if (place < low - range * 0.06) return "n/a";
      const value = log ? 10 ** place : place;
      return format_value(column, whole ? Math.round(value) : value, digits);
    },
  };
}
