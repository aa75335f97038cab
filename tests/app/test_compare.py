"""`servesweep compare`: real result files, point by point, and the gate for CI."""

import csv
import io
import json
import resource
import shutil
import subprocess
import unittest

import h5py
import numpy
from servesweep_cli import PROGRAM, WITHOUT_ASAN, CliTest

SWEEP = """
replications = 4
[workload]
requests = 150
rps_scaling = 2.0
[scheduler]
kind = ["static_fifo", "multi_bin_dynamic"]
k_bins = [1, 4]
[cluster]
num_gpus = [1, 2]
"""
POINTS, REPLICATIONS = (1 + 2) * 2, 4
SLOWER = ("-s", "alpha_ms=90")  # the default is 59.65
METRIC = "mean_latency_s"


def column(path, name):
    with h5py.File(path) as file:
        return file["worlds"][name][:]


class Compare(CliTest):
    def setUp(self):
        super().setUp()
        self.write("sweep.toml", SWEEP)
        self.cli("run", "sweep.toml", "-o", "a.h5")

    def run_b(self, *overrides):
        self.cli("run", "sweep.toml", "-o", "b.h5", "--fresh", *overrides)

    def rows(self, *arguments, code=0):
        out, _ = self.cli("compare", *arguments, "--csv", "-", code=code)
        return list(csv.DictReader(io.StringIO(out, newline="")))

    def test_two_sweeps_that_differ_in_one_parameter(self):
        self.run_b(*SLOWER)
        self.cli("compare", "a.h5", "b.h5", "--metrics", f"{METRIC},p99_latency_s", "--csv",
                 "out.csv", "--json", "out.json")
        rows = list(csv.DictReader(self.path("out.csv").read_text().splitlines()))
        self.assertEqual(len(rows), 2 * POINTS)
        self.assertEqual({row["side"] for row in rows}, {"both"})
        document = json.loads(self.path("out.json").read_text())
        uses = {i["name"]: i["use"] for i in document["inputs"]}
        self.assertEqual([n for n, use in uses.items() if use == "compared"], ["alpha_ms"])
        self.assertEqual([n for n, use in uses.items() if use == "key"],
                         ["scheduler_kind", "k_bins", "num_gpus"])
        self.assertEqual(len(document["pairs"]), POINTS)

        a, b = (column(self.path(name), METRIC) for name in ("a.h5", "b.h5"))
        for row in (r for r in rows if r["metric"] == METRIC):
            self.assertEqual(row["world_a"], row["world_b"])
            worlds = slice(int(row["world_a"]), int(row["world_a"]) + REPLICATIONS)
            of_a, of_b = a[worlds], b[worlds]
            quotient = of_b.mean() / of_a.mean()
            rest = of_b - quotient * of_a
            half = 3.182446305284263 * rest.std(ddof=1) / 2 / of_a.mean()
            self.assertAlmostEqual(float(row["value_a"]), of_a.mean(), 12)
            self.assertAlmostEqual(float(row["value_b"]), of_b.mean(), 12)
            self.assertAlmostEqual(float(row["change_percent"]), 100 * (quotient - 1), 9)
            self.assertAlmostEqual(float(row["low_percent"]), 100 * (quotient - 1 - half), 9)
            self.assertAlmostEqual(float(row["high_percent"]), 100 * (quotient - 1 + half), 9)
            self.assertEqual(row["interval"], "paired")
            self.assertEqual(row["alpha_ms_b"], "90")
            pair = next(p for p in document["pairs"] if str(p["world_a"]) == row["world_a"])
            said = pair["metrics"][METRIC]
            self.assertEqual(said["a"], float(row["value_a"]))
            self.assertEqual(said["change_percent"], float(row["change_percent"]))
            self.assertEqual(said["excludes_0"], row["excludes_0"] == "true")
            self.assertEqual(said["flag"], row["flag"])
            self.assertEqual(str(pair["inputs"]["k_bins"] or ""), row["k_bins"])
            self.assertEqual(pair["inputs"]["alpha_ms"]["b"], 90)

        table, _ = self.cli("compare", "a.h5", "b.h5", "--metrics", METRIC, "--top", "0")
        self.assertIn("compared: alpha_ms 59.6528 -> 90\n", table)
        self.assertIn("paired by: scheduler_kind, k_bins, num_gpus (", table)
        lines = [line.split() for line in table.splitlines() if f" {METRIC} " in line]
        changes = sorted((float(r["change_percent"]) for r in rows if r["metric"] == METRIC),
                         key=lambda change: -abs(change))
        self.assertEqual([line[7] for line in lines], [f"{change:+.2f}" for change in changes])
        summary = next(line.split() for line in table.splitlines() if line.startswith(METRIC))
        self.assertEqual(summary[1:5], [str(POINTS), "0", f"{numpy.median(changes):+.2f}",
                                        f"{changes[0]:+.2f}"])

    def test_two_schedulers_of_one_file(self):
        sides = ("--where-a", "scheduler_kind == static_fifo", "--where-b",
                 "scheduler.kind == 'multi_bin_dynamic'")
        rows = self.rows("a.h5", "a.h5", *sides, "--metrics", METRIC)
        self.assertEqual([(r["num_gpus"], r["k_bins"]) for r in rows],
                         [("1", "1"), ("1", "4"), ("2", "1"), ("2", "4")])
        self.assertEqual({(r["scheduler_kind_a"], r["scheduler_kind_b"]) for r in rows},
                         {("static_fifo", "multi_bin_dynamic")})
        table, _ = self.cli("compare", "a.h5", "a.h5", *sides)
        self.assertIn("compared: scheduler_kind static_fifo -> multi_bin_dynamic\n", table)
        self.assertRegex(table, r"\nread only in A: fixed_batch_size\nread only in B: .*k_bins")
        _, error = self.cli("compare", "a.h5", "a.h5", "--by", "num_gpus", code=2)
        self.assertIn("differ only in num_gpus) choose by --where-a", error)

    def test_the_gate(self):
        worse = ("--fail-on", f"{METRIC} > +5%")
        shutil.copy(self.path("a.h5"), self.path("b.h5"))
        table, error = self.cli("compare", "a.h5", "b.h5", *worse, "--fail-on",
                                "throughput_requests_per_s < -1%")
        self.assertIn("compared: the files (their inputs are the same)", table)
        self.assertIn("throughput_requests_per_s", table)
        self.assertEqual(error, "")
        self.run_b(*SLOWER, "-s", "beta_ms_per_token=9")
        _, error = self.cli("compare", "a.h5", "b.h5", *worse, code=1)
        self.assertIn(f"failed: {METRIC} > +5% in {POINTS} of {POINTS} pairs\n", error)
        self.assertRegex(error, r"\n  scheduler_kind static_fifo, num_gpus 1: \S+ -> \S+ s, \+\d")
        self.cli("compare", "b.h5", "a.h5", *worse)
        self.cli("compare", "b.h5", "a.h5", "--fail-on", f"{METRIC} < -5%", code=1)

    def test_noise_does_not_fail_the_gate(self):
        """Other random draws only: some metric is beyond any limit somewhere, by chance."""
        self.run_b("-s", "seed=43")
        for row in self.rows("a.h5", "b.h5", "--metrics", METRIC):
            self.assertEqual(row["interval"], "independent")
            self.assertEqual(row["excludes_0"], "false")
            self.assertNotEqual(float(row["change_percent"]), 0)
        _, note = self.cli("compare", "a.h5", "b.h5", "--fail-on", f"{METRIC} > 0%")
        self.assertRegex(note, "^note: .* does not count in . pairs?, where the interval")

    def test_what_is_missing_fails_the_gate(self):
        gate = ("--fail-on", f"{METRIC} > +5%")
        self.run_b("-s", "cluster.num_gpus=[2,3]")
        table, error = self.cli("compare", "a.h5", "b.h5", *gate, code=1)
        self.assertIn("3 points without a partner, only in A (a.h5):\n"
                      "  scheduler_kind static_fifo, num_gpus 1 (world 0)\n", table)
        self.assertIn("3 points without a partner, only in B (b.h5):", table)
        self.assertIn("failed: 6 points without a partner cannot be judged", error)
        self.cli("compare", "a.h5", "b.h5", *gate, "--allow-unpaired")
        self.cli("compare", "a.h5", "b.h5", "--allow-unpaired", code=2)
        self.assertEqual([r["side"] for r in self.rows("a.h5", "b.h5", "--metrics", METRIC)],
                         3 * ["both"] + 3 * ["a"] + 3 * ["b"])

        shutil.copy(self.path("a.h5"), self.path("b.h5"))
        with h5py.File(self.path("b.h5"), "r+") as file:
            file["worlds"][METRIC][5] = numpy.nan
        table, error = self.cli("compare", "a.h5", "b.h5", *gate, code=1)
        self.assertIn(f"failed: {METRIC} > +5% cannot be judged (n/a) in 1 of 6 pairs\n", error)
        self.assertRegex(error, r": \S+ -> n/a s\n")
        table, _ = self.cli("compare", "a.h5", "b.h5", "--metrics", METRIC)
        self.assertRegex(table, METRIC + r" +\[s\] +\S+ +n/a +n/a +-\n")
        document = json.loads(
            self.cli("compare", "a.h5", "b.h5", "--metrics", METRIC, "--json", "-")[0])
        self.assertEqual(document["metrics"][0]["not_available"], 1)
        self.assertIsNone(document["pairs"][1]["metrics"][METRIC]["b"])
        self.assertIsNone(document["pairs"][1]["metrics"][METRIC]["change_percent"])
        self.assertEqual(document["only_in_a"], [])
        with h5py.File(self.path("b.h5"), "r+") as file:
            del file["worlds"][METRIC]
        rows = self.rows("a.h5", "b.h5", "--metrics", METRIC)
        self.assertEqual({(r["value_b"], r["change_percent"], r["flag"]) for r in rows},
                         {("", "", "")})
        self.assertNotIn("", {r["value_a"] for r in rows})

    @WITHOUT_ASAN
    def test_memory_is_bounded(self):
        """The columns of 50,000 worlds a side are 80 MB, the comparison takes 35 MB."""
        self.write("many.toml", "[workload]\nrequests = 2\nrps = { from = 0.5, to = 30.0, num = 250 }\n"
                                "[scheduler]\nk_bins = [1, 2, 3, 4, 5]\n"
                                "[cluster]\nnum_gpus = { from = 1, to = 40, num = 40 }\n"
                                "[output]\nsave_histograms = false\n")
        for name, alpha in (("many_a.h5", 60), ("many_b.h5", 61)):
            self.cli("run", "many.toml", "-o", name, "-s", f"alpha_ms={alpha}")
        limit = 64 << 20
        done = subprocess.run([PROGRAM, "compare", "many_a.h5", "many_b.h5"], cwd=self.folder, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=300,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("50,000 pairs", done.stdout)

    def test_errors(self):
        shutil.copy(self.path("a.h5"), self.path("b.h5"))
        for arguments, said in (
            (("--fail-on", "p99_latency_s"), "write METRIC > +5% or METRIC < -5%"),
            (("--fail-on", "p99_latency > 5%"), "did you mean p99_latency_s?"),
            (("--metrics", "p99_latencys"), "did you mean p99_latency_s?"),
            (("--metrics", "status"), "no metric of a.h5 that is a number"),
            (("--by", "kind"), "several keys end so"),
            (("--by", "num_gpu"), "did you mean num_gpus?"),
            (("--by", "p99_latency_s"), "it is no input"),
            (("--where-a", "num_gpus == 7"), "no world of a.h5 meets --where-a"),
            (("--where-b", "num_gps == 1"), "did you mean"),
            (("--csv", "-", "--json", "-"), "cannot write both"),
        ):
            _, error = self.cli("compare", "a.h5", "b.h5", *arguments, code=2)
            self.assertIn(said, error)
        self.cli("compare", "a.h5", "missing.h5", code=3)
        self.cli("compare", "a.h5", self.write("text.h5", "no"), code=3)
        with h5py.File(self.path("b.h5"), "r+") as file:
            file.attrs["engine"] = "other"
        _, error = self.cli("compare", "a.h5", "b.h5", code=2)
        self.assertIn("their engines are batch and other", error)
        with h5py.File(self.path("b.h5"), "r+") as file:
            file.attrs["format_version"] = numpy.int32(99)
        self.assertIn("format version 99", self.cli("compare", "a.h5", "b.h5", code=3)[1])


if __name__ == "__main__":
    unittest.main()
