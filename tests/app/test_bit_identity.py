#!/usr/bin/env python3
"""Equal sweeps give equal files, byte for byte, whatever the number of threads and the memory for
a chunk. (Backends: tests/parity/test_bit_identity.cpp.)"""

import sys
import unittest

sys.dont_write_bytecode = True
from servesweep_cli import FIXED, CliTest  # noqa: E402

# Uneven worlds of all schedulers, bin choices and dispatches; all three kinds of draws.
SWEEP = """
seed = 7
replications = 2
[workload]
preset = "burstgpt-like"
requests = [50, 3000]
rps_scaling = [0.5, 40]
[scheduler]
kind = ["static_fifo", "multi_bin_only", "dynamic_no_bins", "multi_bin_dynamic"]
dispatch = ["greedy", "full"]
k_bins = [1, 5]
bin_choice = "longest_queue"
[cluster]
num_gpus = [1, 70]
gpu_memory_gb = 5.0
memory_margin_gb = 0.5
[service]
model = ["affine", "exponential", "uniform"]
"""


class BitIdentity(CliTest):
    def run_to(self, output, *options):
        self.write("s.toml", SWEEP)
        self.cli("run", "s.toml", "-o", output, "--fresh", "-q", *FIXED, *options)
        return self.path(output)

    def test_threads_and_chunks(self):
        expected = self.run_to("expected.h5", "--threads", "1").read_bytes()
        for options in (["--threads", "2"], ["--threads", "1"], ["--threads", "2"],
                        ["--threads", "1", "--max-memory", "2M"],
                        ["--threads", "2", "--max-memory", "2M"],
                        ["--threads", "2", "--max-memory", "17M"]):
            with self.subTest(options=options):
                self.assertEqual(self.run_to("out.h5", *options).read_bytes(), expected)

    def test_the_same_name_and_folder_do_not_matter(self):
        first = self.run_to("a.h5").read_bytes()
        self.path("elsewhere").mkdir()
        self.assertEqual(self.run_to("elsewhere/b.h5").read_bytes(), first)

    def test_exact_percentiles(self):
        exact = ["-s", "output.exact_percentiles=true"]
        first = self.run_to("a.h5", *exact, "--threads", "1")
        second = self.run_to("b.h5", *exact, "--threads", "2", "--max-memory", "200M")
        self.assertEqual(first.read_bytes(), second.read_bytes())


if __name__ == "__main__":
    unittest.main()
