// What the browser tests share: reports made by the program, and a page that notes whatever goes wrong.
//
// SERVESWEEP_BIN, SERVESWEEP_SOURCE_DIR   as for tests/app
// SERVESWEEP_NODE_MODULES                 where playwright-core is
// SERVESWEEP_CHROMIUM                     the browser, if it is not the first chromium on PATH
// SERVESWEEP_SCREENSHOTS                  a folder: pictures of the reports go there

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

const program = process.env.SERVESWEEP_BIN;
export const source_dir = process.env.SERVESWEEP_SOURCE_DIR;
export const folder = mkdtempSync(path.join(tmpdir(), "servesweep-browser-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

function skip(why) {
  console.log(`skipped: ${why}`);
  process.exit(77);
}

function find_browser() {
  if (process.env.SERVESWEEP_CHROMIUM) return process.env.SERVESWEEP_CHROMIUM;
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    const found = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" });
    if (found.status === 0) return found.stdout.trim();
  }
  return skip("there is no chromium; scripts/bootstrap --full installs it");
}

function find_playwright() {
  const modules = process.env.SERVESWEEP_NODE_MODULES;
  if (!modules || !existsSync(path.join(modules, "playwright-core"))) {
    return skip("playwright-core is not there; the build fetches it where node and npm are");
  }
  return createRequire(path.join(modules, "from-here.js"))("playwright-core");
}

export function servesweep(...words) {
  return execFileSync(program, words, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 2 ** 28 });
}

// Runs `sweep` (a file) and returns the path of its report.
export function make_report(name, sweep, ...words) {
  servesweep("run", sweep, "-o", `${name}.h5`, ...words);
  servesweep("report", `${name}.h5`, "-o", `${name}.html`);
  return path.join(folder, `${name}.html`);
}

export function write(name, text) {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const kDataBlock = /(<script type="application\/json" id="report-data">)([^]*?)(<\/script>)/;

// A copy of a report with other data: `change` gets them and may edit them in place.
export function changed_report(file, name, change) {
  const html = readFileSync(file, "utf8");
  const data = JSON.parse(kDataBlock.exec(html)[2]);
  change(data);
  const text = JSON.stringify(data).replaceAll("<", "\\u003c");
  return write(name, html.replace(kDataBlock, (_, open, __, close) => open + text + close));
}

const { chromium } = find_playwright();
const executable = find_browser();
const probe = spawnSync(program, ["report", "--help"], { encoding: "utf8" });
if (probe.status !== 0) skip("this program has no `report`");
const browser = await chromium.launch({
  executablePath: executable, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
});

export async function close_browser() { await browser.close(); }

// Opens a report and waits until all of it is drawn. page.problems collects what must not happen.
export async function open(file, { width = 1280, height = 900, dark = false } = {}) {
  const page = await browser.newPage({
    viewport: { width, height }, colorScheme: dark ? "dark" : "light", hasTouch: width < 500,
  });
  page.problems = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) page.problems.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => page.problems.push(`error: ${error.stack}`));
  page.on("request", (request) => {
    if (request.url() !== pathToFileURL(file).href) page.problems.push(`request: ${request.url()}`);
  });
  page.on("dialog", (dialog) => {
    page.problems.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation",
      (event) => console.error(`violation of ${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));
  });
  const started = performance.now();
  await page.goto(pathToFileURL(file).href);
  await page.waitForSelector("html[data-ready]", { timeout: 60000 });
  page.ready_s = (performance.now() - started) / 1000;
  return page;
}

export async function screenshot(page, name) {
  const to = process.env.SERVESWEEP_SCREENSHOTS;
  if (!to) return;
  await page.screenshot({ path: path.join(to, `${name}.png`), fullPage: true });
}

export const kCharts = ["pareto", "curves", "heatmap", "parallel", "cdf"];

// The names of sections whose content is wider than the window, and the whole page if it is.
export function overflowing(page) {
  return page.evaluate(() => {
    const wide = [...document.querySelectorAll("header, nav, section, footer")]
      .filter((section) => section.getBoundingClientRect().right > innerWidth + 1
        || section.scrollWidth > section.clientWidth + 1)
      .map((section) => section.id || section.tagName);
    if (document.documentElement.scrollWidth > innerWidth) wide.push("page");
    return wide;
  });
}

// Elements of a chart.
export const nodes = (page, id) => page.locator(`#${id}-chart svg *`).count();

// How many points the table of all points shows.
export const status = (page) => page.locator("#worlds-status").textContent();
