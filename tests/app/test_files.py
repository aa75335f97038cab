"""Files in danger: no command replaces what it reads, or results; what is planted or left over."""

import os
import stat
import subprocess
import unittest

from servesweep_cli import FIXED, SOURCE, CliTest, can_report

SWEEP = """
[workload]
preset = "burstgpt-like"
requests = 200
[scheduler]
kind = ["static_fifo", "multi_bin_dynamic"]
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


if __name__ == "__main__":
    unittest.main()
