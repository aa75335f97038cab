"""Whoever follows a how-to page gets what the page promises: the blocks of all pages are applied to one copy
of the sources, which is built; each page's example is then run. Skipped without SERVESWEEP_FULL_TESTS
(scripts/test --full), because it compiles the program."""

import csv
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import doc_pages
import h5py
import servesweep_cli
from servesweep_cli import FIXED, PROGRAM, SOURCE, CliTest

# Page: how many files it may change, generated pages not counted.
MOST_FILES = {"router": 5, "queue_policy": 4, "scheduling_mode": 4, "metric": 3}

# No time is measured, and the example's tests need few worlds: what counts is the time to compile.
CONFIGURE = ["-DSERVESWEEP_TESTS=ON", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O0",
             "-DCMAKE_CXX_FLAGS=-DSERVESWEEP_BRIEF_TESTS", "-DCMAKE_UNITY_BUILD=ON",
             "-DCMAKE_UNITY_BUILD_BATCH_SIZE=10"]
TESTS = {"test_sim": ["--filenames-as-tags", "[#test_random_worlds]"],
         "test_reference_naive_continuous": [], "test_parity_continuous_reference": []}

SWEEP = """
engine = "continuous"
[workload]
requests = 200
real_timestamps = true
[workload.arrivals]
kind = "poisson"
rate_per_s = 2
[output]
save_histograms = true
"""


class HowTo(CliTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.tree = pathlib.Path(folder.name) / "tree"
        shutil.copytree(SOURCE, cls.tree, ignore=shutil.ignore_patterns("build*", ".git", "node_modules"))
        preset = pathlib.Path(PROGRAM).parents[1].name
        cls.bin = cls.tree / "build" / preset / "bin"
        servesweep_cli.PROGRAM = str(cls.bin / "servesweep")
        cls.files = {}
        commands = []
        for name in MOST_FILES:
            page = SOURCE / f"docs/howto_add_{name}.md"
            written = re.findall(r"`(servesweep docs [^`]* > ([^`]*))`", page.read_text())
            cls.files[name] = doc_pages.apply(page, cls.tree) + [
                file for _, file in written if not file.startswith("docs/")]
            commands += [command for command, _ in written]
        cls.shell("cmake", "--preset", preset, *CONFIGURE)
        cls.shell("cmake", "--build", "--preset", preset, "--target", "servesweep", *TESTS)
        for command in commands:
            cls.shell("bash", "-c", f"PATH={cls.bin}:$PATH; {command}")

    @classmethod
    def shell(cls, *arguments):
        done = subprocess.run(list(map(str, arguments)), cwd=cls.tree, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise AssertionError(f"{arguments}\n{done.stdout[-8000:]}")

    def run_sweep(self, *overrides):
        """Runs the sweep with these overrides and opens its result."""
        self.write("s.toml", SWEEP)
        self.cli("run", "s.toml", "-o", "out.h5", *FIXED,
                 *[word for override in overrides for word in ("-s", override)])
        file = h5py.File(self.path("out.h5"))
        self.addCleanup(file.close)
        return file

    def world_of(self, column):
        """The world of each choice that a column has."""
        names = column.attrs["flag_meanings"].split()
        return {names[code]: world for world, code in enumerate(column)}

    def test_no_page_changes_more_files_than_it_promises(self):
        for name, most in MOST_FILES.items():
            with self.subTest(name):
                self.assertLessEqual(len(set(self.files[name])), most, self.files[name])

    def test_random_worlds_draw_the_new_models_and_the_naive_simulator_agrees(self):
        for test, cases in TESTS.items():
            with self.subTest(test):
                self.shell(self.bin / test, *cases)

    def test_only_new_names_came_into_the_format(self):
        names = "tests/io/names_of_format_2.txt"
        before, after = ((tree / names).read_text().splitlines() for tree in (SOURCE, self.tree))
        new = [line for line in after if line not in before]
        self.assertEqual(len(new), 1, new)
        self.assertIn("mean_output_tokens", new[0])
        self.assertEqual([line for line in after if line not in new], before)

    def test_router(self):
        file = self.run_sweep("cluster.num_replicas=4", "workload.arrivals.rate_per_s=0.5",
                              'cluster.router=["packing","least_outstanding"]')
        completed = file["replicas/completed"][()].reshape(2, 4)
        world = self.world_of(file["worlds/cluster_router"])
        self.assertEqual(list(completed[world["packing"]]), [200, 0, 0, 0])
        self.assertLess(max(completed[world["least_outstanding"]]), 200)

    def events(self, world):
        self.cli("replay", "out.h5", "--world", world, "--events", "events.csv")
        return list(csv.DictReader(self.path("events.csv").read_text().splitlines()))

    def test_queue_policy(self):
        """One request runs at a time, and all others wait when the first ends."""
        file = self.run_sweep("workload.arrivals.rate_per_s=1e6", "workload.lengths.prompt.max_tokens=1000",
                              "scheduler.max_num_seqs=1",
                              'scheduler.queue_policy=["longest_prompt","fcfs"]')
        for policy, world in self.world_of(file["worlds/queue_policy"]).items():
            prompts = [int(row["prefill_tokens"]) for row in self.events(world) if row["prefills"] == "1"]
            self.assertEqual(len(prompts), 200)
            self.assertEqual(prompts[1:] == sorted(prompts[1:], reverse=True), policy == "longest_prompt")

    def test_scheduling_mode(self):
        """After a prefill no more sequences decode than it admitted: none ran before it."""
        file = self.run_sweep('scheduler.mode=["request_level","prefill_first"]')
        joined = {}  # decode runs with sequences from before the last prefill
        for mode, world in self.world_of(file["worlds/scheduler_mode"]).items():
            joined[mode] = admitted = 0
            for row in self.events(world):
                admitted = int(row["prefills"]) or admitted
                joined[mode] += int(row["decodes"]) > admitted
        self.assertEqual(joined["request_level"], 0)
        self.assertGreater(joined["prefill_first"], 0)

    def test_metric(self):
        worlds = self.run_sweep()["worlds"]
        self.assertEqual(worlds["mean_output_tokens"][0],
                         worlds["output_tokens"][0] / worlds["completed"][0])
        self.assertIn("mean_output_tokens", (self.tree / "docs/continuous_output_format.md").read_text())


if __name__ == "__main__":
    if "SERVESWEEP_FULL_TESTS" not in os.environ:
        print("skipped: scripts/test --full runs it")
        sys.exit(77)
    unittest.main()
