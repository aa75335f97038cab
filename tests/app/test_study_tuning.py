"""servesweep study tuning: its steps, files, findings, and what happens when a step fails."""

import json
import signal
import time
import unittest

import h5py
import numpy as np
from servesweep_cli import CliTest, can_report
from test_study import Worlds

QUEUE_STEPS = ["queue_time", "queue_time_between"]
STEPS = [*QUEUE_STEPS, "max_num_seqs", "memory", "chunked_latency", "chunked_itl",
         "benchmark_latency", "benchmark_batch", "benchmark_mix", "benchmark_lengths", "comparison"]
FILES = {"queue_time_optimization.json": QUEUE_STEPS,
         "max_num_seqs_optimization.json": ["max_num_seqs"],
         "memory_optimization.json": ["memory"],
         "chunked_prefill_optimization.json": ["chunked_latency", "chunked_itl"],
         "comprehensive_optimized_benchmark.json": [s for s in STEPS if s.startswith("benchmark")]}
FLAGS = ["queue-time", "max-num-seqs", "memory", "chunked-prefill", "benchmark", "comparison"]
QUIET = ["-q", "--skip-figures"]
SUITE = {  # what the suite measured of single requests and batches of 50 tokens
    "latency": {10: .1048, 20: .2061, 50: .5126, 100: 1.0227, 200: 2.0414, 300: 3.0643},
    "batch": {4: .5159, 8: .5169, 16: .5219, 32: .5605}}


def only(*names):
    return [f"--skip-{name}" for name in FLAGS if name not in names]


