// Reports as a person uses them, in a headless Chromium.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import path from "node:path";
import { deflateSync } from "node:zlib";

import {
  changed_report, close_browser, folder, kCharts, make_report, nodes, open, overflowing, screenshot, servesweep,
  source_dir, status, write,
} from "./support.mjs";

after(close_browser);

// More than axes alone: a mark for each of 84 points of a load, 24 of the lines, 36 cells, 336 lines.
const kDefaultNodes = { pareto: 110, curves: 50, heatmap: 70, parallel: 400, cdf: 25 };
const kSweepReplicated = `
replications = 4
[workload]
preset = "burstgpt-like"
requests = 400
rps = [1.0, 4.0]
[scheduler]
kind = ["static_fifo", "multi_bin_dynamic"]
k_bins = [1, 4]
[cluster]
num_gpus = [1, 2, 4]
`;

const kSweepContinuous = `
engine = "continuous"
replications = 2
[workload]
requests = 200
[workload.arrivals]
kind = "poisson"
rate_per_s = [4.0, 16.0]
[workload.lengths.prompt]
kind = "lognormal"
[workload.lengths.output]
kind = "lognormal"
[cluster]
num_replicas = [1, 2, 4, 8]
[scheduler]
max_num_seqs = [16, 32]
chunked_prefill = [false, true]
[kv_cache]
sizing = "memory"
gpu_memory_utilization = [0.45, 0.452, 0.455, 0.5, 0.9, 0.95]
[service]
model = "roofline"
`;

write("replicated.toml", kSweepReplicated);
write("continuous.toml", kSweepContinuous);
// Every report here goes through the tests of all reports; to test another one, add its line.
const reports = {
  default: make_report("default", path.join(source_dir, "examples/default.toml"), "-s", "workload.requests=2000"),
  replicated: make_report("replicated", "replicated.toml"),
  continuous: make_report("continuous", "continuous.toml"),
};
servesweep("study", "stress", "--max-requests", "1000", "--seeds", "2", "-o", "stress.h5");
servesweep("report", "stress.h5");
reports.stress = path.join(folder, "stress.html");
servesweep("study", "tuning", "--seeds", "2", "-o", "tuning.h5");
reports.tuning = path.join(folder, "tuning.html");

function pack(values) {
  const bytes = new Uint8Array(new Int32Array(values).buffer);
  const shuffled = new Uint8Array(bytes.length);
  bytes.forEach((byte, i) => { shuffled[(i % 4) * values.length + Math.floor(i / 4)] = byte; });
  return deflateSync(shuffled).toString("base64");
}

function make_study(data) {
  data.title = "stress.h5";
  data.columns.unshift({
    name: "step", long_name: "Step of the study", unit: "", role: "input", kind: "category", codec: "i32",
    values: ["request_scaling", "full_grid"], data: pack(Array.from({ length: data.rows }, (_, row) => Number(row > 3))),
  });
  data.warnings.push("2 worlds did not run to their end.");
  data.study = {
    name: "stress",
    findings: [
      { topic: "Bins", text: "From K = 1 to 4 mean latency falls by 12.3 %." },
      { topic: "GPUs", text: "4 GPUs serve all load." },
      { topic: "Bins", text: "p99 latency stays." },
    ],
    methods: [1, 10].flatMap((rps_scaling) => ["static_fifo, 1 GPU", "multi_bin_dynamic, best"]
      .map((method, i) => ({ rps_scaling, method, row: i + rps_scaling - 1 }))),
  };
}

const first_cells = (page, column) => page.locator(`#worlds tbody td:nth-child(${column})`).allTextContents();

// "1.5 min", "300 ms" in seconds.
function seconds(text) {
  const [number, unit] = text.split(/\s/);
  return Number(number.replaceAll(",", "")) * { "µs": 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600, d: 86400 }[unit];
}

async function column_number(page, title) {
  const titles = await page.locator("#worlds thead th").allTextContents();
  return titles.findIndex((each) => each.trim() === title) + 1;
}

const texts_of = (page, selector) => page.locator(selector).allTextContents();

// Pairs of texts of a chart that lie on each other.
function coinciding(page, id) {
  return page.evaluate((chart) => {
    const texts = [...document.querySelectorAll(`#${chart}-chart svg text`)].filter((text) => text.textContent.trim());
    const boxes = texts.map((text) => text.getBoundingClientRect());
    return texts.flatMap((text, i) => texts.slice(i + 1).filter((_, j) => {
      const [a, b] = [boxes[i], boxes[i + 1 + j]];
      return a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3;
    }).map((other) => `${text.textContent} on ${other.textContent}`));
  }, id);
}

