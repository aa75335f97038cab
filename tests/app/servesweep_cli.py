"""What the tests of the program share: running it, in a folder that goes away."""

import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

PROGRAM = os.environ["SERVESWEEP_BIN"]
SOURCE = pathlib.Path(os.environ["SERVESWEEP_SOURCE_DIR"])
FAULTS = os.environ["SERVESWEEP_FILE_FAULTS"]  # a library to preload: app/file_faults.cpp
# For tests that limit the program's addresses, of which a sanitizer takes terabytes.
WITHOUT_ASAN = unittest.skipIf(b"__asan_init" in pathlib.Path(PROGRAM).read_bytes(), "built with asan")
FIXED = ["--fixed-time", "2025-01-01T00:00:00Z"]


def can_report():
    """Whether the program was built with the page of its reports."""
    done = subprocess.run([PROGRAM, "report", "missing.h5"], stderr=subprocess.PIPE, text=True,
                          timeout=60)
    return "built without" not in done.stderr


class CliTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def path(self, name):
        return self.folder / name

    def write(self, name, text):
        self.path(name).write_text(text)
        return name

    def cli(self, *arguments, code=0, cwd=None):
        """Runs the program in the folder and returns what it printed, stdout and stderr."""
        done = subprocess.run(
            [PROGRAM, *map(str, arguments)],
            cwd=cwd or self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=300,
        )
        said = f"\n$ servesweep {' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}"
        self.assertEqual(done.returncode, code, said)
        return done.stdout, done.stderr

    def start(self, *arguments):
        """Starts the program and returns its process."""
        process = subprocess.Popen(
            [PROGRAM, *map(str, arguments)],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A shell that runs the tests in the background ignores SIGINT for all tests.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process
