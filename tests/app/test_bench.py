"""The comparisons in bench/ judge as they say, on made-up measurements."""

import importlib.machinery
import importlib.util
import json
import subprocess
import sys
import unittest

from servesweep_cli import SOURCE, CliTest

BENCH = SOURCE / "bench"


class BenchTest(CliTest):
    def script(self, name, *arguments, code=0):
        """Runs a script of bench/ in the folder and returns what it printed."""
        done = subprocess.run([sys.executable, BENCH / name, *map(str, arguments)],
                              cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stdout)
        return done.stdout

    def lines(self, text, word):
        return [line for line in text.splitlines() if line.startswith(word)]


class Compare(BenchTest):
    def compare(self, before, after, code=0):
        self.write("a.json", json.dumps({"seconds": before}))
        self.write("b.json", json.dumps({"seconds": after}))
        return self.script("compare", "a.json", "b.json", code=code)

    def test_four_percent_pass(self):
        said = self.compare({"x": 1.0, "y": 2.0}, {"x": 1.04, "y": 2.08})
        self.assertIn("geometric mean: 4.0 % up", said)

    def test_one_time_of_six_percent_fails_whatever_the_others(self):
        said = self.compare({"x": 1.0, "y": 2.0}, {"x": 1.06, "y": 1.0}, code=1)
        self.assertEqual(self.lines(said, "SLOWER"), ["SLOWER: x is 6.0 % up"])

    def test_faster_passes(self):
        self.assertIn("50.0 % down", self.compare({"x": 2.0}, {"x": 1.0}))

    def test_what_is_missing_in_b_fails_and_is_named(self):
        said = self.compare({"x": 1.0, "y": 2.0}, {"x": 1.0, "z": 1.0}, code=1)
        self.assertEqual(self.lines(said, "MISSING"), ["MISSING: y is not in B"])
        self.assertEqual(self.lines(said, "new"), ["new: z is not in A"])

    def test_a_file_without_times_is_an_error(self):
        self.write("a.json", '{"cells": []}')
        self.assertIn("compare: error: cannot use a.json",
                      self.script("compare", "a.json", "a.json", code=1))

    def test_interleaved_runs_take_turns_and_give_medians(self):
        # Each run says its letter and takes the next of its times.
        self.write("run.sh", 'echo "$1" >>turns\nn=$(grep -c "$1" turns)\n'
                             'echo "{\\"seconds\\": {\\"x\\": $(sed -n "${n}p" "$1.times")}}" >"$2"\n')
        self.write("A.times", "1.0\n9.0\n2.0\n")
        self.write("B.times", "2.2\n1.0\n3.0\n")
        said = self.script("compare", "--interleave", 3, "sh", "run.sh", "A", "{}", "--",
                           "sh", "run.sh", "B", "{}", code=1)
        self.assertEqual(self.path("turns").read_text().split(), list("ABBAAB"))
        self.assertEqual(self.lines(said, "x")[0].split(),
                         "x 2.000000 2.200000 1.100 0.111 to 2.200".split())

    def test_commands_without_results_are_timed(self):
        said = self.script("compare", "--interleave", 1, "sleep", "0.1", "--", "true")
        self.assertEqual(len(self.lines(said, "wall time")), 1)

    def test_a_command_that_fails_is_an_error(self):
        self.assertIn("compare: error: false failed (exit code 1",
                      self.script("compare", "--interleave", 1, "true", "--", "false", code=1))


class Instructions(BenchTest):
    def judge(self, cases, code=0, compiler="GNU 12.2.0", arguments=()):
        """cases: {name: (instructions of run, of bin)}; the baseline's are 1000 and 100."""
        def results(compiler_then, counts):
            return json.dumps({"compiler": compiler_then, "architecture": "x86-64-v3", "cases": {
                name: {"requests": 50, "batches": 5, "run": run, "bin": binning}
                for name, (run, binning) in counts.items()}})

        self.write("baseline.json", results("GNU 12.2.0", {"p": (1000, 100), "q": (1000, 100)}))
        self.write("counts.json", results(compiler, cases))
        return self.script("instructions", "--counts", "counts.json", "--baseline",
                           "baseline.json", *arguments, code=code)

    def test_counts_for_each_batch_and_request(self):
        said = self.judge({"p": (1000, 100), "q": (1000, 100)})
        self.assertEqual(self.lines(said, "p")[0].split(), ["p", "200.0", "20.00", "2.00", "10.00"])

    def test_the_continuous_engine_has_events_and_bins_nothing(self):
        self.write("counts.json", json.dumps({
            "compiler": "GNU 12.2.0", "architecture": "x86-64-v3",
            "cases": {"c": {"requests": 50, "events": 100, "run": 1000}}}))
        said = self.script("instructions", "--counts", "counts.json", "--baseline", "counts.json")
        self.assertEqual(self.lines(said, "c ")[0].split(), ["c", "10.0", "20.00", "0.50"])
        self.assertIn("none of 1 counts", said)

    def test_four_percent_pass(self):
        self.assertNotIn("baseline:", self.judge({"p": (1040, 104), "q": (960, 100)}))

    def test_six_percent_up_fails_and_is_named(self):
        said = self.judge({"p": (1000, 100), "q": (1060, 100)}, code=1)
        self.assertEqual(self.lines(said, "ABOVE"), [
            "ABOVE the baseline: q: run is 6.0 % up (1,000 -> 1,060 instructions)"])
        said = self.judge({"p": (1000, 106), "q": (900, 100)}, code=1)
        self.assertEqual(len(self.lines(said, "ABOVE the baseline: p: bin is 6.0 % up")), 1)

    def test_far_below_says_that_the_baseline_can_be_updated(self):
        said = self.judge({"p": (900, 100), "q": (1000, 100)})
        self.assertIn("p: run is 10.0 % down: bench/instructions --update", said)

    def test_other_cases_than_the_baselines_fail(self):
        said = self.judge({"p": (1000, 100)}, code=1)
        self.assertEqual(len(self.lines(said, "MISSING: q: ")), 2)
        said = self.judge({"p": (1000, 100), "q": (1000, 100), "new": (1, 1)}, code=1)
        self.assertEqual(len(self.lines(said, "NEW: new: ")), 2)

    def test_another_compiler_is_skipped(self):
        said = self.judge({"p": (2000, 100), "q": (1000, 100)}, code=77, compiler="GNU 13.1.0")
        self.assertIn("skipped: the baseline is of GNU 12.2.0, these counts are of GNU 13.1.0", said)

    def test_update(self):
        self.judge({"p": (2000, 100)}, compiler="GNU 13.1.0", arguments=["--update"])
        self.assertEqual(json.loads(self.path("baseline.json").read_text()),
                         json.loads(self.path("counts.json").read_text()))

    def test_instructions_by_file(self):
        path = str(BENCH / "instructions")
        sys.path.insert(0, str(BENCH))
        loader = importlib.machinery.SourceFileLoader("instructions", path)
        sys.dont_write_bytecode = True
        module = importlib.util.module_from_spec(importlib.util.spec_from_loader(
            "instructions", loader))
        loader.exec_module(module)
        self.assertEqual(module.by_file(
            "fl=(1) a.hpp\nfn=(1) f\n10 5\nfi=(2) b.hpp\n+3 7\n* 1\nfe=(1)\n12 20\n"
            "cfi=(3) c.hpp\ncfn=(2) g\ncalls=1 40\n12 1000\n\nfl=(3)\nfn=(2)\n40 1000\n"
            "totals: 1033\n"),
            {"a.hpp": 25, "b.hpp": 8, "c.hpp": 1000})


if __name__ == "__main__":
    unittest.main()