for (const [name, file] of Object.entries(reports)) {
  test(`${name}: all charts are drawn and nothing is reported or requested`, async () => {
    const page = await open(file);
    for (const id of kCharts) {
      const least = name === "default" ? kDefaultNodes[id] : 15;
      assert.ok(await nodes(page, id) > least, `${id} has only ${await nodes(page, id)} nodes`);
    }
    const more = { stress: ["methods"], tuning: ["methods", "queue", "throughput", "percentiles", "chunks"] }[name] ?? [];
    for (const id of more) assert.ok(await nodes(page, id) > 18, `${id} has only ${await nodes(page, id)} nodes`);
    assert.deepEqual(await page.locator(".empty:visible").allTextContents(), []);
    await screenshot(page, `${name}-desktop`);
    assert.deepEqual(await overflowing(page), []);
    assert.deepEqual(page.problems, []);
    await page.close();
  });

  test(`${name}: a phone shows all of it without scrolling sideways`, async () => {
    const page = await open(file, { width: 360, height: 740 });
    await screenshot(page, `${name}-phone`);
    for (const details of await page.locator("details").all()) await details.evaluate((each) => { each.open = true; });
    await page.waitForTimeout(100);
    assert.deepEqual(await overflowing(page), []);
    for (const id of kCharts) {
      const box = await page.locator(`#${id}-chart svg`).boundingBox();
      assert.ok(box.x >= 0 && box.x + box.width <= 360, `${id} is cut off`);
    }
    assert.deepEqual(page.problems, []);
    await page.close();
  });

  test(`${name}: charts follow a dark screen, and paper is light`, async () => {
    const page = await open(file, { dark: true });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const ink = () => page.evaluate(() => document.querySelector("#curves-chart svg text").getAttribute("fill"));
    assert.equal(await ground(), "rgb(20, 24, 29)");
    const dark_ink = await ink();
    await screenshot(page, `${name}-dark`);
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    await page.waitForTimeout(100);
    assert.equal(await ground(), "rgb(255, 255, 255)");
    assert.notEqual(await ink(), dark_ink);
    assert.equal(await page.locator("nav").isVisible(), false);
    await page.emulateMedia({ media: "screen", colorScheme: "light" });
    await page.waitForTimeout(100);
    assert.notEqual(await ink(), dark_ink);
    const pdf = await page.pdf({ format: "A4" });
    assert.ok(pdf.length > 20000);
    assert.deepEqual(page.problems, []);
    await page.close();
  });
}

test("the table sorts by its headers, and shows what the result file holds", async () => {
  const page = await open(reports.default);
  const column = await column_number(page, "P99 latency");
  const header = page.locator(`#worlds thead th:nth-child(${column})`);
  await header.locator("button").click();
  assert.equal(await header.getAttribute("aria-sort"), "ascending");
  const rising = (await first_cells(page, column)).map(seconds);
  assert.equal(rising.length, 50);
  assert.deepEqual(rising, [...rising].sort((a, b) => a - b));
  await header.locator("button").click();
  assert.equal(await header.getAttribute("aria-sort"), "descending");
  const falling = (await first_cells(page, column)).map(seconds);
  assert.deepEqual(falling, [...falling].sort((a, b) => b - a));
  servesweep("export", "default.h5", "--csv", "default.csv");
  const lines = readFileSync(path.join(folder, "default.csv"), "utf8").trim().split("\n")
    .filter((line) => !line.startsWith("#")).map((line) => line.split(","));
  const p99 = lines.slice(1).map((cells) => Number(cells[lines[0].indexOf("p99_latency_s")]));
  assert.ok(Math.abs(rising[0] / Math.min(...p99) - 1) < 0.006, `${rising[0]} ${Math.min(...p99)}`);
  assert.ok(Math.abs(falling[0] / Math.max(...p99) - 1) < 0.006, `${falling[0]} ${Math.max(...p99)}`);
  await page.locator("#worlds .pager button", { hasText: "Next" }).click();
  assert.match(await page.locator("#worlds .position").textContent(), /^51–100 of 336$/);
  await page.close();
});

