"""The emulated CUDA warp (tests/support/emulated_cuda.hpp) sees defects of the device's code: the check
passes with the code as it is and fails with each mutant. Skipped without SERVESWEEP_FULL_TESTS
(scripts/test --full), because it compiles six times."""

import os
import subprocess
import sys
import unittest

from servesweep_cli import SOURCE, CliTest

COMPILER = os.environ.get("SERVESWEEP_CXX", "c++")
WARP = "kernels/device/device_warp.hpp"
LANES = "sim/core/lanes.hpp"

# Name: file, text, what stands in its place.
MUTANTS = {
    "the mask of the warp's first group": (WARP, "return low_mask() << first_lane();", "return low_mask();"),
    "a ballot whose bits are those of the warp": (WARP, "& mask()) >> first_lane();", "& mask());"),
    "the first lane of the warp, not of the group": (WARP, "value, 0, width());", "value, 0, 32);"),
    "halves of 128 bits from different lanes":
        (WARP, "<< 64 | exchange(low, lane_mask);", "<< 64 | low;"),
    "lanes that do not wait after a loop":
        (LANES, "i += warp_.width()) body(i);\n    warp_.sync();",
         "i += warp_.width()) body(i);"),
}


class DeviceMutants(CliTest):
    def compile(self, *arguments):
        done = subprocess.run([COMPILER, "-std=c++20", "-O0", *map(str, arguments)], cwd=self.path("."),
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def check(self, name):
        """What the check says with the headers in this folder before those of the sources."""
        self.compile("-I", self.path(name), "-I", SOURCE, SOURCE / "tests/support/device_warp_main.cpp",
                     "fiber.o", "-o", "check")
        done = subprocess.run([self.path("check")], capture_output=True, text=True, timeout=100)
        return done.returncode, done.stdout

    def test_each_mutant_fails(self):
        self.compile("-I", SOURCE, "-c", SOURCE / "tests/support/fiber.cpp", "-o", "fiber.o")
        self.assertEqual(self.check("none"), (0, ""))
        for name, (file, text, instead) in MUTANTS.items():
            with self.subTest(name):
                code = (SOURCE / file).read_text()
                self.assertIn(text, code)
                self.path(name).mkdir()
                path = self.path(name) / file
                path.parent.mkdir(parents=True)
                path.write_text(code.replace(text, instead))
                code, said = self.check(name)
                self.assertEqual(code, 1, said)
                self.assertNotEqual(said, "")


if __name__ == "__main__":
    if "SERVESWEEP_FULL_TESTS" not in os.environ:
        print("skipped: scripts/test --full runs it")
        sys.exit(77)
    unittest.main()
