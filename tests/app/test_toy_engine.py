"""An engine of tests/toy_engine, M/M/1, goes through sweeps, chunks, resume, HDF5, show and replay by
the code of all engines; its mean is that of queueing theory."""

import math
import os
import unittest

import h5py
import servesweep_cli
from servesweep_cli import FIXED, CliTest

servesweep_cli.PROGRAM = os.environ["SERVESWEEP_TOY"]

SWEEP = """
engine = "mm1"
replications = 8
[workload]
requests = 20_000
real_timestamps = true
[workload.arrivals]
kind = "poisson"
rate_per_s = [0.3, 0.5, 0.7]
[server]
drawn = [true, false]
[output]
save_histograms = true
"""


class ToyEngine(CliTest):
    def setUp(self):
        super().setUp()
        self.write("s.toml", SWEEP)

    def columns(self, *more):
        self.cli("run", "s.toml", "-o", "out.h5", "--fresh", *FIXED, *more)
        with h5py.File(self.path("out.h5")) as file:
            return {name.removeprefix("server_"): column[()]
                    for name, column in file["worlds"].items()}

    def test_mean_latency_is_that_of_queueing_theory(self):
        worlds = self.columns()
        for rate in (0.3, 0.5, 0.7):
            for drawn, expected in ((1, 1 / (1 - rate)), (0, 1 + rate / 2 / (1 - rate))):
                means = [mean for mean, r, d in zip(worlds["mean_latency_s"], worlds["rate_per_s"],
                                                    worlds["drawn"]) if r == rate and d == drawn]
                mean = sum(means) / len(means)
                variance = sum((m - mean) ** 2 for m in means) / (len(means) - 1)
                # Student's t with 7 degrees of freedom is below 6 but once in 1,800.
                self.assertLess(abs(mean - expected), 6 * math.sqrt(variance / len(means)),
                                f"rate {rate}, drawn {drawn}")
                self.assertLess(abs(mean - expected), 0.05 * expected)
        self.assertTrue((worlds["completed"] == 20_000).all())

    def test_chunks_and_resumed_runs_make_the_same_bytes(self):
        self.write("s.toml", SWEEP.replace("[true, false]", "true"))  # one kernel, whatever the chunk
        self.cli("run", "s.toml", "-o", "whole.h5", *FIXED)
        self.cli("run", "s.toml", "-o", "small.h5", "--max-memory", "3M", *FIXED)
        self.assertEqual(self.path("small.h5").read_bytes(), self.path("whole.h5").read_bytes())
        self.cli("run", "s.toml", "-o", "out.h5", "--max-memory", "3M", "--max-time", "0.000001s", *FIXED,
                 code=75)
        _, err = self.cli("run", "s.toml", "-o", "out.h5", *FIXED)
        self.assertIn("resuming: ", err)
        self.assertEqual(self.path("out.h5").read_bytes(), self.path("whole.h5").read_bytes())

    def test_a_world_that_does_not_fit_is_refused(self):
        _, err = self.cli("run", "s.toml", "-o", "out.h5", "--max-memory", "500K", code=2)
        self.assertIn("raise that or lower workload.requests", err)

    def test_show_and_replay(self):
        self.columns("-s", "drawn=true")
        out, _ = self.cli("show", "out.h5", "--columns", "rate_per_s,mean_latency_s")
        self.assertIn("engine mm1, 24 worlds (all ran to their end)", out)
        self.cli("replay", "out.h5", "--world", "5", "--events", "events.csv")
        lines = self.path("events.csv").read_text().splitlines()
        self.assertEqual(lines[0], "arrival_ns,start_ns,end_ns")
        self.assertEqual(len(lines), 1 + 20_000)

    def test_a_wave_without_drawn_service_runs_a_kernel_without_it(self):
        both = self.columns()
        self.assertEqual(set(both["features"]), {1})
        fixed = self.columns("-s", "drawn=false")
        self.assertEqual(set(fixed["features"]), {0})
        expected = [mean for mean, drawn in zip(both["mean_latency_s"], both["drawn"]) if not drawn]
        self.assertEqual(list(fixed["mean_latency_s"]), expected)


if __name__ == "__main__":
    unittest.main()
