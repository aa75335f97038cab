// Reports of result files that are hostile, odd or large.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import {
  close_browser, kCharts, make_report, nodes, open, overflowing, screenshot, status, write,
} from "./support.mjs";

after(close_browser);

test("text of the result file stays text", async () => {
  const names = ["<img src=x onerror=alert(1)>.csv", "\"></script><script>window.pwned=1</script>.csv", "{{script}} ${1} $&.csv"];
  const rows = Array.from({ length: 60 }, (_, i) => `${i},${50 + i},${20 + (i % 7) * 30}`);
  for (const name of names) write(name, ["arrival_s,prompt_tokens,output_tokens", ...rows].join("\n"));
  write("hostile.toml", `[workload]\ntrace = [${names.map((name) => `'${name}'`).join(", ")}]\n`
    + "[scheduler]\nk_bins = [1, 2]\n[cluster]\nnum_gpus = [1, 2]\n");
  const file = make_report("<b onclick=alert(2)>", "hostile.toml");
  const page = await open(file);
  await page.locator("#curves select").nth(2).selectOption("workload_trace");
  await page.locator("#worlds input[type=search]").fill("trace=<img");
  await page.waitForFunction(() => document.querySelector("#worlds-status").textContent.startsWith("4 of 12"));
  const chart = page.locator("#curves-chart");
  await chart.scrollIntoViewIfNeeded();
  const box = await chart.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.waitForSelector("#curves-chart .tip-box:visible");
  assert.ok((await page.locator("#curves-chart .tip-box").textContent()).includes(names[0]));
  for (const details of await page.locator("details").all()) await details.evaluate((each) => { each.open = true; });
  assert.ok((await page.locator("body").textContent()).includes(names[1]));
  assert.equal(await page.locator("img, b, [onclick], [onerror]").count(), 0);
  assert.equal(await page.locator("script").count(), 2);
  assert.equal(await page.evaluate(() => window.pwned), undefined);
  await screenshot(page, "hostile-desktop");
  assert.deepEqual(page.problems, []);
  await page.close();
});

const kOdd = {
  "one point": "[workload]\npreset = \"burstgpt-like\"\nrequests = 100\n",
  "one axis": "[workload]\npreset = \"burstgpt-like\"\nrequests = 100\n[cluster]\nnum_gpus = [1, 2, 4]\n",
  "categories only": "[workload]\npreset = \"burstgpt-like\"\nrequests = 100\n[scheduler]\nkind = [\"static_fifo\", \"dynamic_no_bins\"]\n",
  "equal metrics": "[workload]\npreset = \"burstgpt-like\"\nrequests = 1\n[cluster]\nnum_gpus = [1, 2, 4]\n",
  "ten axes": `[sweep]\ndesign = "lhs"\nsamples = 300
[workload]\npreset = "burstgpt-like"\nrequests = 50\nrps = {from = 0.5, to = 50, scale = "log"}
[scheduler]\nkind = ["multi_bin_only", "multi_bin_dynamic"]\nk_bins = {from = 1, to = 32}\nb_max = {from = 16, to = 128}
memory_reserve = {from = 0.02, to = 0.4}\nsmoothing = {from = 0.1, to = 0.9}\nbin_choice = ["round_robin", "longest_queue"]
expand_step = {from = 1, to = 8}\nshrink_step = {from = 1, to = 8}\n[cluster]\nnum_gpus = {from = 1, to = 64, scale = "log"}\n`,
};

for (const [name, text] of Object.entries(kOdd)) {
  test(`a sweep of ${name}: each section draws something or says why not`, async () => {
    write("odd.toml", text);
    const file = make_report(name.replace(" ", "_"), "odd.toml");
    for (const width of [1280, 360]) {
      const page = await open(file, { width });
      for (const id of kCharts) {
        const empty = await page.locator(`#${id} .empty`).isVisible();
        assert.ok(empty ? (await page.locator(`#${id} .empty`).textContent()).length > 20 : await nodes(page, id) > 8, id);
      }
      if (name === "ten axes") assert.equal(await page.locator(".empty:visible").count(), 0);
      await screenshot(page, `${name.replace(" ", "_")}-${width}`);
      assert.deepEqual(await overflowing(page), []);
      assert.deepEqual(page.problems, []);
      await page.close();
    }
  });
}

test("50,000 worlds open", async () => {
  write("large.toml", `[sweep]\ndesign = "lhs"\nsamples = 50000
[workload]\npreset = "burstgpt-like"\nrequests = 20\nrps = [0.5, 2.0, 8.0, 32.0]
[scheduler]\nkind = ["static_fifo", "multi_bin_only", "dynamic_no_bins", "multi_bin_dynamic"]
k_bins = {from = 1, to = 32}\nb_max = {from = 16, to = 256}\nmemory_reserve = {from = 0.02, to = 0.4}
[cluster]\nnum_gpus = {from = 1, to = 100, scale = "log"}\n`);
  const file = make_report("large", "large.toml");
  const page = await open(file);
  console.log(`50,000 worlds: all sections drawn after ${page.ready_s.toFixed(2)} s`);
  assert.ok(page.ready_s < 20, `${page.ready_s} s`);
  assert.match(await page.locator("#parallel .note").textContent(), /20,000 of [\d,]+ points are drawn, evenly sampled/);
  assert.match(await status(page), /^[\d,]+ points$/);
  assert.deepEqual(page.problems, []);
  await page.close();
});
