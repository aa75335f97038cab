"""Traces that look like others, are too long or hold sessions: what the commands make of them."""

import gzip
import json
import resource
import subprocess
import unittest

import h5py
from servesweep_cli import PROGRAM, WITHOUT_ASAN, CliTest

SERVER = """
engine = "continuous"
[workload]
trace = "t.jsonl"
[kv_cache]
sizing = "blocks"
num_blocks = 4096
prefix_caching = true
[service]
base_ms = 1.0
per_sequence_ms = 0.0
"""


def rows(*members):
    return "".join(json.dumps(row) + "\n" for row in members)


class LookAlikes(CliTest):
    def run_server(self, *more):
        self.cli("run", "s.toml", "-o", "out.h5", "--fresh", "-q", *more)
        with h5py.File(self.folder / "out.h5") as file:
            return file["worlds/cached_tokens"][0]

    # Turns of Qwen-Bailian's format: seconds, blocks of 16 tokens.
    def test_bailian_has_seconds_and_blocks_of_16(self):
        self.write("s.toml", SERVER)
        first, second = list(range(10)), list(range(10)) + list(range(20, 30))
        self.write("t.jsonl", rows(
            {"chat_id": 0, "parent_chat_id": -1, "timestamp": 0.0, "input_length": 160, "output_length": 5,
             "turn": 1, "hash_ids": first},
            {"chat_id": 1, "parent_chat_id": -1, "timestamp": 10.5, "input_length": 320, "output_length": 5,
             "turn": 1, "hash_ids": second},
            {"chat_id": 2, "parent_chat_id": 1, "timestamp": 61.114, "input_length": 521, "output_length": 5,
             "turn": 2, "hash_ids": second + list(range(30, 43))}))
        summary = json.loads(self.cli("workload", "info", "t.jsonl", "--json")[0])
        self.assertEqual(summary["format"], "bailian")
        self.assertEqual(summary["times"], "seconds")
        self.assertEqual(summary["span_s"], 61.114)
        self.assertEqual(summary["prefixes"]["block_tokens"], 16)
        self.assertAlmostEqual(summary["prefixes"]["ideal_hit_rate"], 480 / 1001)
        self.assertEqual(summary["sessions"]["sessions"], 2)
        self.assertEqual(self.run_server("-s", "block_size=16"), 480)

    # Mooncake's columns with blocks of 16 tokens.
    def test_hashes_of_smaller_blocks_need_hash_block(self):
        self.write("s.toml", SERVER)
        shared = list(range(48))
        self.write("t.jsonl", rows(
            {"timestamp": 0, "input_length": 1024, "output_length": 4, "hash_ids": shared + list(range(50, 66))},
            {"timestamp": 5000, "input_length": 1024, "output_length": 4,
             "hash_ids": shared + list(range(100, 116))}))
        _, err = self.cli("run", "s.toml", "-o", "out.h5", "-s", "block_size=512", code=2)
        self.assertIn("t.jsonl:1:72: too many hashes: 64 for 1024 tokens", err)
        self.assertIn("(16 fits all lists)", err)
        self.assertEqual(self.run_server("-s", "hash_block=16", "-s", "block_size=16"), 768)

    def test_times_that_are_no_whole_milliseconds_are_a_warning(self):
        self.write("t.jsonl", rows(
            {"timestamp": 0.0, "input_length": 10, "output_length": 5, "hash_ids": [0]},
            {"timestamp": 0.4, "input_length": 15, "output_length": 6, "hash_ids": [2]}))
        out, err = self.cli("workload", "info", "t.jsonl")
        self.assertIn("warning: t.jsonl: times are read as milliseconds, but some are no whole ones", err)
        self.assertIn("times          milliseconds\n", out)
        out, err = self.cli("workload", "info", "t.jsonl", "--time-unit", "s")
        self.assertEqual(err, "")
        self.assertIn("span           0.4 s\n", out)
        self.write("b.toml", '[workload]\ntrace = "t.jsonl"\n')
        self.assertIn("warning: t.jsonl: times are read", self.cli("run", "b.toml", "-o", "b.h5", "-q")[1])
        self.assertEqual(self.cli("run", "b.toml", "-o", "s.h5", "-q", "-s", "time_unit=s")[1], "")


