"""scripts/gpu_check runs to its end on this build, and reports what fails."""

import importlib.machinery
import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

from servesweep_cli import PROGRAM, SOURCE, CliTest

SCRIPT = SOURCE / "scripts" / "gpu_check"
BUILD = pathlib.Path(PROGRAM).parent.parent
CACHE = (BUILD / "CMakeCache.txt").read_text()
SMALL = ["--worlds", "60", "--bench-worlds", "10,100", "--requests", "1000"]

sys.dont_write_bytecode = True
_loader = importlib.machinery.SourceFileLoader("gpu_check", str(SCRIPT))
gpu_check = importlib.util.module_from_spec(importlib.util.spec_from_loader("gpu_check", _loader))
_loader.exec_module(gpu_check)


class GpuCheckTest(CliTest):
    def check(self, *arguments, code=0):
        """Runs gpu_check in the folder; what it printed."""
        done = subprocess.run([sys.executable, SCRIPT, *map(str, arguments)], cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=300)
        self.assertEqual(done.returncode, code, done.stdout)
        return done.stdout

    def tool(self, name, text="", listed=""):
        """A command of that name, first on PATH, that prints the text, or `listed` with -L."""
        tools = self.path("tools")
        tools.mkdir(exist_ok=True)
        (tools / name).write_text(f"#!/bin/sh\n[ \"$1\" != -L ] || exec echo '{listed}'\n"
                                  f"cat <<'END'\n{text}\nEND\n")
        (tools / name).chmod(0o755)
        before = os.environ["PATH"]
        self.addCleanup(os.environ.__setitem__, "PATH", before)
        os.environ["PATH"] = f"{tools}:{before}"


@unittest.skipUnless((BUILD / "bin" / "bench_many_worlds").exists(), "a build without benchmarks")
@unittest.skipIf(re.search("^SERVESWEEP_BACKEND:STRING=(cuda|hip)", CACHE, re.M), "a GPU's build")
class Rehearsal(GpuCheckTest):
    def test_on_this_build(self):
        said = self.check("--build-dir", BUILD, *SMALL, "--tests", "^parity.device$",
                          "-o", "x.json")
        self.assertIn("100% tests passed, 0 tests failed out of 1", said)
        report = json.loads(self.path("x.json").read_text())
        self.assertTrue(report["ok"], report["steps"])
        self.assertEqual({name: step["ok"] for name, step in report["steps"].items()}, {
            "describe the device": True, "start the program": True, "test": True,
            "measure one world": True, "measure many worlds": True, "predict": True})
        self.assertEqual(report["parity_worlds"], 60)
        self.assertEqual((report["tests"]["run"], report["tests"]["failed"]), (1, {}))
        self.assertGreater(report["clocks_before"]["cpu_mhz"][0], 0)
        self.assertTrue(report["device"]["name"])
        self.assertRegex(report["program"]["kokkos_version"], r"^\d+\.\d+\.\d+$")
        self.assertIn("compiler", report["program"])
        self.assertGreater(report["bench_batch_engine"]["geometric_mean_requests_per_s"], 0)
        runs = report["bench_many_worlds"]["runs"]
        self.assertEqual([(run["worlds"], run["lanes"]) for run in runs],
                         [(10, "1"), (100, "1")])
        for run in runs:
            self.assertGreater(run["batches_per_s"], run["worlds_per_s"])
        self.assertIsNone(report["prediction"]["batches_per_s"])
        self.assertIn("CPU", report["prediction"]["reason"])


