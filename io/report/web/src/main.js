// The report's page: reads the data block and puts the sections together.

import { cdf } from "./charts/cdf.js";
import { curves } from "./charts/curves.js";
import { heatmap } from "./charts/heatmap.js";
import { methods } from "./charts/methods.js";
import { parallel } from "./charts/parallel.js";
import { pareto } from "./charts/pareto.js";
import { tuning } from "./charts/tuning.js";
import { Report } from "./data.js";
import { el, idle, replace } from "./dom.js";
import { origin } from "./foot.js";
import { count, listing, short_name } from "./format.js";
import { glance } from "./glance.js";
import { on_theme_change, set_printing } from "./palette.js";
import { Selection } from "./selection.js";
import { worlds } from "./worlds.js";

function header(report) {
  const { data } = report;
  const engine = data.constants.find((each) => each.name === "engine")?.value
    ?? data.provenance.find(([name]) => name.toLowerCase() === "engine")?.[1];
  const axes = report.axes.filter((axis) => axis.name !== "step");
  const some = data.worlds < data.rows * data.replications ? "up to " : "";
  const runs = data.replications > 1 ? `, ${some}${data.replications} replications each` : "";
  const sentence = `${count(data.worlds, "simulated world")}: ${count(data.rows, "point")}${runs}`
    + `${axes.length ? ` over ${axes.length <= 8 ? listing(axes.map(short_name)) : count(axes.length, "axis", "axes")}` : ""}.`
    + ` Made by ${data.generator}${engine ? `, engine ${engine}` : ""}.`;
  return el("header", {}, el("p", { class: "kicker" }, data.study ? `Study “${data.study.name}”` : "Sweep report"),
    el("h1", {}, data.title), el("p", { class: "sentence" }, sentence),
    data.warnings.length ? el("ul", { class: "warnings", "aria-label": "Warnings" },
      data.warnings.map((text) => el("li", {}, text))) : null);
}

// The first topic is the answer; the others are opened one by one.
function findings(study) {
  const topics = [...new Set(study.findings.map((finding) => finding.topic))];
  const of = (topic) => study.findings.filter((finding) => finding.topic === topic);
  const list = (topic) => el("ul", {}, of(topic).map((finding) => el("li", {}, finding.text)));
  const [first, ...others] = topics;
  return el("section", { id: "findings", "aria-labelledby": "findings-title" },
    el("h2", { id: "findings-title" }, "Findings"),
    first === undefined ? el("p", { class: "empty" }, "The study has no findings yet: run more of its steps.")
      : el("div", { class: "answer" }, el("h3", {}, first), list(first)),
    el("div", { class: "findings" }, others.map((topic) => el("details", {},
      el("summary", {}, topic, el("span", { class: "quiet" }, count(of(topic).length, "finding"))), list(topic)))));
}

// Sections draw themselves when they come into view, and otherwise one after the other when there is time.
async function draw_in_order(sections) {
  const left = new Set(sections);
  const draw = async (section) => {
    if (!left.delete(section)) return;
    await section.draw();
    section.root.dataset.drawn = "yes";
  };
  const observer = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) {
      if (isIntersecting) draw(sections.find((section) => section.root === target));
    }
  }, { rootMargin: "200px" });
  sections.forEach((section) => observer.observe(section.root));
  for (const section of sections) {
    await idle();
    await draw(section);
  }
  observer.disconnect();
  document.documentElement.dataset.ready = "yes";
}

function navigation(sections) {
  return el("nav", { "aria-label": "Sections" }, sections.map((section) =>
    el("a", { href: `#${section.id}` }, section.querySelector("h2").textContent)));
}

async function start() {
  const report = new Report(JSON.parse(document.getElementById("report-data").textContent));
  document.title = `${report.data.title} – servesweep report`;
  await report.need_axes();
  const selection = new Selection();
  const distributions = cdf(report);
  const parts = [
    ...(report.data.study ? [{ element: findings(report.data.study) }, methods(report)] : []),
    ...(report.data.study?.name === "tuning" ? tuning(report) : []),
    glance(report), pareto(report), curves(report), heatmap(report), parallel(report, selection), distributions,
    worlds(report, selection, distributions), { element: origin(report) },
  ];
  for (const part of parts) part.root = part.element ?? part.figure.element;
  const roots = parts.map((part) => part.root);
  replace(document.getElementById("report"), header(report), navigation(roots), roots);
  const figures = parts.map((part) => part.figure).filter(Boolean);
  on_theme_change(() => figures.forEach((figure) => figure.draw()));
  const print = (on) => {
    set_printing(on);
    figures.forEach((figure) => figure.print(on));
    document.querySelectorAll("#origin details:not(:has(pre)), #findings details").forEach((details) => { details.open = on; });
  };
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));
  await draw_in_order(parts.filter((part) => part.draw)
    .sort((a, b) => Boolean(a.slow) - Boolean(b.slow)));
}

start().catch((error) => {
  document.getElementById("report").append(
    el("p", { class: "problem" }, `The report could not be drawn: ${error.message}. It needs a browser of 2023 or later.`));
  throw error;
});
