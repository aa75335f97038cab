"""A disk that fails, a process that is killed and a power failure, at operations of a small run and of an
export: the next run gives the bytes of an undisturbed one, and leaves nothing. With SERVESWEEP_FULL_TESTS at
every operation that changes files, in all ways, and at a fourth of those that read; else in one way at a
third and at some."""

import concurrent.futures
import contextlib
import errno
import os
import pathlib
import shutil
import subprocess
import tempfile
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
IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # a disk syncs slowly
ENDS = ["kill", "short", "power"]
ERRORS = [str(e) for e in (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS)]
READING = ("open", "read")
WRITING = ("create", "write", "sync", "truncate", "rename", "mkdir")


class Faults(CliTest):
    def setUp(self):
        super().setUp()
        self.write("s.toml", SWEEP)

    @contextlib.contextmanager
    def disk(self):
        """A folder of its own with the inputs, and out/ where operations are counted."""
        with tempfile.TemporaryDirectory(dir=IN_MEMORY) as name:
            folder = pathlib.Path(name)
            for given in self.folder.iterdir():
                shutil.copy(given, folder)
            (folder / "out").mkdir()
            (folder / "keep").mkdir()
            yield folder

    def disturbed(self, folder, command, **fault):
        environment = {**os.environ, "LD_PRELOAD": FAULTS, "FAULT_PATH": str(folder / "out"),
                       "FAULT_KEEP": str(folder / "keep"), **{k: str(v) for k, v in fault.items()}}
        if "LD_PRELOAD" in os.environ:
            environment["LD_PRELOAD"] += ":" + os.environ["LD_PRELOAD"]
        done = subprocess.run([PROGRAM, *command], cwd=folder, env=environment, text=True,
                              capture_output=True, timeout=120)
        self.assertNotIn("unexpected", done.stderr, fault)
        return done

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
        """Of this many operations one goes wrong."""
        if operation in READING:
            return 4 if FULL else 40
        return 1 if FULL else 3

    def check(self, command, name, expected, operation, number, way):
        with self.disk() as folder:
            done = self.disturbed(folder, command, FAULT_N=number, **way)
            said = f"{operation} {number}: {way}: {done.returncode} {done.stderr}"
            if way["FAULT_ACT"] in ENDS:
                self.assertIn(done.returncode, (-9, 3), said)  # 3: of the process that reads
            else:
                self.assertIn(done.returncode, (0, 2, 3, 75), said)
            if done.returncode == 0:
                self.assertEqual((folder / name).read_bytes(), expected, said)
            again = self.disturbed(folder, command)
            self.assertEqual(again.returncode, 0, said + again.stderr)
            self.assertEqual((folder / name).read_bytes(), expected, said)
            left = {p.relative_to(folder) for p in (folder / "out").rglob("*")}
            self.assertEqual(left, {pathlib.Path(name)}, said)

    def check_every(self, command, name, least):
        with self.disk() as folder:
            self.disturbed(folder, command, FAULT_LOG=folder / "log")
            operations = [line.split()[1] for line in (folder / "log").read_text().splitlines()]
            expected = (folder / name).read_bytes()
        self.assertGreater(len(operations), least)
        with concurrent.futures.ThreadPoolExecutor(2 * os.cpu_count()) as pool:
            checks = [pool.submit(self.check, command, name, expected, operation, number, way)
                      for number, operation in enumerate(operations, 1)
                      if number % self.every(operation) == 0
                      for way in self.ways(operation, number)]
            for check in concurrent.futures.as_completed(checks):
                if check.exception():
                    pool.shutdown(cancel_futures=True)
                check.result()
        print(f"{command[0]}: {len(operations)} operations, {len(checks)} faults")

    def test_run(self):
        self.check_every(RUN, "out/r.h5", 80)

    def test_export(self):
        self.cli("run", "s.toml", "-o", "r.h5", "-q", *FIXED)
        self.check_every(EXPORT, "out/x.csv", 5)


if __name__ == "__main__":
    unittest.main()
