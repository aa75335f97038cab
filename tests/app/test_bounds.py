"""What is too large, too deep or too many is refused at once, with its bound."""

import os
import pathlib
import resource
import subprocess
import unittest

from servesweep_cli import PROGRAM, WITHOUT_ASAN, CliTest

SMALL = '[workload]\npreset = "burstgpt-like"\nrequests = 50\n'


class Bounds(CliTest):
    def test_worlds_are_bounded_before_they_are_made(self):
        self.write("s.toml", "[workload]\nrequests = 5\n[workload.arrivals]\n"
                             "rate_per_s = { from = 1, to = 2, num = 1000000 }\n"
                             "[cluster]\nnum_gpus = { from = 1, to = 100, num = 100 }\n")
        _, err = self.cli("plan", "s.toml", "-s", "replications=1000000", code=2)
        self.assertIn("too many points: 1e+08, which are 1e+14 worlds (must be at most 10,000,000 points)", err)
        self.assertIn("too many points: 1e+08, which are 1e+08 worlds", self.cli("plan", "s.toml", code=2)[1])

    def test_keys_of_any_depth(self):
        self.write("deep.toml", ".".join(["a"] * 200000) + " = 1\n")
        self.assertIn("deep.toml:1: invalid key (more than 16 parts", self.cli("plan", "deep.toml", code=2)[1])

    def test_errors_are_counted(self):
        self.write("many.toml", "".join(f"key{i} = 1\n" for i in range(100000)))
        _, err = self.cli("plan", "many.toml", code=2)
        self.assertEqual(err.count("\n"), 21)
        self.assertIn("and 99,980 more errors", err)

    def test_a_seed_is_kept_or_refused(self):
        self.write("s.toml", "seed = 9007199254740993\n" + SMALL)
        self.assertIn("invalid seed=9007199254740993 (must be an integer in [0, 9007199254740992])",
                      self.cli("run", "s.toml", code=2)[1])

    def test_gigabytes_that_look_like_a_card(self):
        self.write("kv.toml", 'engine = "continuous"\n[workload]\nrequests = 10\n[kv_cache]\nsizing = "memory"\n'
                              "gpu_memory_gb = 24\nweights_gb = 15\nactivation_gb = 0\nkv_bytes_per_token = 131072\n")
        _, err = self.cli("plan", "kv.toml")
        self.assertIn("warning: kv.toml:6:1: gpu_memory_gb=24 is 24 * 10^9 bytes", err)
        self.assertIn("write 25.77", err)
        self.assertNotIn("25.77", self.cli("plan", "kv.toml", "-s", "gpu_memory_gb=25.77")[1])
        self.write("default.toml", 'engine = "continuous"\n[workload]\nrequests = 10\n')
        self.assertNotIn("10^9", self.cli("plan", "default.toml")[1])


class Threads(CliTest):
    def setUp(self):
        super().setUp()
        self.write("s.toml", SMALL)

    def run_with(self, *arguments, limits=None, **environment):
        def limit():
            if limits:
                resource.setrlimit(*limits)

        done = subprocess.run([PROGRAM, "run", "s.toml", "-o", "out.h5", "--fresh", "-q", *arguments],
                              cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300,
                              preexec_fn=limit, env={"PATH": "/usr/bin:/bin", **environment})
        return done.returncode, done.stderr

    def test_no_more_than_kokkos_holds(self):
        for threads in (513, 1024, 4096):
            code, err = self.run_with("--threads", str(threads))
            self.assertEqual(code, 2)
            self.assertIn("--threads: must be a whole number in [1, 512]", err)
        code, err = self.run_with("--threads", "512")
        self.assertEqual(code, 0, err)

    def test_no_more_by_the_environment(self):
        code, err = self.run_with(OMP_NUM_THREADS="1024")
        self.assertEqual(code, 4)
        self.assertIn("cannot start 1024 threads (Kokkos has room for 512)", err)

    @WITHOUT_ASAN
    def test_threads_that_the_system_does_not_give(self):
        two_gib = 2 << 30  # of addresses; a thread's stack takes 8 MiB
        code, err = self.run_with("--threads", "512", limits=(resource.RLIMIT_AS, (two_gib, two_gib)))
        self.assertEqual(code, 4)
        self.assertRegex(err, r"cannot start 512 threads \(the system gives \d+: ")

    def wait_policy(self, **environment):
        """OMP_WAIT_POLICY as the OpenMP runtime of the program finds it."""
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        try:
            program = subprocess.Popen([PROGRAM, "plan", str(fifo)], stdout=subprocess.DEVNULL,
                                       env={"PATH": "/usr/bin:/bin", **environment})
            with open(fifo, "w") as sweep:  # waits for the program to open it: it has started by then
                started_with = pathlib.Path(f"/proc/{program.pid}/environ").read_bytes().split(b"\0")
                sweep.write(SMALL)
            self.assertEqual(program.wait(300), 0)
        finally:
            fifo.unlink()
        return [line for line in started_with if line.startswith(b"OMP_WAIT_POLICY=")]

    def test_threads_do_not_spin_unless_they_are_told_to(self):
        self.assertEqual(self.wait_policy(), [b"OMP_WAIT_POLICY=passive"])
        self.assertEqual(self.wait_policy(OMP_WAIT_POLICY="active"), [b"OMP_WAIT_POLICY=active"])


if __name__ == "__main__":
    unittest.main()