test("the filter keeps the points that it names, and says what it does not understand", async () => {
  const page = await open(reports.default);
  assert.equal(await status(page), "336 points");
  const filter = page.locator("#worlds input[type=search]");
  await filter.fill("num_gpus<=4 scheduler=multi_bin_only");
  await page.waitForFunction(() => document.querySelector("#worlds-status").textContent.startsWith("72 of 336"));
  const schedulers = await first_cells(page, await column_number(page, "Scheduler"));
  assert.ok(schedulers.every((text) => text === "multi_bin_only"));
  assert.ok((await first_cells(page, await column_number(page, "GPUs"))).every((text) => Number(text) <= 4));
  await filter.fill("nonsense>3");
  await page.waitForSelector("#worlds [role=alert]:visible");
  assert.match(await page.locator("#worlds [role=alert]").textContent(), /no column named like “nonsense”/);
  await page.locator("#worlds button.clear").click();
  await page.waitForFunction(() => document.querySelector("#worlds-status").textContent === "336 points");
  assert.deepEqual(page.problems, []);
  await page.close();
});

test("brushing selects points, the table follows, and clearing brings all back", async () => {
  const page = await open(reports.default);
  const chart = page.locator("#parallel-chart");
  await chart.scrollIntoViewIfNeeded();
  const title = await chart.locator("svg text", { hasText: /^GPUs$/ }).boundingBox();
  const x = title.x + title.width / 2;
  const top = title.y + title.height + 20;
  const box = await chart.boundingBox();
  const middle = (top + box.y + box.height) / 2;
  await page.mouse.move(x, top);
  await page.mouse.down();
  await page.mouse.move(x, top + 30, { steps: 4 });
  await page.mouse.move(x, middle, { steps: 4 });
  await page.mouse.up();
  const said = await page.waitForFunction(() => {
    const text = document.querySelector("#parallel .status").textContent;
    return /^\d+ of 336 points selected$/.test(text) && text;
  });
  const selected = Number((await said.jsonValue()).split(" ")[0]);
  assert.equal(selected, 168);  // 8, 16 and 32 of six numbers of GPUs
  await page.waitForFunction((count) =>
    document.querySelector("#worlds-status").textContent.startsWith(`${count} of 336`), selected);
  assert.ok((await first_cells(page, await column_number(page, "GPUs"))).every((text) => Number(text) >= 8));
  await page.locator("#parallel button.clear").click();
  await page.waitForFunction(() => document.querySelector("#worlds-status").textContent === "336 points");
  assert.match(await page.locator("#parallel .status").textContent(), /^All 336 points/);
  assert.deepEqual(page.problems, []);
  await page.close();
});

test("the keyboard alone sorts, selects by ranges, hides a line and chooses a metric", async () => {
  const page = await open(reports.default);
  const focused = () => page.evaluate(() => document.activeElement.closest("th")?.textContent ?? "");
  await page.locator("#worlds input[type=search]").focus();
  for (let i = 0; i < 12 && !(await focused()).startsWith("GPUs"); ++i) await page.keyboard.press("Tab");
  assert.ok((await focused()).startsWith("GPUs"), "the header is not reached with Tab");
  await page.keyboard.press("Enter");
  const column = await column_number(page, "GPUs");
  assert.equal(await page.locator(`#worlds thead th:nth-child(${column})`).getAttribute("aria-sort"), "ascending");

  const ranges = page.locator("#parallel details", { hasText: "Select by typing ranges" });
  await ranges.locator("summary").focus();
  await page.keyboard.press("Enter");
  const p99 = ranges.locator("fieldset", { hasText: "P99 latency" }).locator("input").nth(1);
  await p99.focus();
  await page.keyboard.type("30");
  await page.waitForFunction(() => /^\d+ of 336 points selected$/.test(document.querySelector("#parallel .status").textContent));
  const shown = await first_cells(page, await column_number(page, "P99 latency"));
  await page.waitForFunction(() => document.querySelector("#worlds-status").textContent.includes("selected"));
  assert.ok((await first_cells(page, await column_number(page, "P99 latency"))).every((text) => seconds(text) <= 30.1), shown.join());

  const before = await nodes(page, "curves");
  await page.locator("#curves .legend button").first().focus();
  await page.keyboard.press("Space");
  assert.equal(await page.locator("#curves .legend button").first().getAttribute("aria-pressed"), "false");
  assert.ok(await nodes(page, "curves") < before);
  await page.locator("#curves select").first().selectOption("mean_gpu_utilization");
  await page.waitForFunction(() => document.querySelector("#curves .y-title").textContent.includes("GPU utilization"));
  assert.deepEqual(page.problems, []);
  await page.close();
});