class Limits(CliTest):
    # As long as the third file of BurstGPT's release 2.
    def test_spans_are_checked_after_requests(self):
        self.write("long.csv", "Timestamp,Session ID,Model,Request tokens,Response tokens\n"
                               "19440110.0,u-1,GPT-4,906,446\n19440161.0,,ChatGPT,36,29\n"
                               "28943983.0,,GPT-4,50,30\n")
        self.assertIn("span           9503873 s\n", self.cli("workload", "info", "long.csv")[0])
        self.write("s.toml", '[workload]\ntrace = "long.csv"\n')
        _, err = self.cli("run", "s.toml", "-o", "out.h5", code=2)
        self.assertIn("arrivals span 9503873 s (at most 9007199 s, 104 days, keep the clock exact; the first 2 "
                      "of 3 requests do) set workload.requests = 2 or less", err)
        self.cli("run", "s.toml", "-o", "scaled.h5", "-q", "-s", "rps_scaling=200")
        self.cli("run", "s.toml", "-o", "two.h5", "-q", "-s", "requests=2")
        with h5py.File(self.folder / "two.h5") as file:
            makespan_s = file["worlds/makespan_s"][0]
            self.assertGreater(makespan_s, 51)
            self.assertLess(makespan_s, 1000)


class Sessions(CliTest):
    TURNS = rows(
        {"session_id": "a", "timestamp": 0, "input_length": 1024, "output_length": 5, "hash_ids": [1, 2]},
        {"session_id": "a", "delay": 5000, "input_length": 2048, "output_length": 5, "hash_ids": [3, 4, 5, 6]},
        {"session_id": "b", "timestamp": 1000, "input_length": 512, "output_length": 5, "hash_ids": [1]})

    def test_turns_with_a_delay_are_shown_and_not_simulated(self):
        self.write("t.jsonl", self.TURNS)
        summary = json.loads(self.cli("workload", "info", "t.jsonl", "--json")[0])
        self.assertEqual(summary["requests"], 3)
        self.assertEqual(summary["sessions"], {"sessions": 2, "mean_turns": 1.5, "max_turns": 2, "waiting": 1,
                                               "mean_delay_s": 5.0, "median_delay_s": 5.0})
        self.write("s.toml", '[workload]\ntrace = "t.jsonl"\n')
        _, err = self.cli("run", "s.toml", "-o", "out.h5", code=2)
        self.assertIn("t.jsonl has sessions (1 request with a delay after the answer before", err)
        self.assertIn("use it for lengths only", err)

    def test_their_lengths_are_of_use(self):
        self.write("t.jsonl", self.TURNS)
        self.write("s.toml", "[workload]\nrequests = 50\n"
                   + "".join(f'[workload.lengths.{which}]\nkind = "empirical"\ntrace = "t.jsonl"\n'
                             for which in ("prompt", "output")))
        self.cli("run", "s.toml", "-o", "out.h5", "-q")


@WITHOUT_ASAN
class Bombs(CliTest):
    # 1 GB of zero bytes, and 1 GB of rows, of which each compresses to a megabyte or a few.
    def measure(self, path, *more):
        done = subprocess.run(["/usr/bin/env", PROGRAM, "workload", "info", path, *more], cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)))
        return done.returncode, done.stderr

    def write_gzip(self, name, start, piece, count):
        with gzip.open(self.path(name), "wb", compresslevel=1) as file:
            file.write(start)
            for _ in range(count):
                file.write(piece)
        return name

    def test_zeros_are_refused_at_once(self):
        header = b"arrival_s,prompt_tokens,output_tokens\n"
        bomb = self.write_gzip("zeros.csv", header, bytes(1 << 20), 1000)
        code, err = self.measure(bomb)
        self.assertEqual(code, 2)
        self.assertIn("zeros.csv: not a text (a zero byte in line 2)", err)

    def test_rows_are_within_max_memory(self):
        header = b"arrival_s,prompt_tokens,output_tokens\n"
        bomb = self.write_gzip("rows.csv", header, b"1,1,1\n" * 170000, 100)
        code, err = self.measure(bomb, "--max-memory", "64M")
        self.assertEqual(code, 2)
        self.assertIn("more than the 64.0 MiB that they may) raise --max-memory", err)
        self.write("s.toml", f'[workload]\ntrace = "{bomb}"\n')
        self.assertIn("--max-memory", self.cli("plan", "s.toml", "--max-memory", "64M", code=2)[1])


if __name__ == "__main__":
    unittest.main()
