"""servesweep report: one HTML file that loads nothing, with the numbers of the result file."""

import base64
import hashlib
import html.parser
import json
import re
import struct
import sys
import unittest
import zlib

from servesweep_cli import CliTest, can_report

SWEEP = """
replications = 2
[workload]
requests = 200
[scheduler]
kind = ["static_fifo", "multi_bin_dynamic"]
k_bins = [1, 4]
[cluster]
num_gpus = [1, 2, 4]
"""


class Page(html.parser.HTMLParser):
    """The elements of a page, and what is in its scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.contents = {"script": [], "style": []}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag in self.contents:
            self.contents[tag].append("")

    def handle_data(self, data):
        if self.elements and self.elements[-1][0] in self.contents:
            self.contents[self.elements[-1][0]][-1] += data

    def handle_endtag(self, tag):
        self.elements.append(("/" + tag, {}))

    def data(self):
        return json.loads(self.contents["script"][0])


def unpack(text, rows, code):
    packed = zlib.decompress(base64.b64decode(text))
    return struct.unpack(f"<{rows}{code}", bytes(packed[b * rows + i]
                                                 for i in range(rows) for b in range(4)))


class Report(CliTest):
    def setUp(self):
        super().setUp()
        self.write("sweep.toml", SWEEP)
        self.cli("run", "sweep.toml", "-o", "out.h5")

    def page(self, name="out.html"):
        return Page(self.path(name).read_text())

    def test_the_page_loads_nothing(self):
        out, err = self.cli("report", "out.h5")
        self.assertRegex(out, r"^out\.html: 18 worlds, [\d.]+ [KM]iB; open it in a browser\n$")
        self.assertEqual(err, "")
        page = self.page()
        for tag, attributes in page.elements:
            self.assertNotIn(tag, ("link", "iframe", "object", "embed", "base", "form"))
            self.assertFalse({"src", "srcset", "style", "action", "poster"} & set(attributes), tag)
            self.assertFalse([name for name in attributes if name.startswith("on")], tag)
        style, (data, script) = page.contents["style"], page.contents["script"]
        self.assertEqual(len(style), 1)
        self.assertNotRegex(style[0], r"@import|url\((?!['\"]?data:)")
        for call in ("fetch(", "XMLHttpRequest", "WebSocket", "importScripts", "sendBeacon", "eval("):
            self.assertNotIn(call, re.sub(r"\w" + re.escape(call), "", script), call)

        def allowed(content):
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            return f"'sha256-{digest}'"

        policy = next(a["content"] for t, a in page.elements
                      if t == "meta" and a.get("http-equiv") == "Content-Security-Policy")
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
        self.assertEqual(rules["default-src"], "'none'")
        self.assertEqual(rules["script-src"], allowed(script))
        self.assertEqual(rules["style-src"], allowed(style[0]))
        self.assertNotIn("connect-src", rules)
        self.assertNotIn("http", policy)
        text = self.path("out.html").read_text()
        for notice in ("Apache ECharts", "Apache License", "Baidu Inc"):  # the last: zrender's
            self.assertIn(notice, text)

    def test_the_numbers_are_those_of_the_file(self):
        self.cli("report", "out.h5", "-o", "r.html")
        data = self.page("r.html").data()
        exported = json.loads(self.cli("export", "out.h5", "--json", "-")[0])["worlds"]
        self.assertEqual((data["worlds"], data["replications"], data["rows"]), (18, 2, 9))
        columns = {column["name"]: column for column in data["columns"]}
        for name in ("p99_latency_s", "throughput_requests_per_s", "mean_gpu_utilization"):
            means = unpack(columns[name]["data"], 9, "f")
            half_widths = unpack(columns[name]["half_width"], 9, "f")
            for row in range(9):
                a, b = (exported[2 * row + r][name] for r in range(2))
                self.assertAlmostEqual(means[row] / ((a + b) / 2), 1, places=6)
                self.assertAlmostEqual(half_widths[row], 12.7062 * abs(a - b) / 2,
                                       delta=1e-4 * (1 + half_widths[row]))
        for name in ("scheduler_kind", "num_gpus", "k_bins"):
            codes = unpack(columns[name]["data"], 9, "i")
            for row in range(9):
                value = None if codes[row] < 0 else columns[name]["values"][codes[row]]
                self.assertEqual(value, exported[2 * row][name], (name, row))
        self.assertEqual(data["title"], "out.h5")
        self.assertRegex(data["generator"], r"^servesweep \d+\.\d+\.\d+$")
        cdf = data["cdf"]
        latencies = unpack(cdf["data"], 9 * len(cdf["levels"]), "f")
        median = cdf["levels"].index(0.5)
        for row in range(9):
            between = sorted(exported[2 * row + r]["p50_latency_s"] for r in range(2))
            self.assertGreater(latencies[row * len(cdf["levels"]) + median], 0.98 * between[0])
            self.assertLess(latencies[row * len(cdf["levels"]) + median], 1.02 * between[1])

    def test_where_it_is_written(self):
        self.path("elsewhere").mkdir()
        self.cli("report", "../out.h5", cwd=self.path("elsewhere"))
        first = self.path("elsewhere/out.html").read_text()
        self.cli("report", "../out.h5", cwd=self.path("elsewhere"))  # an older report may go
        self.assertEqual(self.path("elsewhere/out.html").read_text(), first)
        self.assertEqual(self.cli("report", "out.h5", "-o", "-")[0], first)
        self.write("out.html", "<p>my own page</p>")
        _, err = self.cli("report", "out.h5", code=2)
        self.assertIn("out.html exists (and is no report) choose another file with -o", err)
        self.assertEqual(self.path("out.html").read_text(), "<p>my own page</p>")
        _, err = self.cli("report", "out.h5", "-o", "out.h5", code=2)
        self.assertIn("out.h5 would be replaced (it is what the command reads)", err)
        _, err = self.cli("report", "out.h5", "-o", "nowhere/r.html", code=3)
        self.assertIn("cannot write nowhere/r.html", err)
        self.assertIn("missing.h5", self.cli("report", "missing.h5", code=3)[1])
        self.write("x.h5", "not a result file")
        self.assertIn("x.h5", self.cli("report", "x.h5", code=3)[1])

    def test_a_hostile_trace_name(self):
        name = "<img src=x onerror=alert(1)>{{script}}.csv"
        self.cli("workload", "generate", "--preset", "burstgpt-like", "--requests", "50", "-o", name)
        self.write("hostile.toml", f"[workload]\ntrace = {json.dumps(name)}\n"
                   "[cluster]\nnum_gpus = [1, 2]\n")
        self.cli("run", "hostile.toml", "-o", "<script>alert(2)<!--.h5")
        self.cli("report", "<script>alert(2)<!--.h5", "-o", "h.html")
        page = self.page("h.html")
        self.assertNotIn("<", page.contents["script"][0])
        self.assertEqual(len(page.contents["script"]), 2)
        self.assertFalse([tag for tag, attributes in page.elements if "onerror" in attributes])
        trace = next(c for c in page.data()["constants"] if c["name"] == "workload_trace")
        self.assertEqual(trace["value"], name)


if __name__ == "__main__":
    if not can_report():
        print("skipped: the program was built without node and npm")
        sys.exit(77)
    unittest.main()
