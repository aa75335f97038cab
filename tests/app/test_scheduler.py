"""Rules of vLLM's scheduler on inputs small enough to work out by hand (tests/data/scheduler), and on
random ones by an independent step model, which is skipped where SERVESWEEP_SHARED does not lead to it."""

import csv
import os
import pathlib
import random
import sys
import unittest

import h5py
import numpy
from servesweep_cli import SOURCE, CliTest

DATA = SOURCE / "tests/data/scheduler"
ORACLE = pathlib.Path(os.environ.get("SERVESWEEP_SHARED", "missing"), "cases/_oracle")
BLOCKS_16 = ("-s", "block_size=16")


class Scheduler(CliTest):
    def world(self, sweep, *options, trace=None):
        """The only world of a run, as numbers by column."""
        named = ["-s", f"workload.trace={DATA / trace}"] if trace else []
        self.cli("run", DATA / sweep, "--fresh", "-o", "out.h5", *named, *options)
        self.cli("export", "out.h5", "--csv", "out.csv")
        with open(self.path("out.csv")) as file:
            (row,) = csv.DictReader(file)
        return row

    def check(self, row, **expected):
        for column, value in expected.items():
            with self.subTest(column):
                self.assertAlmostEqual(float(row[column]), value, places=9)

    def test_a_request_enters_only_where_its_whole_sequence_fits(self):
        # A takes 4 chunks of 1 + 3.2 ms and 39 decodes of 1 ms; B's 8 blocks are free after it.
        self.check(self.world("isl.toml"), preemptions=0, recomputed_tokens=0,
                   mean_latency_s=0.0837, makespan_s=0.1116)
        # Older servers look at the next chunk.
        self.check(self.world("isl.toml", "-s", "reserve_full_isl=false", "-s",
                              "async_scheduling=false"),
                   preemptions=16, recomputed_tokens=496, mean_latency_s=0.1333, makespan_s=0.1612)

    def test_the_class_that_matters_least_is_preempted(self):
        synchronous = ("-s", "async_scheduling=false")
        row = self.world("prio.toml", *synchronous)
        self.check(row, preemptions=1, mean_latency_s=0.05225, max_latency_s=0.064)
        with h5py.File(self.path("out.h5")) as file:
            classes = {name: list(file["classes"][name]) for name in file["classes"]}
        self.assertEqual(classes["row_size"], [2])
        self.assertEqual(classes["priority"], [0, 1])
        self.assertEqual(classes["completed"], [1, 1])
        self.assertEqual(classes["preemptions"], [0, 1])
        for column in ("mean_latency_s", "p99_latency_s"):
            numpy.testing.assert_allclose(classes[column], [0.0405, 0.064], rtol=0.004)
        # Their first tokens come with the first and the second iteration.
        numpy.testing.assert_allclose(classes["mean_ttft_s"], [0.0015, 0.001], rtol=1e-9)
        numpy.testing.assert_allclose(classes["goodput_requests_per_s"], [1 / 0.064] * 2, rtol=1e-9)
        # By arrival it is the other one.
        self.check(self.world("prio.toml", "-s", "queue_policy=fcfs", *synchronous), preemptions=1,
                   max_latency_s=0.0635)
        # What arrives at 0.5 ms, in the first iteration, enters one iteration later.
        self.check(self.world("prio.toml"), preemptions=1, max_latency_s=0.065,
                   mean_latency_s=0.05325)
        # Requests of one class have no table of classes.
        self.world("isl.toml")
        with h5py.File(self.path("out.h5")) as file:
            self.assertEqual(list(file["classes/row_size"]), [0])

    def test_prompts_without_a_full_block(self):
        for trace, options, completed in (("short.jsonl", (), 2), ("short_lss.jsonl", BLOCKS_16, 1)):
            row = self.world("prefixes.toml", *options, trace=trace)
            plain = self.world("prefixes.toml", "-s", "prefix_caching=false", *options, trace=trace)
            self.check(row, completed=completed, cached_tokens=0, prefix_hit_rate=0)
            for column in ("makespan_s", "mean_latency_s", "mean_ttft_s", "p99_tpot_s"):
                self.assertEqual(row[column], plain[column], column)
        self.check(self.world("prefixes.toml", trace="short.jsonl"), makespan_s=1.004,
                   mean_latency_s=0.004)

    def test_kv_blocks_are_smaller_or_larger_than_the_blocks_of_hashes(self):
        self.check(self.world("prefixes.toml", *BLOCKS_16, "-s", "num_blocks=512", trace="mk.jsonl"),
                   completed=64, cached_tokens=0, mean_latency_s=0.020, peak_running=64)
        # 1,024 tokens of the second prompt were in the first.
        for size in (16, 32, 512, 1024):
            row = self.world("prefixes.toml", "-s", f"block_size={size}", "-s",
                             f"num_blocks={32768 // size}", trace="mk2.jsonl")
            self.check(row, cached_tokens=1024, cached_prompt_tokens=1024,
                       prefix_hit_rate=1024 / 2560)
        _, said = self.cli("run", DATA / "prefixes.toml", "--fresh", "-o", "out.h5", "-s", "block_size=24", "-s",
                           f"workload.trace={DATA / 'mk2.jsonl'}", code=2)
        self.assertIn("take a divisor or a multiple of that", said)

    def test_what_a_preempted_request_finds_of_its_own_is_no_hit(self):
        row = self.world("prefixes.toml", *BLOCKS_16, "-s", "num_blocks=6", "-s", "max_num_seqs=8",
                         "-s", "max_num_batched_tokens=64", trace="nosh.jsonl")
        self.check(row, preemptions=1, cached_tokens=16, cached_prompt_tokens=0,
                   cached_recomputed_tokens=16, prefix_hit_rate=0)

    def test_long_prompts_leave_room_for_others(self):
        self.write("two.csv", "arrival_s,prompt_tokens,output_tokens\n0,300,1\n0,10,1\n")
        self.write("long.toml", 'engine = "continuous"\n[workload]\ntrace = "two.csv"\n[kv_cache]\n'
                   'sizing = "blocks"\n[scheduler]\nmax_num_batched_tokens = 110\n'
                   'max_num_seqs = 8\n[service]\nbase_ms = 1.0\nper_sequence_ms = 0.0\n')
        for options, first_ms, last_ms in (((), 3, 3),
                                           (("-s", "long_prefill_token_threshold=100"), 1, 3)):
            self.cli("run", "long.toml", "--fresh", "-o", "out.h5", *options)
            self.cli("export", "out.h5", "--csv", "out.csv")
            with open(self.path("out.csv")) as file:
                (row,) = csv.DictReader(file)
            self.check(row, mean_ttft_s=(first_ms + last_ms) / 2e3, max_ttft_s=last_ms / 1e3)
        _, said = self.cli("run", "long.toml", "--fresh", "-o", "out.h5", "-s", "max_long_partial_prefills=1",
                           code=2)
        self.assertIn("without long_prefill_token_threshold no prompt is long", said)

    @unittest.skipUnless(ORACLE.is_dir(), "there is no step model")
    def test_random_worlds_equal_the_step_model(self):
        sys.path.insert(0, str(ORACLE))
        from vllm_v1 import simulate
        preemptions = 0
        for seed in range(40):
            draw = random.Random(seed)
            policy, blocks = draw.choice(["fcfs", "priority"]), draw.randint(6, 24)
            rules = {"budget": draw.choice([16, 32, 64, 128]), "max_seqs": draw.choice([2, 4, 8]),
                     "full_isl": draw.random() < 0.6, "per_prompt": draw.choice([0, 37, 100]),
                     "per_seq": draw.choice([0, 50])}
            requests, now_us = [], 0
            for i in range(draw.randint(2, 25)):
                now_us += draw.choice([0, 0, 500, 1000, 7000, 20000]) if i > 0 else 0
                prompt = draw.randint(1, 60)
                output = draw.randint(1, min(60, blocks * 16 - prompt))
                requests.append((now_us, prompt, output, draw.randint(0, 2)))
            self.write("random.csv", "arrival_s,prompt_tokens,output_tokens,priority\n" + "".join(
                f"{at_us / 1e6:.6f},{prompt},{output},{priority}\n"
                for at_us, prompt, output, priority in requests))
            sweep = self.write("random.toml", f"""engine = "continuous"
workload.trace = "random.csv"
[scheduler]
async_scheduling = false
reserve_full_isl = {str(rules["full_isl"]).lower()}
queue_policy = "{policy}"
max_num_seqs = {rules["max_seqs"]}
max_num_batched_tokens = {rules["budget"]}
[kv_cache]
sizing = "blocks"
num_blocks = {blocks}
[service]
base_ms = 1.0
per_sequence_ms = {rules["per_seq"] / 1e3}
per_prompt_token_ms = {rules["per_prompt"] / 1e3}
""")
            served, preempted, recomputed, iterations = simulate(requests, blocks, policy=policy,
                                                                 base=1000, **rules)
            with self.subTest(seed):
                self.check(self.world(self.path(sweep)), preemptions=preempted,
                           recomputed_tokens=recomputed, iterations=iterations,
                           makespan_s=max(r["end"] for r in served) / 1e6,
                           mean_latency_s=sum(r["end"] - r["a"] for r in served) / len(served) / 1e6)
            preemptions += preempted
        self.assertGreater(preemptions, 50)


if __name__ == "__main__":
    unittest.main()
