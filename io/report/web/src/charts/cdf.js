// Latency distributions of chosen points, from their histograms.

import { as_x, as_y, grid, number_axis } from "../axes.js";
import { checkbox, Filters, input, select } from "../controls.js";
import { unpack_cdf } from "../data.js";
import { el, replace } from "../dom.js";
import { Figure, tip, tooltip } from "../figure.js";
import { format_value } from "../format.js";
import { category_color, ink, kSymbols } from "../palette.js";
import { default_color_axis } from "./color_by.js";

const kMostLines = 8;
const kMostOffered = 200;
const kLatency = { name: "latency_s", unit: "s", role: "metric" };
const kShare = { name: "request_share", unit: "", role: "metric" };

export function cdf(report) {
  const figure = new Figure({
    id: "cdf", title: "Latency distributions",
    lead: "The share of requests that were served within a time, for the points that you choose.",
  });
  const state = { chosen: [], search: "", tail: false };
  let latencies = new Map();
  const picker = el("div", { class: "controls" });
  const chips = el("ul", { class: "chips", "aria-label": "Chosen points" });

  // Of a study the methods under the highest load. For each scheduler (or other colour) the point of least p99; else the first ones.
  function start_points(rows) {
    const compared = report.data.study?.methods.filter(({ row }) => latencies.has(row)) ?? [];
    const highest = Math.max(...compared.map((method) => method.rps_scaling));
    if (compared.length) return compared.filter((method) => method.rps_scaling === highest).map(({ row }) => row);
    const axis = default_color_axis(report);
    const p99 = report.column("p99_latency_s");
    if (!axis || !p99) return rows.slice(0, 4);
    const filters = new Filters(report, (each) => report.load_axes.includes(each), () => {});
    filters.set_drawn([]);
    const of_load = new Set(filters.rows());
    const pool = rows.some((row) => of_load.has(row)) ? rows.filter((row) => of_load.has(row)) : rows;
    const best = new Map();
    for (const row of pool) {
      const code = report.codes(axis)[row];
      const value = report.numbers(p99)[row];
      if (!best.has(code) || value < report.numbers(p99)[best.get(code)]) best.set(code, row);
    }
    return [...best].sort((a, b) => a[0] - b[0]).slice(0, 5).map(([, row]) => row);
  }

  function draw_picker() {
    const words = state.search.toLowerCase().split(/[\s,]+/).filter(Boolean);
    const rows = report.data.cdf.rows;
    const matches = rows.filter((row) => {
      const text = report.describe(row).toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const offered = matches.slice(0, kMostOffered);
    const options = [
      { value: "", text: `Add a point (${matches.length.toLocaleString("en-US")} match${matches.length === 1 ? "es" : ""})` },
      ...offered.map((row) => ({ value: row, text: report.describe(row) })),
    ];
    replace(picker, select("Point", options, "", (text) => { if (text !== "") add(Number(text)); }));
  }

  function add(row) {
    if (!latencies.has(row)) return false;
    if (!state.chosen.includes(row)) state.chosen = [...state.chosen, row].slice(-kMostLines);
    update();
    return true;
  }

  function draw_chips() {
    replace(chips, state.chosen.map((row, index) => el("li", {},
      el("span", { class: `swatch ${kSymbols[index]}`, css: { backgroundColor: category_color(index) } }),
      el("span", {}, report.describe(row)),
      el("button", { type: "button", "aria-label": `Remove ${report.describe(row)}`, on: { click: () => {
        state.chosen = state.chosen.filter((each) => each !== row);
        update();
      } } }, "×"))));
  }

  function level_tip(hits) {
    const { levels } = report.data.cdf;
    const known = hits.filter((hit) => hit.data?.row !== undefined);
    if (!known.length) return "";
    return tip(`${format_value(kShare, known[0].data.level, 4)} of requests within`, known.map(({ data }) => [
      report.describe(data.row), format_value(kLatency, latencies.get(data.row)[levels.indexOf(data.level)]),
      category_color(data.index)]));
  }

  function make(width) {
    draw_chips();
    const { levels } = report.data.cdf;
    if (!state.chosen.length) return { empty: "Choose a point to see its distribution." };
    const shown = state.chosen.flatMap((row) => [...latencies.get(row)].filter((value) => value > 0));
    if (!shown.length) return { empty: "No request of the chosen points was completed." };
    const x_axis = number_axis(kLatency, shown, { log: true, most: width < 500 ? 5 : 10 });
    const slower = (level) => 1 - level;
    const shares = state.tail ? levels.filter((level) => level < 1).map(slower) : levels;
    const y_axis = number_axis(kShare, state.tail ? shares : [0, 1], { log: state.tail, from_zero: true });
    const series = state.chosen.map((row, index) => ({
      type: "line", name: `${index}`, symbol: "none", lineStyle: { color: category_color(index), width: 2 },
      itemStyle: { color: category_color(index) },
      data: levels.flatMap((level, i) => {
        const latency = latencies.get(row)[i];
        if (!(latency > 0) || (state.tail && level >= 1)) return [];
        return [{ value: [x_axis.place(latency), y_axis.place(state.tail ? slower(level) : level)], row, level, index }];
      }),
    }));
    return {
      height: width < 500 ? 300 : 360, y_title: state.tail ? "Share of requests slower than this [%]" : "Share of requests served within [%]",
      label: `Latency distributions of ${state.chosen.length} points.`,
      option: {
        grid: grid(width), xAxis: as_x(x_axis), yAxis: as_y(y_axis), series,
        tooltip: tooltip((hits) => level_tip([hits].flat()),
          { trigger: "axis", axisPointer: { type: "line", axis: "y", lineStyle: { color: ink().faint } } }),
      },
      note: report.data.cdf.note,
      table: {
        columns: [
          { title: "Share of requests", numeric: true, value: (i) => levels[i], text: (i) => format_value(kShare, levels[i], 4) },
          ...state.chosen.map((row) => ({ title: report.describe(row), numeric: true,
            value: (i) => latencies.get(row)[i], text: (i) => format_value(kLatency, latencies.get(row)[i]) })),
        ],
        items: levels.map((_, i) => i),
      },
    };
  }

  function update() {
    draw_picker();
    figure.show(make);
  }

  return {
    figure, add,
    has(row) { return latencies.has(row); },
    async draw() {
      if (!report.data.cdf?.rows.length) {
        figure.show(() => ({ empty: "The result file holds no latency histograms (output.save_histograms was off, or there are too many worlds)." }));
        return;
      }
      latencies = await unpack_cdf(report.data.cdf);
      await report.need(report.column("p99_latency_s"));
      state.chosen = start_points(report.data.cdf.rows);
      replace(figure.controls,
        input("Search points", { type: "search", placeholder: report.describe(report.data.cdf.rows[0]) },
          (text) => { state.search = text; draw_picker(); }),
        picker, checkbox("Slowest requests, logarithmic", false, (on) => { state.tail = on; update(); }));
      figure.y_title.before(chips);
      update();
    },
  };
}