test("the numbers of each chart are in a table beside it", async () => {
  const page = await open(reports.replicated);
  for (const id of kCharts) {
    const details = page.locator(`#${id} details.data`);
    await details.locator("summary").click();
    await details.locator("tbody tr").first().waitFor();
    assert.ok(await details.locator("tbody tr").count() > 1, id);
  }
  // 3 numbers of GPUs for each of 2 schedulers, with the interval of 4 replications
  assert.equal(await page.locator("#curves details.data tbody tr").count(), 6);
  assert.match(await page.locator("#curves .note").textContent(), /95\s% confidence intervals/);
  assert.match(await page.locator("#glance td", { hasText: "±" }).first().textContent(), /\d\s±\s\d/);
  await page.close();
});

test("points are added to the latency distributions from the table", async () => {
  const page = await open(reports.replicated);
  const before = await page.locator("#cdf .chips li").count();
  const lines = await nodes(page, "cdf");
  await page.locator("#worlds tbody button").first().click();
  assert.equal(await page.locator("#cdf .chips li").count(), before + 1);
  assert.ok(await nodes(page, "cdf") > lines);
  await page.close();
});

test("a tooltip shows the values under the pointer", async () => {
  const page = await open(reports.default);
  const said = [["#curves-chart", /GPUs.*static_fifo.*(s|min|h)/], ["#cdf-chart", /of requests within/]];
  for (const [chart, values] of said) {
    await page.locator(chart).scrollIntoViewIfNeeded();
    const box = await page.locator(chart).boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.waitForSelector(`${chart} .tip-box:visible`);
    assert.match(await page.locator(`${chart} .tip-box`).textContent(), values);
    assert.deepEqual(page.problems, []);
  }
  await page.close();
});

test("a study shows its findings by topic and compares its methods", async () => {
  const page = await open(changed_report(reports.replicated, "study.html", make_study));
  assert.deepEqual(await page.locator("#findings h3").allTextContents(), ["Bins"]);
  assert.equal(await page.locator("#findings .answer li").count(), 2);
  const others = page.locator("#findings details");
  assert.deepEqual(await others.locator("summary").allTextContents(), ["GPUs1 finding"]);
  await others.locator("summary").click();
  assert.ok(await others.getByText("4 GPUs serve all load.").isVisible());
  assert.equal(await page.locator("#methods tbody tr").count(), 4);
  assert.match(await page.locator(".warnings").textContent(), /2 worlds did not run/);
  assert.match(await page.locator("#curves .note").textContent(), /step = full grid/);
  await page.close();
});

test("continuous: replicas are the cost, switches have names, and an estimate is called one", async () => {
  const page = await open(reports.continuous);
  assert.equal(await page.getByLabel("Cost (x)").inputValue(), "num_replicas");
  assert.match(await page.locator("#glance .lead").textContent(), /fewest replicas that keep the share/);
  assert.deepEqual((await texts_of(page, "#glance thead th")).slice(0, 2).map((text) => text.replace(/[^\w ]/g, "").trim()),
    ["Rate", "Replicas"]);
  // The choice for a load is of the fewest replicas among the points that keep the limit.
  await page.getByLabel("Limit of SLA violations").selectOption("0.2");
  servesweep("export", "continuous.h5", "--csv", "continuous.csv");
  const [head, ...lines] = readFileSync(path.join(folder, "continuous.csv"), "utf8").trim().split("\n")
    .filter((line) => !line.startsWith("#")).map((line) => line.split(","));
  const inputs = ["rate_per_s", "num_replicas", "max_num_seqs", "chunked_prefill", "gpu_memory_utilization"];
  const shares = new Map();
  for (const cells of lines) {
    const key = inputs.map((input) => cells[head.indexOf(input)]).join();
    shares.set(key, [...shares.get(key) ?? [], cells]);
  }
  const fewest = [4, 16].map((rate) => Math.min(...[...shares].filter(([, worlds]) => {
    const goodput = worlds.map((cells) => Number(cells[head.indexOf("goodput_share")]));
    return goodput.reduce((sum, each) => sum + each, 0) / goodput.length >= 0.8;
  }).map(([key]) => key.split(",").map(Number)).filter(([each]) => each === rate).map(([, replicas]) => replicas)));
  assert.deepEqual((await texts_of(page, "#glance tbody td:nth-child(2)")).map(Number), fewest);

  assert.deepEqual(await texts_of(page, "#curves .legend .entry"), ["Chunked prefill false", "Chunked prefill true"]);
  assert.match((await texts_of(page, "#cdf .chips li"))[0], /chunked prefill (true|false)/);
  const metrics = await texts_of(page, "#curves .control:first-child option");
  for (const title of ["P99 TTFT", "P99 TPOT", "P99 ITL"]) assert.ok(metrics.includes(title), `${title}: ${metrics}`);
  assert.match(await page.locator(".warnings").textContent(), /estimate in all worlds: iteration_model is roofline/);
  await page.close();
});

