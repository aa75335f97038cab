"""run --profile: where the time goes, on stderr, in the result file and for Kokkos tools."""

import json
import os
import re
import subprocess
import unittest

import h5py
from servesweep_cli import FIXED, PROGRAM, CliTest

SWEEP = """
[workload]
preset = "burstgpt-like"
requests = 300
rps = [1.0, 10.0]
[scheduler]
kind = "multi_bin_dynamic"
k_bins = [1, 4]
[cluster]
num_gpus = [1, 2, 4, 8, 16]
"""
WORLDS = 2 * 2 * 5
BINNINGS = 2 * 2
REQUESTS = WORLDS * 300

# Labels of regions, and of the one that they are inside.
PHASES = {
    "expand": None, "start_device": None, "plan": None, "make_workload": "plan", "prepare": None,
    "bin_requests": "prepare", "run": None, "batch_engine": "run", "to_device": "run",
    "to_host": None, "convert": None,
    "wait_for_save": None, "save": None, "write_result": None,
}
LABEL = "servesweep::"


class Profile(CliTest):
    def setUp(self):
        super().setUp()
        self.write("s.toml", SWEEP)

    def profile(self, *arguments, name="out.h5"):
        """What the run printed, and the profile in its file."""
        out, err = self.cli("run", "s.toml", "-o", name, "-q", "--profile", *arguments)
        with h5py.File(self.path(name)) as file:
            return out, err, json.loads(file.attrs["profile"])

    def test_regions(self):
        _, _, profile = self.profile()
        regions = profile["regions"]
        parents = [regions[r["inside"]]["label"] if r["inside"] >= 0 else None for r in regions]
        nested = {(r["label"], parent) for r, parent in zip(regions, parents)}
        for label, inside in PHASES.items():
            self.assertIn((LABEL + label, inside and LABEL + inside), nested)
        for region in regions:
            self.assertGreaterEqual(region["calls"], 1, region)
            inner = sum(r["seconds"] for r in regions if regions[r["inside"]] is region
                        and r["inside"] >= 0)
            self.assertLessEqual(inner, region["seconds"], region)
        top = [r for r in regions if r["inside"] < 0]
        self.assertEqual([r["label"] for r in top if r["beside"]],
                         [LABEL + label for label in ("to_host", "convert", "save")])
        measured = sum(r["seconds"] for r in top if not r["beside"])
        self.assertLessEqual(measured, profile["seconds"])
        self.assertGreater(measured, 0.5 * profile["seconds"])
        self.assertEqual({r["label"] for r in regions if r["kernel"]},
                         {LABEL + "bin_requests", LABEL + "batch_engine"})

    def test_counts(self):
        _, _, profile = self.profile()
        self.assertEqual(profile["worlds"], WORLDS)
        self.assertEqual(profile["requests"], REQUESTS)
        self.assertEqual(profile["inputs_prepared"], BINNINGS)
        self.assertEqual(profile["inputs_reused"], WORLDS - BINNINGS)
        self.assertEqual(profile["allocations"], 4)  # an arena each
        self.assertGreater(profile["allocated_bytes"], 1000)
        self.assertAlmostEqual(profile["worlds_per_s"] * profile["seconds"], WORLDS, places=6)
        moved = {r["label"]: r["bytes"] for r in profile["regions"]}
        self.assertGreaterEqual(moved[LABEL + "batch_engine"], 16 * REQUESTS)
        with h5py.File(self.path("out.h5")) as file:
            results = sum(file["worlds"][name].size for name in ("arrived", "completed"))
        self.assertGreater(moved[LABEL + "to_host"], 8 * results)

    def test_a_resumed_run_counts_its_own_worlds(self):
        small = ["-s", "requests=2000", "--max-memory", "1M"]
        run = ["run", "s.toml", "-o", "out.h5", *small]
        _, err = self.cli(*run, "--max-time", "0s", "--profile", code=75)
        first = int(re.search(r"(?m)^(\d+) worlds?, ", err)[1])
        self.assertGreater(first, 0)
        _, err, profile = self.profile(*small)
        self.assertEqual(profile["worlds"], WORLDS - first)
        self.assertGreater(profile["worlds"], 0)

    def test_table(self):
        _, err, profile = self.profile()
        lines = err.strip().splitlines()
        self.assertRegex(lines[0], r"^profile +seconds +share +calls +bytes +GB/s$")
        rows = {}
        for line in lines[1:]:
            if row := re.match(r" *(\S+) +([\d.]+) +([\d.]+) %", line):
                rows[row[1]] = (float(row[2]), float(row[3]))
        for label in PHASES:
            self.assertIn(LABEL + label, rows)
        self.assertEqual(rows["total"][1], 100.0)
        self.assertGreaterEqual(rows["total"][0] + 0.0005, profile["seconds"])
        self.assertIn(f"{WORLDS} worlds, ", err)
        self.assertIn(f"inputs: {BINNINGS} prepared, {WORLDS - BINNINGS} reused", err)

    def test_show_prints_it_again(self):
        _, err, profile = self.profile()
        out, _ = self.cli("show", "out.h5", "--profile")
        for region in profile["regions"]:
            self.assertRegex(out, rf"(?m)^ *{region['label']} +{region['seconds']:.3f} ")
        self.assertEqual(re.findall("binned workloads.*", out),
                         re.findall("binned workloads.*", err))

    def test_off(self):
        out, err = self.cli("run", "s.toml", "-o", "off.h5", "-q")
        self.assertEqual(err, "")
        with h5py.File(self.path("off.h5")) as off:
            self.assertNotIn("profile", off.attrs)
        self.assertIn("run --profile", self.cli("show", "off.h5", "--profile", code=2)[1])

    def test_results_are_the_same(self):
        self.profile(name="on.h5")
        self.cli("run", "s.toml", "-o", "off.h5")
        with h5py.File(self.path("on.h5")) as on, h5py.File(self.path("off.h5")) as off:
            self.assertEqual(set(on.attrs) - set(off.attrs), {"profile"})
            for name in on["worlds"]:
                self.assertEqual(on["worlds"][name][:].tobytes(), off["worlds"][name][:].tobytes())

    def test_not_with_a_fixed_time(self):
        """Which promises equal files."""
        _, err = self.cli("run", "s.toml", "--profile", *FIXED, code=2)
        self.assertIn("--fixed-time excludes --profile", err)

    def test_a_finished_run_has_nothing_to_measure(self):
        self.profile()
        _, err = self.cli("run", "s.toml", "-o", "out.h5", "-q", "--profile")
        self.assertIn("already complete", err)
        self.assertIn("0 worlds, 0 worlds/s", err)

    def labels(self, *arguments):
        """What a Kokkos tool sees, as (kind, label)."""
        tool = os.environ["SERVESWEEP_LABEL_TOOL"]
        seen = self.path("labels.txt")
        done = subprocess.run(
            [PROGRAM, *arguments], cwd=self.folder, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "KOKKOS_PROFILE_LIBRARY": tool,  # Kokkos 3
                 "KOKKOS_TOOLS_LIBS": tool, "SERVESWEEP_LABELS": str(seen)})
        self.assertEqual(done.returncode, 0, done.stdout)
        if not seen.exists():
            self.skipTest("this Kokkos was built without tools")
        return [tuple(line.split(" ", 1)) for line in seen.read_text().splitlines()]

    def assert_ours(self, seen):
        """All launches and allocations have our labels, beside those that Kokkos makes itself:
        zeroing an array (which names it), copying, its own scratch memory."""
        ours = 0
        for kind, label in seen:
            if kind in ("kernel", "allocation"):
                self.assertRegex(label, rf"^({LABEL}\w+|Kokkos::.+|\[unlabeled\])$")
                self.assertNotEqual(label, "Kokkos::View::initialization []")
                ours += label.startswith(LABEL)
        self.assertGreater(ours, 5)

    def test_kokkos_tools(self):
        seen = self.labels("run", "s.toml", "-o", "out.h5", "--profile")
        self.assert_ours(seen)
        for kernel in ("bin_requests", "batch_engine"):
            self.assertIn(("kernel", LABEL + kernel), seen)
        pushed = [label for kind, label in seen if kind == "push"]
        for phase in ("plan", "prepare", "run", "to_device", "write_result"):
            self.assertIn(LABEL + phase, pushed)
        self.assertEqual(len(pushed), sum(kind == "pop" for kind, _ in seen))
        for phase in ("to_host", "convert", "save"):  # on another thread
            self.assertIn(("section", LABEL + phase), seen)

    def test_kokkos_tools_see_kernels_without_a_profile_too(self):
        seen = self.labels("run", "s.toml", "-o", "out.h5")
        self.assert_ours(seen)
        self.assertEqual({kind for kind, _ in seen}, {"kernel", "allocation"})
        self.assert_ours(self.labels("replay", "out.h5", "--world", "3", "--events", "e.csv"))


if __name__ == "__main__":
    unittest.main()
