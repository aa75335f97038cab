"""A disk that fails, a process that is killed and a power failure, at operations of a small run and of an
export: the next run gives the bytes of an undisturbed one, and leaves nothing. With SERVESWEEP_FULL_TESTS at
every operation that changes files, in all ways, and at a fourth of those that read; else in one way at a
third and at some."""

import errno
import os
import pathlib
import shutil
import subprocess
import unittest

from servesweep_cli import FAULTS, FIXED, PROGRAM, CliTest

SWEEP = """
[workload]
preset = "burstgpt-like"
requests = 50
[scheduler]
kind = ["static_fifo", "multi_bin_dynamic"]
k_bins = [1, 2]
[cluster]
num_gpus = [1, 2]
"""
RUN = ["run", "s.toml", "-o", "out/r.h5", "-q", "--threads", "1", "--max-memory", "130K", *FIXED]
EXPORT = ["export", "r.h5", "--csv", "out/x.csv"]
FULL = bool(os.environ.get("SERVESWEEP_FULL_TESTS"))
ENDS = ["kill", "short", "power"]
ERRORS = [str(e) for e in (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS)]
READING = ("open", "read")
WRITING = ("create", "write", "sync", "truncate", "rename", "mkdir")


class Faults(CliTest):
    def setUp(self):
        super().setUp()
        self.write("s.toml", SWEEP)
        self.path("keep").mkdir()
        self.path("out").mkdir()

    def disturbed(self, command, **fault):
        environment = {**os.environ, "LD_PRELOAD": FAULTS, "FAULT_PATH": str(self.path("out")),
                       "FAULT_KEEP": str(self.path("keep")), **{k: str(v) for k, v in fault.items()}}
        if "LD_PRELOAD" in os.environ:
            environment["LD_PRELOAD"] += ":" + os.environ["LD_PRELOAD"]
        done = subprocess.run([PROGRAM, *command], cwd=self.folder, env=environment, text=True,
                              capture_output=True, timeout=120)
        self.assertNotIn("unexpected", done.stderr, fault)
        return done

    def operations(self, command):
        self.disturbed(command, FAULT_LOG=self.path("log"))
        lines = self.path("log").read_text().splitlines()
        self.path("log").unlink()
        return [line.split()[1] for line in lines]

    def clear(self):
        for folder in ("out", "keep"):
            shutil.rmtree(self.path(folder))
            self.path(folder).mkdir()

    def ways(self, operation, number):
        """How this operation goes wrong."""
        error = ERRORS[number % len(ERRORS)]
        ways = [{"FAULT_ACT": way, "FAULT_SEED": number} for way in ENDS]
        if operation in WRITING:
            ways += [{"FAULT_ACT": error}, {"FAULT_ACT": error, "FAULT_STICKY": 1}]
        else:
            ways += [{"FAULT_ACT": errno.EIO}]
        return ways if FULL and operation not in READING else [ways[number % len(ways)]]

    @staticmethod
    def every(operation):
        """Of so many operations one goes wrong."""
        if operation in READING:
            return 4 if FULL else 40
        return 1 if FULL else 3

    def check_every(self, command, name, least):
        operations = self.operations(command)
        expected = self.path(name).read_bytes()
        self.assertGreater(len(operations), least)
        count = 0
        for number, operation in enumerate(operations, 1):
            if number % self.every(operation) > 0:
                continue
            for way in self.ways(operation, number):
                self.clear()
                done = self.disturbed(command, FAULT_N=number, **way)
                said = f"{operation} {number}: {way}: {done.returncode} {done.stderr}"
                if way["FAULT_ACT"] in ENDS:
                    self.assertIn(done.returncode, (-9, 3), said)  # 3: of the process that reads
                else:
                    self.assertIn(done.returncode, (0, 2, 3, 75), said)
                if done.returncode == 0:
                    self.assertEqual(self.path(name).read_bytes(), expected, said)
                again = self.disturbed(command)
                self.assertEqual(again.returncode, 0, said + again.stderr)
                self.assertEqual(self.path(name).read_bytes(), expected, said)
                left = {str(p.relative_to(self.path("out"))) for p in self.path("out").rglob("*")}
                self.assertEqual(left, {pathlib.Path(name).name}, said)
                count += 1
        print(f"{command[0]}: {len(operations)} operations, {count} faults")

    def test_run(self):
        self.check_every(RUN, "out/r.h5", 80)

    def test_export(self):
        self.cli("run", "s.toml", "-o", "r.h5", "-q", *FIXED)
        self.check_every(EXPORT, "out/x.csv", 5)


if __name__ == "__main__":
    unittest.main()
