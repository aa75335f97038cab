"""Every example is a good sweep file; the small ones run."""

import unittest

import h5py
import numpy
from servesweep_cli import SOURCE, CliTest

EXAMPLES = sorted((SOURCE / "examples").glob("*.toml"))
AZURE = SOURCE / "tests/data/traces/azure.csv"


class Examples(CliTest):
    def test_there_are_examples(self):
        self.assertIn("default.toml", [example.name for example in EXAMPLES])

    def test_plans(self):
        for example in EXAMPLES:
            with self.subTest(example.name):
                trace = ["-s", f"workload.trace={AZURE}"] if "azure" in example.name else []
                out, err = self.cli("plan", example, *trace)
                self.assertIn("worlds", out)
                self.assertEqual(err, "")  # no warnings either

    def test_default_in_small(self):
        out, _ = self.cli("run", SOURCE / "examples/default.toml", "-s", "requests=500")
        self.assertIn("336 worlds: 336 completed", out)
        table, _ = self.cli("show", "default.h5")
        self.assertLessEqual(max(map(len, (out + table).splitlines())), 140)
        header = table.split("\n\n")[1].splitlines()
        self.assertLessEqual(max(map(len, header)), 120)
        for column in ("workload_", "k_bins", "num_gpus", "p99_", "throughput_", "utilization"):
            self.assertIn(column, table)
        self.assertNotIn("fixed_batch", table)  # one value where it is read

    def test_measured_grid_in_small(self):
        self.cli("run", SOURCE / "examples/measured_grid.toml", "-s", "requests=500")
        with h5py.File(self.path("measured_grid.h5")) as file:
            self.assertEqual(set(file["worlds/completed"][:]), {500})

    def test_vllm_rtx4090_in_small(self):
        self.cli("run", SOURCE / "examples/vllm_rtx4090.toml", "-s", "requests=200")
        with h5py.File(self.path("vllm_rtx4090.h5")) as file:
            self.assertEqual(set(file["worlds/completed"][:]), {200})
            files = [line.split("/")[-1] for line in file.attrs["traces"].splitlines()]
        self.assertEqual(files, ["attention.csv", "dense.csv", "per_sequence.csv"])

    def test_azure_on_a_few_rows(self):
        for example in ("azure_conversation", "continuous_azure"):
            with self.subTest(example):
                self.cli("run", SOURCE / f"examples/{example}.toml", "-s",
                         f"workload.trace={AZURE}")

    def test_queueing_example_is_an_mm1_queue(self):
        self.cli("run", SOURCE / "examples/queueing_mm1.toml", "-s", "requests=20000", "-s",
                 "replications=20")
        with h5py.File(self.path("queueing_mm1.h5")) as file:
            rate = file["worlds/rate_per_s"][:]
            latency = file["worlds/mean_latency_s"][:]
        for arrivals_per_s in (0.5, 0.8):
            means = latency[rate == arrivals_per_s]
            error = means.std(ddof=1) / numpy.sqrt(len(means))
            theory = 1 / (1 - arrivals_per_s)
            self.assertLess(abs(means.mean() - theory), 4 * error)
            self.assertLess(error, 0.05 * theory)


if __name__ == "__main__":
    unittest.main()