for (const width of [1280, 360]) {
  test(`ticks do not lie on each other at a width of ${width}`, async () => {
    const page = await open(reports.continuous, { width, height: 740 });
    await page.getByLabel("Along (x)").selectOption("gpu_memory_utilization");
    await page.waitForFunction(() => document.querySelector("#curves-chart").textContent.includes("GPU memory"));
    assert.deepEqual(await coinciding(page, "curves"), []);
    // 45.2 and 45.5 are too near to 45: neither a label nor a line of the grid.
    const lines = await page.evaluate(() => [...document.querySelectorAll("#curves-chart svg path")]
      .map((line) => line.getBoundingClientRect()).filter((box) => box.width < 1 && box.height > 150).length);
    const labels = await texts_of(page, "#curves-chart svg text");
    assert.equal(lines, 4, labels.join());
    for (const label of ["45", "95"]) assert.ok(labels.includes(label), `${label}: ${labels}`);
    await page.close();
    const tuning = await open(reports.tuning, { width, height: 740 });
    for (const id of ["queue", "throughput", "percentiles", "chunks"]) {
      assert.deepEqual(await coinciding(tuning, id), [], id);
    }
    await tuning.close();
  });
}

test("ticks of numbers that hardly differ read differently", async () => {
  const page = await open(changed_report(reports.replicated, "close.html", (data) => {
    const p99 = data.columns.find((column) => column.name === "p99_latency_s");
    p99.data = pack(new Int32Array(Float32Array.from({ length: data.rows }, (_, row) => 100 + row / 1000).buffer));
    delete p99.half_width;
  }));
  const ticks = (await texts_of(page, "#curves-chart svg text")).filter((text) => /^1[\d.]+$/.test(text));
  assert.ok(ticks.length > 2, ticks.join());
  assert.equal(new Set(ticks).size, ticks.length, ticks.join());
  await page.close();
});

test("tuning: methods are compared under each load, and intervals end inside the axis", async () => {
  const page = await open(reports.tuning);
  const labels = await texts_of(page, "#methods-chart svg text");
  for (const label of ["Load", "at once", "5/s"]) assert.ok(labels.includes(label), `${label}: ${labels}`);
  assert.equal(await page.locator("#methods tbody tr").count(), 4);
  assert.ok((await texts_of(page, "#methods thead th")).some((text) => text.includes("P99 TPOT")));
  const [bars, top] = await page.evaluate(() => {
    const chart = document.querySelector("#methods-chart");
    const numbers = [...chart.querySelectorAll("svg text")].filter((text) => /^[\d,.]+$/.test(text.textContent));
    const middle = (box) => (box.top + box.bottom) / 2;
    const lines = [...chart.querySelectorAll("svg path")].filter((line) => line.getAttribute("stroke-width") === "1.5");
    return [lines.map((line) => line.getBoundingClientRect().top),
      Math.min(...numbers.map((text) => middle(text.getBoundingClientRect())))];
  });
  assert.ok(bars.length > 1);
  assert.ok(Math.min(...bars) >= top - 1, `${bars} above ${top}`);
  const groups = await texts_of(page, "#queue-chart svg text");
  for (const group of ["client's batch", "max_num_seqs"]) assert.ok(groups.includes(group), `${group}: ${groups}`);
  for (const both of ["4", "8", "16", "32", "64", "128", "256"]) {  // none is left out for want of room
    assert.equal(groups.filter((text) => text === both).length, 2, `${both}: ${groups}`);
  }
  await page.close();
});