class Failures(GpuCheckTest):
    def test_a_build_that_lacks_everything_is_reported_to_the_end(self):
        self.path("tests").mkdir()
        self.write("tests/CTestTestfile.cmake", "add_test(good true)\nadd_test(bad false)\n"
                   "set_tests_properties(good bad PROPERTIES LABELS parity)\n")
        self.write("CMakeCache.txt", "SERVESWEEP_BACKEND:STRING=serial\n")
        said = self.check("--build-dir", ".", *SMALL, code=1)
        self.assertIn("FAILED: start the program, test, measure one world, measure many worlds",
                      said)
        report = json.loads(self.path("gpu_check.json").read_text())
        self.assertFalse(report["ok"])
        self.assertEqual(list(report["tests"]["failed"]), ["bad"])
        self.assertEqual(report["tests"]["run"], 2)
        self.assertIn("1 of 2 tests failed or did not run: bad", report["steps"]["test"]["error"])
        self.assertIn("cannot run", report["steps"]["start the program"]["error"])

    def test_wrong_options(self):
        self.assertIn("no build of servesweep in", self.check("--build-dir", ".", code=2))
        self.write("CMakeCache.txt", "SERVESWEEP_BACKEND:STRING=serial\n")
        self.assertIn("is for serial, not for cuda",
                      self.check("--build-dir", ".", "--backend", "cuda", code=2))
        self.assertIn("invalid --worlds=0", self.check("--worlds", "0", code=2))
        self.assertIn("no such folder", self.check("-o", "absent/x.json", code=2))
        self.assertEqual([path.name for path in self.folder.iterdir()], ["CMakeCache.txt"])


class Devices(GpuCheckTest):
    def test_nvidia(self):
        self.tool("nvidia-smi", "NVIDIA H100 80GB HBM3, 535.104.05, 9.0, 81559, 345, 2619, 1980, "
                  "2619, 700.00, 33", listed="GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-0)")
        self.tool("nvcc")
        self.assertEqual(gpu_check.detected_backend(), "cuda")
        device = gpu_check.device("cuda")
        self.assertEqual((device["name"], device["driver"]),
                         ("NVIDIA H100 80GB HBM3", "535.104.05"))
        self.assertEqual(device["nvidia_smi"]["clocks.max.sm"], 1980.0)

    def test_amd(self):
        self.tool("rocminfo", "  Name:                    gfx90a")
        self.tool("hipcc")
        self.tool("nvidia-smi", listed="No devices found.")
        self.tool("rocm-smi", json.dumps({
            "card0": {"Card series": "AMD Instinct MI250X", "sclk clock speed:": "(800Mhz)"},
            "card1": {"Card series": "another"}, "system": {"Driver version": "6.2.4"}}))
        self.assertEqual(gpu_check.detected_backend(), "hip")
        device = gpu_check.device("hip")
        self.assertEqual((device["name"], device["driver"]), ("AMD Instinct MI250X", "6.2.4"))
        self.assertEqual(gpu_check.clocks_now("hip")["sclk clock speed:"], "(800Mhz)")

    def test_the_models_device(self):
        devices = {"H100": {}, "MI250": {}, "MI250X": {}, "RTX 4090": {}}
        for name, known in [("NVIDIA H100 80GB HBM3", "H100"), ("AMD Instinct MI250X", "MI250X"),
                            ("NVIDIA GeForce RTX 4090", "RTX 4090"), ("NVIDIA A100", None)]:
            self.assertEqual(gpu_check.device_of_model(name, devices), known, name)

    def test_prediction_beside_the_measurement(self):
        self.path("scripts").mkdir()
        self.path("scripts/performance_model").write_text(
            "#!/bin/sh\necho progress >&2\n"
            "echo '{\"devices\": {\"H100\": {\"batches_per_s\": 4e9}}}'\n")
        self.path("scripts/performance_model").chmod(0o755)
        self.addCleanup(setattr, gpu_check, "ROOT", gpu_check.ROOT)
        gpu_check.ROOT = self.folder
        measured = {"runs": [{"worlds": 100, "lanes": "chosen", "batches_per_s": 1e9},
                             {"worlds": 1000, "lanes": "8", "batches_per_s": 3e9}]}
        result = gpu_check.prediction("cuda", "NVIDIA H100 PCIe", measured)
        self.assertEqual(result["measured"], measured["runs"][1])
        self.assertEqual(result["measured_to_predicted"], 0.75)
        unknown = gpu_check.prediction("cuda", "NVIDIA A100", measured)
        self.assertIsNone(unknown["batches_per_s"])
        self.assertEqual(unknown["reason"], "the model knows no NVIDIA A100, only H100")


if __name__ == "__main__":
    unittest.main()
