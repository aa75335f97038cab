"""Files in danger: no command replaces what it reads, or results; what is planted or left over."""

import os
import pty
import signal
import stat
import subprocess
import time
import unittest

import h5py
import numpy as np
from servesweep_cli import FAULTS, FIXED, PROGRAM, SOURCE, CliTest, can_report

SWEEP = """
[workload]
preset = "burstgpt-like"
requests = 200
[scheduler]
kind = ["static_fifo", "multi_bin_dynamic"]
"""
MANY = """
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
TRACE = "arrival_s,prompt_tokens,output_tokens\n0,1,1\n1,2,3\n"


class Outputs(CliTest):
    def setUp(self):
        super().setUp()
        self.write("s.toml", SWEEP)
        self.cli("run", "s.toml", "-o", "r.h5", "-q", *FIXED)
        self.result = self.path("r.h5").read_bytes()

    def refused(self, *arguments, why="it is what the command reads"):
        before = {p: p.read_bytes() for p in self.folder.iterdir() if p.is_file()}
        _, err = self.cli(*arguments, code=2)
        self.assertRegex(err, rf"error: \S+ would be replaced \({why}")
        self.assertEqual({p: p.read_bytes() for p in self.folder.iterdir() if p.is_file()}, before)

    def test_no_command_replaces_its_input(self):
        self.path("a.h5").write_bytes(self.result)
        os.symlink("r.h5", self.path("link"))
        for name in ("r.h5", "./r.h5", "link"):
            for form in ("--csv", "--json"):
                self.refused("export", "r.h5", form, name)
                self.refused("compare", "r.h5", "a.h5", form, name)
                self.refused("compare", "a.h5", "r.h5", form, name)
            self.refused("replay", "r.h5", "--world", "1", "--events", name)
        if can_report():
            self.path("r.h5").rename(self.path("r.html"))
            self.refused("report", "r.html")

    def test_no_command_replaces_another_result(self):
        self.path("a.h5").write_bytes(self.result)
        why = "it is an HDF5 file"
        self.refused("export", "r.h5", "--csv", "a.h5", why=why)
        self.refused("compare", "r.h5", "r.h5", "--json", "a.h5", why=why)
        self.refused("replay", "r.h5", "--world", "1", "--events", "a.h5", why=why)
        self.refused("workload", "generate", "s.toml", "-o", "a.h5", why=why)
        if can_report():
            self.refused("report", "r.h5", "-o", "a.h5", why=why)

    def test_the_files_of_a_sweep_are_inputs(self):
        self.write("t.csv", TRACE)
        self.write("t.toml", '[workload]\ntrace = "t.csv"\n')
        for output in ("t.csv", "t.toml"):
            self.refused("workload", "generate", "t.toml", "-o", output)
        self.cli("run", "t.toml", "-o", "t.h5", "-q")
        for output in ("t.csv", "t.toml", "t.h5"):
            self.refused("replay", "t.h5", "--world", "0", "--events", output)
        _, err = self.cli("run", "t.toml", "-o", "t.csv", code=2)
        self.assertIn("t.csv exists and is no servesweep result file", err)

    def test_two_products_are_two_files(self):
        _, err = self.cli("compare", "r.h5", "r.h5", "--csv", "x", "--json", "x", code=2)
        self.assertIn("cannot write both --csv and --json to x", err)

    def test_plots_replace_no_result(self):
        self.cli("run", "s.toml", "-o", "r.h5", "-q", "--fresh", "-s", "num_gpus=[1, 2]")
        self.result = self.path("r.h5").read_bytes()
        os.symlink("r.h5", self.path("mean_latency_s_over_num_gpus.png"))
        done = subprocess.run(
            ["/usr/bin/python3", SOURCE / "scripts/plot", "r.h5", "--x", "num_gpus",
             "--y", "mean_latency_s", "--format", "png"],
            cwd=self.folder, capture_output=True, text=True)
        if "no module" in done.stderr:
            self.skipTest(done.stderr)
        self.assertIn("would be replaced", done.stderr)
        self.assertEqual(self.path("r.h5").read_bytes(), self.result)

    def test_modes_are_kept_and_links_must_lead_somewhere(self):
        self.write("x.csv", "old")
        self.path("x.csv").chmod(0o640)
        self.cli("export", "r.h5", "--csv", "x.csv")
        self.assertEqual(stat.S_IMODE(self.path("x.csv").stat().st_mode), 0o640)
        self.path("r.h5").chmod(0o600)
        self.cli("run", "s.toml", "-o", "r.h5", "-q", "--fresh", *FIXED)
        self.assertEqual(stat.S_IMODE(self.path("r.h5").stat().st_mode), 0o600)
        self.assertEqual(self.path("r.h5").read_bytes(), self.result)
        for name in ("new.csv", "new.h5"):
            os.symlink("nowhere/" + name, self.path(name))
        _, err = self.cli("export", "r.h5", "--csv", "new.csv", code=3)
        self.assertIn("new.csv (it is a link to nowhere/new.csv, which is not there)", err)
        _, err = self.cli("run", "s.toml", "-o", "new.h5", "-q", code=3)
        self.assertIn("new.h5 (it is a link to nowhere/new.h5, which is not there)", err)
        self.assertFalse(self.path("new.h5.parts").exists())

    def test_planted_links_are_not_followed(self):
        shared = self.path("shared")
        shared.mkdir()
        victim = self.path("victim")
        victim.write_text("PRECIOUS")
        for name in ("out.h5.tmp", "x.csv.tmp"):
            os.symlink(victim, shared / name)
        (shared / "out.h5.parts").mkdir()
        os.symlink(victim, shared / "out.h5.parts/run.json.tmp")
        self.cli("run", "s.toml", "-o", "shared/out.h5", "-q", *FIXED)
        self.cli("export", "shared/out.h5", "--csv", "shared/x.csv")
        self.assertEqual(victim.read_text(), "PRECIOUS")
        self.assertFalse((shared / "out.h5").is_symlink())
        self.assertEqual((shared / "out.h5").read_bytes(), self.result)


class DamagedResults(CliTest):
    def setUp(self):
        super().setUp()
        self.write("s.toml", SWEEP)
        self.cli("run", "s.toml", "-o", "r.h5", "-q", *FIXED)

    READING = (["show", "r.h5"], ["export", "r.h5", "--csv", "x.csv"],
               ["compare", "r.h5", "r.h5"], ["replay", "r.h5", "--world", "1"],
               ["run", "s.toml", "-o", "r.h5"], ["plan", "s.toml", "-o", "r.h5"])

    def test_a_flipped_bit_is_an_error(self):
        good = self.path("r.h5").read_bytes()
        self.assertIn("r.h5: as it was written", self.cli("verify", "r.h5")[0])
        damaged = bytearray(good)
        damaged[len(good) // 2] ^= 16
        self.path("r.h5").write_bytes(damaged)
        for command in self.READING:
            _, err = self.cli(*command, code=3)
            self.assertIn("cannot read r.h5 (its checksum differs", err)
        self.assertIn("r.h5: damaged", self.cli("verify", "r.h5", code=3)[0])
        self.cli("run", "s.toml", "-o", "r.h5", "-q", "--fresh", *FIXED)
        self.assertEqual(self.path("r.h5").read_bytes(), good)

    def test_whatever_the_library_does_is_an_error_at_worst(self):
        """Every bit of a text heap, which has no checksum, is somewhere among these; some crash HDF5 1.10."""
        good = self.path("r.h5").read_bytes()
        heaps = [i for i in range(len(good)) if good.startswith(b"GCOL", i)]
        self.assertGreater(len(heaps), 0)
        said = set()
        for number in range(60):
            damaged = bytearray(good[:good.rindex(b"\nservesweep-sha256 ")])
            damaged[heaps[number % len(heaps)] + 16 + 8 * (number % 40) + number % 8] ^= 1 << number % 8
            self.path("r.h5").write_bytes(damaged)
            done = subprocess.run([PROGRAM, "show", "r.h5"], cwd=self.folder, capture_output=True,
                                  text=True, errors="replace", timeout=60)
            self.assertIn(done.returncode, (0, 3), done.stderr)
            self.assertNotIn("unexpected", done.stderr)
            if done.returncode == 3:
                self.assertIn("cannot read r.h5", done.stderr)
                said.add(done.stderr)
        self.assertGreater(len(said), 0)

    def test_links_to_other_files_are_refused(self):
        self.path("r.h5").rename(self.path("secret.h5"))
        self.cli("run", "s.toml", "-o", "r.h5", "-q", *FIXED)
        with h5py.File(self.path("r.h5"), "r+") as file:
            del file["worlds/completed"]
            file["worlds/completed"] = h5py.ExternalLink("secret.h5", "/worlds/completed")
        _, err = self.cli("show", "r.h5", code=3)
        self.assertIn("cannot read r.h5 (completed is a link to another file)", err)
        with h5py.File(self.path("r.h5"), "r+") as file:
            del file["worlds/completed"]
            file["out"] = h5py.ExternalLink("secret.h5", "/worlds")
            file["worlds/completed"] = h5py.SoftLink("/out/completed")
        self.cli("show", "r.h5", code=3)

    def test_attributes_of_another_type_are_not_read(self):
        with h5py.File(self.path("r.h5"), "r+") as file:
            file["worlds/num_gpus"].attrs["long_name"] = np.full(400, 0x4141414141414141, dtype="i8")
            file.attrs["engine"] = np.full(400, 0x4141414141414141, dtype="i8")
        self.cli("show", "r.h5")
        self.assertIn("without a checksum", self.cli("verify", "r.h5", code=1)[0])

    def test_a_terminal_gets_no_control_characters(self):
        with h5py.File(self.path("r.h5"), "r+") as file:
            file.attrs["device"] = "\x1b]0;owned\x07\x9b31m"
        reader, terminal = pty.openpty()
        subprocess.run([PROGRAM, "show", "r.h5"], cwd=self.folder, stdout=terminal, check=True)
        os.close(terminal)
        text = b""
        try:
            while piece := os.read(reader, 4096):
                text += piece
        except OSError:  # its end
            pass
        self.assertIn(rb"\x1b]0;owned\x07\x9b31m", text)
        self.assertNotIn(b"\x1b", text)
        _, err = self.cli("show", "\x1b[2J.h5", code=3)
        self.assertIn(r"\x1b[2J.h5", err)


class Runs(CliTest):
    """Several runs of one output, and what a run that ended early leaves."""

    def setUp(self):
        super().setUp()
        self.write("s.toml", MANY)
        self.arguments = ["run", "s.toml", "-o", "out.h5", "-q", "--threads", "1", "--max-memory", "1M",
                          *FIXED]

    def started(self, **environment):
        process = subprocess.Popen([PROGRAM, *self.arguments], cwd=self.folder, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env={**os.environ, **environment})
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def check_pairs(self, rounds, **environment):
        self.cli(*self.arguments)
        expected = self.path("out.h5").read_bytes()
        for round_ in range(rounds):
            self.path("out.h5").unlink()
            first = self.started(**environment)
            time.sleep(0.02 * round_)
            second = self.started(**environment)
            said = [p.communicate(timeout=120)[1] for p in (first, second)]
            codes = [first.returncode, second.returncode]
            self.assertIn(0, codes, said)
            self.assertLessEqual(set(codes), {0, 75}, said)
            self.assertEqual(self.path("out.h5").read_bytes(), expected)
            self.assertEqual({p.name for p in self.folder.iterdir()}, {"s.toml", "out.h5"})

    def test_two_runs_of_one_command(self):
        self.check_pairs(3)

    def test_two_runs_where_locks_do_not_work(self):
        self.check_pairs(10, LD_PRELOAD=FAULTS, FAULT_NO_LOCKS="1")

    def test_a_busy_output_is_75(self):
        process = self.started()
        deadline = time.monotonic() + 60
        while not self.path("out.h5.parts/owner").exists():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)
        process.send_signal(signal.SIGSTOP)
        _, err = self.cli(*self.arguments, code=75)
        self.assertIn("error: another run is writing to out.h5.parts", err)
        process.send_signal(signal.SIGCONT)
        process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0)

    def test_what_a_kill_after_the_result_leaves_goes_with_the_next_run(self):
        self.cli(*self.arguments)
        parts = self.path("out.h5.parts")
        parts.mkdir()
        (parts / "shard-000000000000-000000000010.h5").write_text("x")
        (parts / "lock").write_text("")
        _, err = self.cli(*self.arguments)
        self.assertIn("already complete", err)
        self.assertEqual({p.name for p in self.folder.iterdir()}, {"s.toml", "out.h5"})

    def test_signals_while_inputs_load_exit_75(self):
        os.mkfifo(self.path("t.csv"))
        self.write("t.toml", '[workload]\ntrace = "t.csv"\n')
        for command in (["run", "t.toml", "-o", "out.h5"],
                        ["study", "stress", "--trace", "t.csv", "-o", "out.h5"]):
            for number in (signal.SIGINT, signal.SIGTERM):
                process = self.start(*command)
                with open(self.path("t.csv"), "w"):  # returns when the program reads it
                    process.send_signal(number)
                    _, err = process.communicate(timeout=60)
                self.assertEqual(process.returncode, 75, err)
                self.assertIn("interrupted: nothing has run yet", err)
        self.assertEqual({p.name for p in self.folder.iterdir()} - {"out.h5.study"},
                         {"s.toml", "t.toml", "t.csv"})


if __name__ == "__main__":
    unittest.main()
