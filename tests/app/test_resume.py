"""Results do not depend on how they came about: killed and resumed, in chunks, on threads."""

import signal
import time
import unittest

import h5py
from servesweep_cli import FIXED, CliTest

SWEEP = """
replications = 4
[workload]
preset = "burstgpt-like"
requests = [200, 300]
rps = { from = 1, to = 100, num = 5, scale = "log" }
[scheduler]
kind = ["static_fifo", "multi_bin_dynamic"]
k_bins = [1, 2, 4, 8]
[cluster]
num_gpus = [1, 2, 3, 4]
"""
WORLDS = 4 * 2 * 5 * (1 + 4) * 4
SMALL_CHUNKS = ["--max-memory", "400K"]
# Slower chunks, to be hit in the middle of a run.
SLOW = ["-s", "requests=[4000, 5000]", "--max-memory", "3M"]


class Resume(CliTest):
    def setUp(self):
        super().setUp()
        self.write("s.toml", SWEEP)

    def shards(self):
        return sorted(self.folder.glob("out.h5.parts/shard-*.h5"))

    def run_to(self, output, *more):
        self.cli("run", "s.toml", "-o", output, *FIXED, *more)
        return self.path(output).read_bytes()

    def wait_for_shards(self, process, count):
        deadline = time.monotonic() + 120
        while len(self.shards()) < count:
            self.assertIsNone(process.poll(), "the run ended before it could be interrupted")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.005)

    def test_killed_runs_go_on_to_the_same_bytes(self):
        expected = self.run_to("expected.h5", *SLOW)
        for shards in (1, 4):
            process = self.start("run", "s.toml", "-o", "out.h5", *FIXED, *SLOW)
            self.wait_for_shards(process, shards)
            process.kill()
            process.wait()
            self.assertFalse(self.path("out.h5").exists())
        out, _ = self.cli("plan", "s.toml", "-o", "out.h5", *SLOW)
        self.assertRegex(out, r"output +out.h5 \(\d+ of 800 worlds are done\)")
        _, err = self.cli("run", "s.toml", "-o", "out.h5", *FIXED, *SLOW)
        self.assertRegex(err, r"resuming: \d+ of 800 worlds are done")
        self.assertEqual(self.path("out.h5").read_bytes(), expected)
        self.assertFalse(self.path("out.h5.parts").exists())

    def test_signals_finish_the_chunk_and_exit_75(self):
        expected = self.run_to("expected.h5", *SLOW)
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start("run", "s.toml", "-o", "out.h5", *FIXED, *SLOW)
            before = len(self.shards())
            self.wait_for_shards(process, before + 1)
            process.send_signal(number)
            _, err = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 75, err)
            self.assertIn("stopping: ", err)
            self.assertRegex(err, r"interrupted: \d+ of 800 worlds are done; the same command")
            self.assertFalse(self.path("out.h5").exists())
        self.assertEqual(self.run_to("out.h5", *SLOW), expected)

    def test_a_time_limit_comes_to_an_end(self):
        runs = 0
        limited = ["run", "s.toml", "-o", "out.h5", *FIXED, "--max-memory", "1M", "--max-time", "0s"]
        while not self.path("out.h5").exists():
            shards = len(self.shards())
            runs += 1
            self.assertLess(runs, 50)
            process = self.start(*limited)
            _, err = process.communicate(timeout=120)
            self.assertIn(process.returncode, (0, 75), err)
            if process.returncode == 75:
                self.assertIn("--max-time is up", err)
                self.assertEqual(len(self.shards()), shards + 1)  # one chunk, always
        self.assertGreater(runs, 1)
        self.assertEqual(self.path("out.h5").read_bytes(), self.run_to("expected.h5"))

    def test_unfinished_parts_of_another_sweep_are_refused(self):
        limited = ["run", "s.toml", "-o", "out.h5", "--max-memory", "1M", "--max-time", "0s"]
        self.cli(*limited, code=75)
        other = ["run", "s.toml", "-o", "out.h5", "-s", "seed=7"]
        _, err = self.cli(*other, code=2)
        self.assertIn("unfinished run of another sweep", err)
        self.assertIn("--fresh", err)
        self.cli(*other, "--fresh")
        with h5py.File(self.path("out.h5")) as file:
            self.assertEqual(file.attrs["seed"], 7)

    def test_damaged_parts_run_again(self):
        limited = ["run", "s.toml", "-o", "out.h5", *FIXED, "--max-memory", "1M", "--max-time", "0s"]
        self.cli(*limited, code=75)
        shard = self.shards()[0]
        shard.write_bytes(shard.read_bytes()[:1000])
        _, err = self.cli("run", "s.toml", "-o", "out.h5", *FIXED)
        self.assertIn("warning: discarded the damaged part", err)
        self.assertEqual(self.path("out.h5").read_bytes(), self.run_to("expected.h5"))

    def test_neither_chunks_nor_threads_change_a_byte(self):
        expected = self.run_to("one.h5", "--threads", "1")
        self.assertEqual(self.run_to("two.h5", "--threads", "2"), expected)
        self.assertEqual(self.run_to("chunks.h5", *SMALL_CHUNKS), expected)
        with h5py.File(self.path("one.h5")) as file:
            self.assertEqual(file["worlds/world"].shape, (WORLDS,))


if __name__ == "__main__":
    unittest.main()
