"""A release build checks stack and buffers, and has no fixed addresses."""

import shutil
import subprocess
import sys
import unittest

from servesweep_cli import PROGRAM


def readelf(*arguments):
    return subprocess.run(["readelf", *arguments, PROGRAM], check=True, capture_output=True,
                          text=True).stdout


class Hardening(unittest.TestCase):
    def test_the_program_is_hardened(self):
        symbols = readelf("-W", "--dyn-syms")
        self.assertIn("__stack_chk_fail", symbols)
        self.assertRegex(symbols, r"__\w+_chk@")
        self.assertRegex(readelf("-h"), r"Type: +DYN")
        self.assertRegex(readelf("-d"), r"\(FLAGS_1\).*NOW.*PIE")
        segments = readelf("-W", "-l")
        self.assertIn("GNU_RELRO", segments)
        self.assertRegex(segments, r"GNU_STACK.* RW +0x")


if __name__ == "__main__":
    if not shutil.which("readelf") or "__asan_init" in readelf("-W", "--dyn-syms"):
        print("skipped: there is no readelf, or this is no release build")
        sys.exit(77)
    unittest.main()
