// The filter line of the table of points: `num_gpus<=4 scheduler=multi p99_latency_s<2`.
// Terms apart by blanks must all hold. A term is name, operator, value; a bare word is looked for in
// all inputs. Names may be shortened to any part of a column's name. `=` on texts means "contains".

import { kNotApplicable } from "./format.js";

const kTerm = /^([A-Za-z_][\w.]*)(<=|>=|!=|==|=|<|>)(.+)$/;

function find_column(report, name) {
  const wanted = name.toLowerCase();
  const named = report.columns.filter((column) => column.name.toLowerCase() === wanted);
  if (named.length) return named[0];
  const holds = report.columns.filter((column) => column.name.toLowerCase().includes(wanted));
  return holds.find((column) => column.role === "input") ?? holds[0];
}

// In the unit of the column: a limit in ms may be typed as 7 or 7ms.
function number_of(text, unit) {
  const match = /^(-?[\d.]+(?:e[-+]?\d+)?)(%|k|M|ms)?$/i.exec(text.replaceAll(",", ""));
  if (!match) return NaN;
  const suffix = (match[2] ?? "").toLowerCase();
  return Number(match[1]) * (suffix === unit ? 1 : { "%": 0.01, k: 1e3, m: 1e6, ms: 1e-3 }[suffix] ?? 1);
}

function compare(operator, a, b) {
  switch (operator) {
    case "<": return a < b;
    case "<=": return a <= b;
    case ">": return a > b;
    case ">=": return a >= b;
    // Single precision: a typed 0.1 must find the 0.1 of the file.
    case "!=": return !(Math.abs(a - b) <= 1e-6 * Math.abs(b));  // what is not applicable differs, too
    default: return Math.abs(a - b) <= 1e-6 * Math.abs(b);
  }
}

// {terms: [{columns, test(row)}], error: "" or what is wrong, columns that must be unpacked}
export function parse_filter(report, line) {
  const terms = [];
  const columns = new Set();
  for (const word of line.trim().split(/\s+/).filter(Boolean)) {
    const match = kTerm.exec(word);
    if (!match) {
      report.inputs.forEach((input) => columns.add(input));
      const wanted = word.toLowerCase();
      terms.push((row) => report.inputs.some(
        (input) => report.text(input, row).toLowerCase().includes(wanted)));
      continue;
    }
    const [, name, operator, value] = match;
    const column = find_column(report, name);
    if (!column) return { error: `There is no column named like “${name}”.` };
    columns.add(column);
    if (column.kind === "number") {
      const number = number_of(value, column.unit);
      if (Number.isNaN(number)) return { error: `“${value}” is no number (${column.name} is one).` };
      terms.push((row) => compare(operator, report.numbers(column)[row], number));
    } else {
      if (!/=/.test(operator) || /[<>]/.test(operator)) {
        return { error: `${column.name} is a text: use = or !=.` };
      }
      const wanted = value.toLowerCase();
      terms.push((row) => {
        const text = String(report.value(column, row) ?? kNotApplicable).toLowerCase();
        const holds = operator === "==" ? text === wanted : text.includes(wanted);
        return operator === "!=" ? !holds : holds;
      });
    }
  }
  return { error: "", terms, columns: [...columns] };
}