class TuningStudy(CliTest):
    def tuning(self, *arguments, code=0):
        return self.cli("study", "tuning", *arguments, code=code)

    def json(self, name):
        return json.loads(self.path("t_" + name).read_text())

    def findings(self, topic, name="t.h5"):
        with h5py.File(self.path(name)) as file:
            topics, texts = (file[f"findings/{n}"].asstr()[:] for n in ("topic", "text"))
        return [text for t, text in zip(topics, texts) if t == topic]

    def test_steps_are_what_run_makes_of_their_sweeps(self):
        self.tuning(*QUIET, "-o", "t.h5")
        study = Worlds(self.path("t.h5"))
        self.assertEqual(list(dict.fromkeys(study["step"])), STEPS)
        for number, step in enumerate(STEPS):
            self.path("step.toml").write_text(study.toml[number])
            self.cli("run", "step.toml", "-o", "step.h5", "--fresh", "-q")
            alone = Worlds(self.path("step.h5"))
            rows = study["step"] == step
            compared = 0
            for name, values in alone.columns.items():
                if alone.roles[name] == "index" and name != "replication":
                    continue
                there = study[name][rows]
                if values.dtype.kind == "f":  # bit by bit
                    values, there = values.view(np.int64), there.view(np.int64)
                np.testing.assert_array_equal(there, values, name)
                compared += 1
            self.assertGreater(compared, 60)

    def test_the_server_is_the_measured_one(self):
        self.tuning(*QUIET, *only("benchmark"), "-o", "t.h5")
        results = self.json("comprehensive_optimized_benchmark.json")["results"]
        for row in results["latency"]["scenarios"]:
            expected = SUITE["latency"][row["output_tokens"]]
            self.assertAlmostEqual(row["mean_latency"] / expected, 1, delta=0.02)
        batches = {row["batch_size"]: row["elapsed_time"] for row in results["batch_throughput"]}
        for size, expected in SUITE["batch"].items():
            self.assertAlmostEqual(batches[size] / expected, 1, delta=0.02)

    def means(self, w, rows, column):
        return float(np.mean(w[column][rows]))

    def test_files_are_the_means_of_the_worlds(self):
        self.tuning(*QUIET, "-o", "t.h5")
        w = Worlds(self.path("t.h5"))
        self.assertEqual({p.name[2:] for p in self.folder.glob("t_*.json")}, set(FILES))

        def check(row, rows, keys):
            self.assertGreater(rows.sum(), 0)
            for key, (column, scale) in keys.items():
                self.assertAlmostEqual(row[key], scale * self.means(w, rows, column), places=9)

        queue = self.json("queue_time_optimization.json")
        step = np.isin(w["step"], QUEUE_STEPS)
        keys = {"throughput": ("throughput_output_tokens_per_s", 1),
                "total_elapsed": ("makespan_s", 1), "estimated_queue_time": ("mean_queue_time_s", 1),
                "queue_time_percentage": ("queue_time_share", 100),
                "queue_time_ratio_of_medians_percentage": ("median_queue_time_ratio", 100),
                "peak_running": ("peak_running", 1)}
        mixed = w["scheduler_mode"] == "mixed"
        self.assertEqual(queue["test_values"], sorted(set(w["max_num_seqs"][step & mixed])))
        for row in queue["results"]:
            check(row, step & mixed & (w["max_num_seqs"] == row["max_num_seqs"]), keys)
            self.assertAlmostEqual(row["estimated_queue_time"] + row["estimated_generation_time"],
                                   row["avg_latency_per_request"])
        for row in queue["client_batches"]:
            check(row, step & ~mixed & (w["client_batch"] == row["client_batch"]), keys)
        self.assertEqual(queue["optimal"]["queue_time_percentage"],
                         min(row["queue_time_percentage"] for row in queue["results"]))
        client = step & ~mixed & (w["client_batch"] == 16)
        self.assertAlmostEqual(queue["week2_baseline"]["queue_time_percentage"],
                               100 * self.means(w, client, "queue_time_share"))

        limits = self.json("max_num_seqs_optimization.json")
        self.assertEqual(limits["batch_size"], 32)
        for row in limits["results"]:
            check(row, (w["step"] == "max_num_seqs") & (w["max_num_seqs"] == row["max_num_seqs"]),
                  {"throughput": ("throughput_output_tokens_per_s", 1),
                   "elapsed_time": ("makespan_s", 1)})
        for row in self.json("memory_optimization.json")["results"]:
            check(row, (w["step"] == "memory")
                  & (w["gpu_memory_utilization"] == row["mem_utilization"]),
                  {"avg_latency_per_request": ("mean_latency_s", 1), "kv_blocks": ("kv_blocks", 1),
                   "preemptions": ("preemptions", 1)})

        chunks = self.json("chunked_prefill_optimization.json")
        self.assertEqual(chunks["sequence_lengths_tested"], [100, 200, 300, 400, 500])
        self.assertEqual([row["max_num_batched_tokens"] for row in chunks["results"]],
                         [2048, 4096, 8192, None])
        for row in chunks["inter_token_latency"]:
            tokens = row["max_num_batched_tokens"] or 16384
            check(row, (w["step"] == "chunked_itl") & (w["max_num_batched_tokens"] == tokens),
                  {"max_itl": ("max_itl_s", 1), "p99_itl": ("p99_itl_s", 1)})

        bench = self.json("comprehensive_optimized_benchmark.json")
        burst = (w["step"] == "benchmark_mix") & (w["workload_arrivals_kind"] == "burst")
        check(bench["results"]["production"], burst,
              {"p95_latency": ("p95_latency_s", 1), "throughput": ("throughput_output_tokens_per_s", 1),
               "requests_per_second": ("throughput_requests_per_s", 1)})
        self.assertEqual(len(bench["results"]["sequence_length"]), 1 + 4 * 6)

    def test_findings_are_those_of_the_worlds(self):
        self.tuning(*QUIET, "-o", "t.h5")
        w = Worlds(self.path("t.h5"))
        step = np.isin(w["step"], QUEUE_STEPS) & (w["scheduler_mode"] == "mixed")
        limits = sorted(set(w["max_num_seqs"][step]))
        metrics = [name for name, role in w.roles.items() if role == "metric"]

        def rows(limit):
            return np.flatnonzero(step & (w["max_num_seqs"] == limit))

        def same(a, b):
            return all(np.array_equal(w[name][rows(a)], w[name][rows(b)],
                                      equal_nan=w[name].dtype.kind == "f") for name in metrics)

        shares = {m: self.means(w, rows(m), "queue_time_share") for m in limits}
        below = min(m for m in limits if shares[m] < 0.5)
        unchanged = min(m for m in limits if all(same(m, later) for later in limits if later > m))
        self.assertIn(below - 1, limits)  # the first, not the first of some
        self.assertAlmostEqual(below, 25, delta=1)
        self.assertGreaterEqual(unchanged, max(w["peak_running"][step]))
        self.assertEqual(max(w["peak_running"][step]), 100)
        answer = "\n".join(self.findings("Answer"))
        self.assertIn(f"falls below 50 % at max_num_seqs = {below}: {100 * shares[below]:.3g} %", answer)
        self.assertIn(f"from max_num_seqs = {unchanged} to 4,096 no metric changes", answer)
        self.assertIn("at most 100 sequences ever run at a time", answer)
        client = (w["step"] == "queue_time") & (w["client_batch"] == 16)
        ratio = 100 * self.means(w, client, "median_queue_time_ratio")
        self.assertIn(f"the median queue time is {ratio:.3g} % of the median latency", answer)
        self.assertLess(self.means(w, rows(256), "median_queue_time_ratio"), 1e-6)
        # After: what was found.
        after = (w["step"] == "comparison") & (w["scheduler_mode"] == "mixed")
        self.assertEqual(set(w["max_num_seqs"][after]), {unchanged})

        # Both bounds are of requests that are alone: no queue, and more than the goal.
        targets = self.json("comprehensive_optimized_benchmark.json")["targets"]
        self.assertEqual(self.findings("Targets"), [t["text"] for t in targets])
        self.assertEqual([t["reached"] for t in targets], [True, True, True, False, False])
        alone = (w["step"] == "benchmark_mix") & (w["rate_per_s"] == 0.1)
        self.assertEqual(set(w["peak_running"][alone]), {1})
        self.assertAlmostEqual(targets[4]["value"], self.means(w, alone, "p95_latency_s"))
        self.assertGreater(targets[4]["value"], 2)
        longs = (w["step"] == "benchmark_lengths") & (w["workload_requests"] == 100)
        self.assertAlmostEqual(targets[3]["value"], self.means(w, longs, "p95_latency_s"))
        tokens = 1 + (3 - self.means(w, longs, "p50_ttft_s")) / self.means(w, longs, "p50_tpot_s")
        self.assertIn(f"3 s are enough for {int(tokens)} tokens", targets[3]["text"])

    def test_the_experiments_of_the_reference_come_out(self):
        self.tuning(*QUIET, *only("queue-time"), "--seeds", "20", "-o", "t.h5")
        queue = self.json("queue_time_optimization.json")
        clients = {row["client_batch"]: row for row in queue["client_batches"]}
        self.assertAlmostEqual(clients[16]["requests_per_second"], 4.3, delta=0.3)
        self.assertAlmostEqual(clients[16]["queue_time_percentage"], 73, delta=2)
        by_limit = {row["max_num_seqs"]: row for row in queue["results"]}
        for limit, per_s, share in ((8, 7.3, 84), (16, 11.7, 69), (32, 16.5, 42), (64, 19, 11),
                                    (128, 19.35, 0)):
            self.assertAlmostEqual(by_limit[limit]["requests_per_second"] / per_s, 1, delta=0.1)
            self.assertAlmostEqual(by_limit[limit]["queue_time_percentage"], share, delta=5)

    def test_files_say_what_they_are_of_and_the_study_names_them(self):
        out, _ = self.tuning(*QUIET, "--seed", "7", "--seeds", "2", "-o", "t.h5")
        lines = out[out.index("result: t.h5"):].splitlines()
        self.assertEqual([line.strip() for line in lines[1:]], ["t_" + name for name in sorted(FILES)])
        for name in FILES:
            with self.subTest(name):
                content = self.json(name)
                self.assertEqual((content["result_file"], content["seed"]), ("t.h5", 7))
                self.assertEqual([content["server"]], self.findings("Server"))
        # Alone, all percentiles are the request's own latency; tokens are those of one request.
        for config in self.json("chunked_prefill_optimization.json")["results"]:
            for row in config["results_by_length"]:
                self.assertEqual(row["actual_tokens"], row["target_length"])
                self.assertEqual({row["p50"], row["p95"]}, {row["mean"]})
        results = self.json("comprehensive_optimized_benchmark.json")["results"]
        for row in results["latency"]["scenarios"]:
            self.assertEqual(row["actual_tokens"], row["output_tokens"])

    def test_the_server_section_counts_the_worlds_beyond_what_was_measured(self):
        self.tuning(*QUIET, *only("queue-time"), "-o", "t.h5")
        running = Worlds(self.path("t.h5"))["peak_running"]
        self.assertIn(f"which {(running > 32).sum()} of {len(running)} worlds run",
                      self.findings("Server")[0])

    def test_client_batches_are_not_blamed_for_what_the_server_limits(self):
        self.tuning(*QUIET, *only("queue-time"), "--requests", "2000", "-o", "t.h5")
        text = next(f for f in self.findings("Answer") if f.startswith("Client batches"))
        self.assertNotIn("the waiting is the client's batches", text)
        self.assertIn("of 2,000 requests at most 256 run at a time", text)

    def test_a_gpu_that_is_too_small_is_refused_before_anything_runs(self):
        _, err = self.tuning(*QUIET, "--gpu-memory-gb", "24", "-o", "t.h5", code=2)
        self.assertIn("invalid --gpu-memory-gb=24", err)
        self.assertIn("give at least 24.66, or --skip-memory", err)
        self.assertEqual(list(self.folder.iterdir()), [])
        self.tuning(*QUIET, "--gpu-memory-gb", "24", "--skip-memory", "--seeds", "1", "-o", "t.h5")
        self.tuning(*QUIET, "--gpu-memory-gb", "24.66", "--seeds", "1", *only("memory"), "-o", "m.h5")
        for name in ("t.h5", "m.h5"):
            self.assertEqual(set(Worlds(self.path(name))["status"]), {"completed"})

    def test_a_step_that_fails_is_named_and_the_others_go_on(self):
        out, err = self.tuning(*QUIET, "--skip-queue-time", "--skip-chunked-prefill", "-o", "t.h5",
                               code=2)
        self.assertIn("error: comparison: the comparison needs the results of queue-time", err)
        self.assertEqual(out.splitlines()[-1], "failed: comparison")
        self.assertEqual(self.findings("Left out"), ["There are no results of queue_time, "
                                                     "chunked_latency, chunked_itl, comparison: "
                                                     "skipped, or failed."])
        there = set(Worlds(self.path("t.h5"))["step"])
        left_out = {*QUEUE_STEPS, "chunked_latency", "chunked_itl", "comparison"}
        self.assertEqual(there, set(STEPS) - left_out)
        self.assertEqual({p.name[2:] for p in self.folder.glob("t_*.json")},
                         {name for name, steps in FILES.items() if not left_out & set(steps)})
        self.tuning(*QUIET, *only("comparison"), "-o", "x.h5", code=2)
        self.assertFalse(self.path("x.h5").exists())
        self.tuning(*QUIET, *only("comparison"), "--max-num-seqs", "48", "-o", "x.h5")
        self.assertIn("max_num_seqs = 48", self.findings("Answer", "x.h5")[0])

    def test_without_results_there_is_nothing_to_draw(self):
        out, err = self.tuning("-q", *only(), "-o", "n.h5", code=2)
        self.assertIn("figures: nothing to draw (n.h5 is not there", err)
        self.assertEqual(out, "failed: figures\n")

    def test_experiments_add_to_the_file_and_are_not_run_again(self):
        self.tuning(*QUIET, *only("queue-time"), "-o", "t.h5")
        self.assertEqual({p.name[2:] for p in self.folder.glob("t_*.json")}, {"queue_time_optimization.json"})
        _, err = self.tuning("--skip-figures", "--skip-queue", "--skip-max-seqs", "--skip-benchmark",
                             "--skip-chunked-prefill", "-o", "t.h5")
        self.assertNotIn("queue_time:", err)
        _, err = self.tuning("--skip-figures", *only("queue-time", "memory", "comparison"), "-o", "t.h5")
        self.assertEqual(err.count("already there"), 4)
        self.assertEqual(set(Worlds(self.path("t.h5"))["step"]), {*QUEUE_STEPS, "memory", "comparison"})

    def test_an_interrupted_study_goes_on(self):
        arguments = ["--requests", "20000", *only("queue-time", "memory"), "--skip-figures"]
        self.tuning(*arguments, "-q", "-o", "expected.h5")
        process = self.start("study", "tuning", *arguments, "-o", "t.h5", "--max-memory", "64M")
        deadline = time.monotonic() + 120
        while not self.path("t.h5").exists():
            self.assertIsNone(process.poll(), "the study ended before it was interrupted")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)
        process.send_signal(signal.SIGTERM)
        process.communicate()
        self.assertEqual(process.returncode, 75)
        self.assertEqual(set(Worlds(self.path("t.h5"))["step"]), {"queue_time"})
        _, err = self.tuning(*arguments, "-o", "t.h5")
        self.assertIn("queue_time: already there", err)
        a, b = Worlds(self.path("t.h5")), Worlds(self.path("expected.h5"))
        for name in a.columns:
            np.testing.assert_array_equal(a[name], b[name], name)

    @unittest.skipUnless(can_report(), "the program was built without reports")
    def test_figures_are_a_page_beside_the_output(self):
        self.path("sub").mkdir()
        out, _ = self.tuning("-q", *only("queue-time"), "-o", "sub/t.h5")
        self.assertIn("sub/t.html", out)
        self.assertIn("queue_time", self.path("sub/t.html").read_text())
        self.path("sub/t.html").write_text("mine")
        _, err = self.tuning("-q", *only("queue-time"), "-o", "sub/t.h5", code=2)
        self.assertIn("figures: sub/t.html exists (and is no report)", err)
        self.assertEqual(self.path("sub/t.html").read_text(), "mine")


if __name__ == "__main__":
    unittest.main()
