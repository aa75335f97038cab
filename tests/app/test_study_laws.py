"""What the study must find on a BurstGPT-like workload: the laws that hold for the model, with
margins for the draws."""

import unittest

import h5py
import numpy as np
from servesweep_cli import CliTest

DECODE_BOUND_S = 0.0076  # beta * (1 + gamma), rounded up


class Laws(CliTest):
    def columns(self, path, names):
        with h5py.File(self.path(path)) as file:
            return {name: file["worlds"][name][:] for name in names}

    def test_laws_of_the_steps(self):
        self.cli("study", "stress", "--steps", "1,2,3", "--max-requests", "100000", "-q",
                 "-o", "s.h5")
        w = self.columns("s.h5", ["step", "k_bins", "mean_latency_s", "p99_latency_s", "request_s",
                                  "token_sla_violations", "p99_decode_tbt_s", "completed"])
        self.assertEqual(np.sum(w["token_sla_violations"]), 0)
        self.assertGreater(np.sum(w["completed"]), 5_000_000)
        self.assertLess(np.max(w["p99_decode_tbt_s"]), DECODE_BOUND_S)

        step3 = w["step"] == 2
        bins = [1, 2, 4, 8, 16, 32]

        def means(name):
            return np.array([w[name][step3 & (w["k_bins"] == k)].mean() for k in bins])

        latency, tail = means("mean_latency_s"), means("p99_latency_s")
        gains = 1 - latency[1:] / latency[:-1]
        # From K = 1 to 2 most, and less and less beyond 8.
        self.assertEqual(np.argmax(latency[:-1] - latency[1:]), 0)
        self.assertEqual(np.argmax(gains), 0)
        self.assertGreater(gains[0], 0.5)
        self.assertLess(gains[3], 0.7 * gains[2])
        self.assertLess(gains[4], 0.5 * gains[3])
        # The tail stays: above the limit at any K, and farther from the mean than without bins.
        self.assertGreater(np.min(tail), 2 * w["request_s"][0])
        self.assertGreater(np.min(tail[1:] / latency[1:]), 2 * tail[0] / latency[0])

    def test_static_fifo_saturates_first(self):
        scalings = [0.25, 0.5, 1, 2, 4, 8, 16, 32]
        self.write("s.toml", f"""
            replications = 3
            [workload]
            preset = "burstgpt-like"
            requests = 100_000
            rps_scaling = {scalings}
            [scheduler]
            kind = ["static_fifo", "dynamic_no_bins", "multi_bin_dynamic"]
            k_bins = 8
        """)
        self.cli("run", "s.toml", "-o", "s.h5", "-q")
        w = self.columns("s.h5", ["scheduler_kind", "rps_scaling", "throughput_requests_per_s",
                                  "mean_gpu_utilization"])

        def mean(name, kind, scaling):
            rows = (w["scheduler_kind"] == kind) & (w["rps_scaling"] == scaling)
            self.assertEqual(np.sum(rows), 3)
            return w[name][rows].mean()

        # Per scaling, throughput grows with the load until the scheduler is saturated.
        def saturated_at(kind):
            natural = mean("throughput_requests_per_s", kind, scalings[0]) / scalings[0]
            for scaling in scalings:
                if mean("throughput_requests_per_s", kind, scaling) < 0.9 * natural * scaling:
                    self.assertGreater(mean("mean_gpu_utilization", kind, scaling), 0.8)
                    return scaling
            self.fail(f"scheduler {kind} is not saturated at {scalings[-1]}")

        static, dynamic, multi_bin = saturated_at(0), saturated_at(2), saturated_at(3)
        self.assertLess(static, multi_bin)
        self.assertLess(static, dynamic)
        most = {kind: mean("throughput_requests_per_s", kind, scalings[-1]) for kind in (0, 2, 3)}
        self.assertLess(2 * most[0], min(most[2], most[3]))


if __name__ == "__main__":
    unittest.main()
