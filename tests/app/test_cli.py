"""The commands, their options and exit codes, as a user sees them."""

import csv
import gzip
import hashlib
import json
import re
import shutil
import subprocess
import unittest

import h5py
import numpy
from servesweep_cli import FIXED, PROGRAM, SOURCE, CliTest

SMALL = """
[workload]
preset = "burstgpt-like"
requests = 200
rps = [1.0, 10.0]
[scheduler]
kind = ["static_fifo", "multi_bin_dynamic"]
k_bins = [1, 4]
[cluster]
num_gpus = [1, 2]
"""
SMALL_WORLDS = 2 * (1 + 2) * 2

COMMANDS = (
    ["run"],
    ["plan"],
    ["show"],
    ["export"],
    ["verify"],
    ["compare"],
    ["workload", "info"],
    ["workload", "generate"],
    ["calibrate"],
    ["replay"],
    ["info"],
)


class Usage(CliTest):
    def test_help_explains_every_command(self):
        main, _ = self.cli("--help")
        self.assertIn("75 interrupted", main)
        for command in COMMANDS:
            self.assertIn(f"\n  {command[0]} ", main)
            out, _ = self.cli(*command, "--help")
            self.assertIn("Usage: servesweep " + " ".join(command), out)
            self.assertRegex(out, f"Examples?:\n  servesweep {' '.join(command)}")

    def test_version_has_the_commit(self):
        out, _ = self.cli("--version")
        self.assertRegex(out, r"^servesweep \d+\.\d+\.\d+ \(commit ([0-9a-f]{40}|unknown)(, modified)?\)\n$")

    def test_bad_usage_is_2(self):
        for arguments, said in (
            ([], "subcommand is required"),
            (["nonsense"], "nonsense"),
            (["run"], "sweep is required"),
            (["run", "a.toml", "--nonsense"], "--nonsense"),
            (["run", "a.toml", "--threads", "0"], "--threads: must be a whole number in [1, 512]"),
            (["run", "a.toml", "--fixed-time", "soon"], "must be a date and time such as"),
            (["replay", "a.h5", "--world", "-5"], "--world: must be a whole number of at least 0"),
            (["shwo"], "did you mean show?"),
            (["run", "a.toml", "--thread=2"], "did you mean --threads?"),
            (["run", "a.toml", "--max-memory", "lots"], "must be a size such as 512M"),
            (["run", "a.toml", "--max-time", "soon"], "must be a time such as 90s"),
            (["run", "--dump-default", "--engine", "bach"], "did you mean batch?"),
            (["export", "a.h5"], "--csv"),
            (["export", "a.h5", "--csv", "a", "--json", "b"], "--json"),
            (["replay", "a.h5"], "--world"),
            (["workload"], "subcommand is required"),
            (["workload", "nonsense"], "nonsense"),
            (["workload", "info", "a.csv", "--on-bad-row", "eat"], "on-bad-row"),
        ):
            with self.subTest(arguments):
                out, err = self.cli(*arguments, code=2)
                self.assertEqual(out, "")
                self.assertIn(said, err)

    def test_missing_files_are_3(self):
        self.write("s.toml", '[workload]\ntrace = "none.csv"\n')
        for arguments, said in (
            (["run", "none.toml"], "none.toml"),
            (["run", "s.toml"], "none.csv"),
            (["plan", "s.toml"], "none.csv"),
            (["show", "none.h5"], "none.h5"),
            (["workload", "info", "none.csv"], "none.csv"),
            (["calibrate", "none.csv"], "none.csv"),
        ):
            with self.subTest(arguments):
                self.assertIn(said, self.cli(*arguments, code=3)[1])
        self.assertEqual([p.name for p in self.folder.iterdir()], ["s.toml"])

    def test_unwritable_output_is_3(self):
        self.write("s.toml", SMALL)
        self.cli("run", "s.toml", "-o", "no/such/folder/out.h5", code=3)
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "info"], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 3)

    def test_a_reader_that_goes_away_is_no_crash(self):
        self.write("s.toml", SMALL)
        for command in ("run s.toml -o out.h5", "run s.toml -o out.h5", "export out.h5 --csv -"):
            done = subprocess.run(
                ["bash", "-c", f'"$0" {command} | head -c 1; echo " ${{PIPESTATUS[0]}}"', PROGRAM],
                cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.assertIn(done.stdout.split()[-1], ("0", "141"), command)  # 141: SIGPIPE


class Errors(CliTest):
    def test_all_errors_of_a_file_with_their_places(self):
        self.write("s.toml", '[scheduler]\nkbins = 4\nkind = "fifo"\n[cluster]\nnum_gpus = 0\n')
        out, err = self.cli("run", "s.toml", code=2)
        self.assertEqual(out, "")
        self.assertIn("error: s.toml:2:1: unknown key scheduler.kbins", err)
        self.assertIn("did you mean scheduler.k_bins?", err)
        self.assertIn("error: s.toml:3:", err)
        self.assertIn("error: s.toml:5:", err)

    def test_syntax_errors_with_their_place(self):
        self.write("s.toml", "[scheduler]\nk_bins = = 4\n")
        self.assertIn("error: s.toml:2:", self.cli("plan", "s.toml", code=2)[1])

    def test_bad_overrides(self):
        self.write("s.toml", SMALL)
        self.assertIn("num_gpus", self.cli("plan", "s.toml", "-s", "num_gpu=3", code=2)[1])
        self.assertIn("key=value", self.cli("plan", "s.toml", "-s", "num_gpus", code=2)[1])

    def test_unknown_engine_with_its_place(self):
        self.write("s.toml", 'engine = "bach"\n')
        self.assertIn("s.toml:1:10: invalid engine=bach", self.cli("plan", "s.toml", code=2)[1])

    def test_ambiguous_and_short_names(self):
        self.write("s.toml", SMALL)
        for setting in ("kind=static_fifo", "sweep.where=kind == static_fifo"):
            _, err = self.cli("plan", "s.toml", "-s", setting, code=2)
            self.assertRegex(err, "ambiguous .*workload.arrivals.kind, .*scheduler.kind")
        for name in ("scheduler.kind", "scheduler_kind"):
            self.cli("plan", "s.toml", "-s", f"{name}=static_fifo", "-s",
                     f"sweep.where={name} == static_fifo")
        self.assertIn("did you mean scheduler.kind?",
                      self.cli("plan", "s.toml", "-s", "scheduler=static_fifo", code=2)[1])

    def test_a_run_that_fails_at_once_leaves_nothing(self):
        self.write("t.csv", "arrival_s,prompt_tokens,output_tokens\n0,1,1\n")
        self.write("s.toml", '[workload]\ntrace = "t.csv"\nrequests = 5\n')
        self.assertIn("has 1 requests", self.cli("run", "s.toml", "-o", "out.h5", code=2)[1])
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["s.toml", "t.csv"])

    def test_bad_traces_with_their_place(self):
        self.write("t.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n"
                   "2023-11-16 18:15:46.6805900,374,44\n2023-11-16 18:15:50.9951690,x,109\n")
        self.write("s.toml", '[workload]\ntrace = "t.csv"\n')
        self.assertIn("t.csv:3:29: ", self.cli("run", "s.toml", code=2)[1])
        self.assertIn("t.csv:3:29: ", self.cli("workload", "info", "t.csv", code=2)[1])
        out, _ = self.cli("workload", "info", "t.csv", "--on-bad-row", "skip")
        self.assertIn("1 bad (skipped)", out)

    def test_too_little_memory_names_the_way_out(self):
        self.write("s.toml", SMALL)
        self.assertIn("--max-memory", self.cli("run", "s.toml", "--max-memory", "1K", code=2)[1])

    def test_what_is_no_result_file(self):
        self.write("s.toml", SMALL)
        self.write("out.h5", "notes")
        self.assertEqual(self.cli("show", "out.h5", code=3)[1],
                         "error: cannot read out.h5 (it is no HDF5 file)\n")
        for more in ([], ["--fresh"]):
            self.assertIn("no servesweep result file",
                          self.cli("run", "s.toml", "-o", "out.h5", *more, code=2)[1])
        self.assertEqual(self.path("out.h5").read_text(), "notes")


    def test_a_file_that_is_not_whole_or_whose_run_is_not_finished(self):
        self.write("s.toml", SMALL)
        self.cli("run", "s.toml", "-o", "out.h5", "-q")
        self.path("part.h5").write_bytes(self.path("out.h5").read_bytes()[:3000])
        self.assertIn("cannot read part.h5 (truncated file", self.cli("show", "part.h5", code=3)[1])
        self.assertIn("cannot read none.h5 (No such file", self.cli("show", "none.h5", code=3)[1])
        self.path("none.h5.parts").mkdir()
        self.assertEqual(self.cli("show", "none.h5", code=3)[1],
                         "error: cannot read none.h5 (its run is not finished, and none.h5.parts holds "
                         "what it has done) run the same command again to finish it\n")


class Run(CliTest):
    def setUp(self):
        super().setUp()
        self.write("s.toml", SMALL)

    def test_summary_and_result(self):
        out, err = self.cli("run", "s.toml", "--quiet")
        self.assertEqual(err, "")
        self.assertIn(f"{SMALL_WORLDS} worlds: {SMALL_WORLDS} completed\n", out)
        self.assertIn("requests: 2,400 arrived, 2,400 completed, 0 rejected, 0 unfinished\n", out)
        self.assertIn("p99_latency_s", out)
        self.assertIn("servesweep show s.h5", out)
        with h5py.File(self.path("s.h5")) as file:
            self.assertEqual(file["worlds/world"].shape, (SMALL_WORLDS,))
            self.assertIn("run s.toml --quiet", file.attrs["command_line"])
            self.assertTrue((file["worlds/arrived"][:] == 200).all())
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["s.h5", "s.toml"])

    def test_complete_results_are_left_alone(self):
        self.cli("run", "s.toml", "-o", "out.h5")
        before = self.path("out.h5").stat()
        out, err = self.cli("run", "s.toml", "-o", "out.h5")
        self.assertIn("already complete", err)
        self.assertIn(f"{SMALL_WORLDS} worlds", out)
        after = self.path("out.h5").stat()
        self.assertEqual((before.st_mtime_ns, before.st_ino), (after.st_mtime_ns, after.st_ino))

    def test_another_sweep_is_refused_unless_fresh(self):
        self.cli("run", "s.toml", "-o", "out.h5")
        other = ["run", "s.toml", "-o", "out.h5", "-s", "num_gpus=[1, 3]"]
        out, err = self.cli(*other, code=2)
        self.assertEqual(out, "")
        self.assertIn("another sweep", err)
        self.assertIn("--fresh", err)
        self.cli(*other, "--fresh")
        with h5py.File(self.path("out.h5")) as file:
            self.assertEqual(set(file["worlds/num_gpus"][:]), {1, 3})

    def test_changed_traces_are_another_sweep(self):
        self.cli("workload", "generate", "--requests", 50, "-o", "t.csv")
        run = ["run", "s.toml", "-o", "out.h5", "-s", "workload.trace=t.csv", "-s",
               "workload.preset=none", "-s", "workload.requests=0"]
        self.cli(*run)
        self.cli("workload", "generate", "--requests", 50, "--seed", 7, "-o", "t.csv")
        self.assertIn("other contents", self.cli(*run, code=2)[1])

    def test_unfinished_worlds_are_1(self):
        run = ["run", "s.toml", "-o", "out.h5", "-s", "time_limit_s=20"]
        out, _ = self.cli(*run, code=1)
        self.assertIn("time_limit", out)
        self.cli(*run, code=1)  # complete, but still so

    def test_overrides(self):
        self.cli("run", "s.toml", "-o", "out.h5", "-s", "num_gpus=3", "-s", "scheduler.kind=static_fifo")
        with h5py.File(self.path("out.h5")) as file:
            self.assertEqual(list(file["worlds/num_gpus"][:]), [3, 3])

    def test_dump_default_is_a_sweep_file(self):
        out, _ = self.cli("run", "--dump-default")
        self.write("default.toml", out)
        self.cli("run", "default.toml", "-o", "a.h5", "-s", "requests=100", *FIXED)
        self.write("empty.toml", "")
        self.cli("run", "empty.toml", "-o", "b.h5", "-s", "requests=100", *FIXED)
        with h5py.File(self.path("a.h5")) as a, h5py.File(self.path("b.h5")) as b:
            self.assertEqual(a.attrs["sweep_fingerprint"], b.attrs["sweep_fingerprint"])

    def test_warnings_do_not_stop_a_run(self):
        _, err = self.cli("run", "s.toml", "-s", "scheduler.kind=static_fifo", "-s", "b_max=7")
        self.assertRegex(err, "warning: .*b_max is not used")


class Plan(CliTest):
    def test_a_plan_says_what_a_run_would_do_and_writes_nothing(self):
        self.write("s.toml", SMALL)
        out, _ = self.cli("plan", "s.toml", "-s", "replications=3")
        self.assertIn(f"{3 * SMALL_WORLDS} = {SMALL_WORLDS} points x 3 replications", out)
        self.assertRegex(out, r"scheduler.k_bins +2: 1, 4\n")
        self.assertIn(f"{200 * 3 * SMALL_WORLDS:,} to simulate", out)
        # 2 rates x 3 replications in 4 bins and, for static_fifo and k_bins = 1, in one
        self.assertRegex(out, r"chunks +1 of up to 36 worlds and 12 prepared workloads")
        self.assertRegex(out, r"memory +[\d.]+ [KM]iB of the ")
        self.assertRegex(out, r"time +about ")
        self.assertEqual([p.name for p in self.folder.iterdir()], ["s.toml"])

    def test_a_plan_leaves_out_what_a_result_has(self):
        self.write("s.toml", SMALL)
        self.assertIn("does not exist", self.cli("plan", "s.toml", "-o", "out.h5")[0])
        self.cli("run", "s.toml", "-o", "out.h5")
        out, _ = self.cli("plan", "s.toml", "-o", "out.h5")
        self.assertIn(f"{SMALL_WORLDS} of {SMALL_WORLDS} worlds are done", out)
        self.assertIn("0 to simulate", out)
        self.cli("plan", "s.toml", "-o", "out.h5", "-s", "seed=1", code=2)


class Look(CliTest):
    def setUp(self):
        super().setUp()
        self.write("s.toml", SMALL)
        self.cli("run", "s.toml", "-o", "out.h5", *FIXED)

    def table(self, *arguments):
        """The rows of `show` as lists of cells, without the lines up to the units."""
        lines = self.cli("show", "out.h5", *arguments)[0].split("\n\n")[1].splitlines()
        return [line.split() for line in lines if line.split()[0].isdigit()]

    def test_show_sorts_and_cuts(self):
        columns = ["--columns", "world,p99_latency_s"]
        rows = self.table("--sort", "p99_latency_s", "--top", 3, *columns)
        self.assertEqual(len(rows), 3)
        values = [float(row[1]) for row in rows]
        self.assertEqual(values, sorted(values))
        rows = self.table("--sort", "p99_latency_s", "--descending", "--top", 1, *columns)
        with h5py.File(self.path("out.h5")) as file:
            p99 = file["worlds/p99_latency_s"][:]
        self.assertEqual(int(rows[0][0]), p99.argmax())
        self.assertAlmostEqual(float(rows[0][1]) / p99.max(), 1, places=3)
        self.assertEqual(len(self.table("--top", 0)), SMALL_WORLDS)

    def test_show_calls_a_roofline_an_estimate(self):
        for model, said in (("roofline", True), ("affine", False)):
            self.write("c.toml", 'engine = "continuous"\n[workload]\nrequests = 20\n'
                                 '[workload.arrivals]\nkind = "poisson"\nrate_per_s = 5.0\n'
                                 f'[service]\nmodel = "{model}"\n')
            self.cli("run", "c.toml", "-o", "c.h5", "-q", "--fresh")
            note = "are an estimate in all worlds: iteration_model is roofline"
            self.assertEqual(note in self.cli("show", "c.h5")[0], said)
        self.assertNotIn("estimate", self.cli("show", "out.h5")[0])

    def test_show_suggests_columns(self):
        _, err = self.cli("show", "out.h5", "--sort", "p9_latency_s", code=2)
        self.assertIn("did you mean", err)

    def test_export_has_every_world_to_the_last_bit(self):
        self.cli("export", "out.h5", "--csv", "out.csv")
        self.cli("export", "out.h5", "--json", "out.json")
        with open(self.path("out.csv"), newline="") as file:
            rows = list(csv.DictReader(file))
        worlds = json.loads(self.path("out.json").read_text())["worlds"]
        with h5py.File(self.path("out.h5")) as file:
            mean = file["worlds/mean_latency_s"][:]
        self.assertTrue(numpy.array_equal([float(row["mean_latency_s"]) for row in rows], mean))
        self.assertTrue(numpy.array_equal([world["mean_latency_s"] for world in worlds], mean))
        self.assertEqual(self.cli("export", "out.h5", "--csv", "-")[0],
                         self.path("out.csv").read_text())

    def test_replay_has_the_same_bits(self):
        for world in (0, SMALL_WORLDS - 1):
            out, _ = self.cli("replay", "out.h5", "--world", world, "--events", "e.csv")
            self.assertRegex(out, r"all \d+ metrics are bit-identical")
            with open(self.path("e.csv"), newline="") as file:
                events = list(csv.DictReader(file))
            with h5py.File(self.path("out.h5")) as file:
                self.assertEqual(len(events), file["worlds/num_batches"][world])
            self.assertEqual(sum(int(event["batch_size"]) for event in events), 200)
        out, err = self.cli("replay", "out.h5", "--world", 0, "--events", "-")
        self.assertTrue(out.startswith("start_s,"))
        self.assertIn("bit-identical", err)

    def test_replay_of_the_continuous_engine_has_a_line_per_run_of_iterations(self):
        self.write("c.toml", 'engine = "continuous"\n[workload]\nrequests = 50\n'
                             '[workload.arrivals]\nkind = "poisson"\nrate_per_s = 5.0\n')
        self.cli("run", "c.toml", "-o", "c.h5", "-q")
        out, _ = self.cli("replay", "c.h5", "--world", 0, "--events", "e.csv")
        self.assertRegex(out, r"all \d+ metrics are bit-identical")
        with open(self.path("e.csv"), newline="") as file:
            runs = list(csv.DictReader(file))
        with h5py.File(self.path("c.h5")) as file:
            worlds = file["worlds"]
            self.assertEqual(sum(int(f["iterations"]) for f in runs), worlds["iterations"][0])
            self.assertEqual(sum(int(f["preemptions"]) for f in runs), worlds["preemptions"][0])
        self.assertLess(len(runs), sum(int(f["iterations"]) for f in runs))
        documented = re.findall(r"^\| `(\w+)` \|", self.section(
            "docs/continuous_engine.md", "### Runs of iterations, as `replay --events` writes them"), re.M)
        self.assertEqual(documented, list(runs[0]))

    @staticmethod
    def section(path, heading):
        text = (SOURCE / path).read_text()
        return re.split(r"^#", text[text.index(heading) + len(heading):], maxsplit=1, flags=re.M)[0]

    def test_replay_notices_other_results(self):
        with h5py.File(self.path("out.h5"), "r+") as file:
            file["worlds/mean_latency_s"][3] *= 1 + 1e-15
        self.cli("replay", "out.h5", "--world", 2)
        out, _ = self.cli("replay", "out.h5", "--world", 3, code=1)
        self.assertRegex(out, r"mean_latency_s .* different\n")
        self.assertRegex(out, r"1 of \d+ metrics differ")

    def test_replay_refuses_what_it_cannot_reproduce(self):
        _, err = self.cli("replay", "out.h5", "--world", SMALL_WORLDS, code=2)
        self.assertIn(f"0 to {SMALL_WORLDS - 1}", err)
        with h5py.File(self.path("out.h5"), "r+") as file:
            file.attrs["git_commit"] = "0" * 40
        self.assertIn("was made by servesweep", self.cli("replay", "out.h5", "--world", 0)[1])
        with h5py.File(self.path("out.h5"), "r+") as file:
            file.attrs["sweep_fingerprint"] = "0" * 64
        self.cli("replay", "out.h5", "--world", 0, code=2)

    def test_files_of_a_sweep_start_in_its_folder(self):
        for name in ("sweeps", "elsewhere"):
            self.path(name).mkdir()
        self.cli("workload", "generate", "--requests", 50, "-o", "sweeps/t.csv")
        self.write("sweeps/grid.csv", (SOURCE / "examples/service_grid.csv").read_text())
        self.write("sweeps/t.toml", '[workload]\ntrace = "t.csv"\n'
                   '[service]\nmodel = "grid"\ngrid = "grid.csv"\n')
        self.cli("plan", "sweeps/t.toml")
        self.cli("run", "sweeps/t.toml", "-o", "t.h5")
        self.cli("run", "../sweeps/t.toml", "-o", "../t.h5", cwd=self.path("elsewhere"))
        self.cli("replay", "t.h5", "--world", 0)
        self.cli("replay", "../t.h5", "--world", 0, cwd=self.path("elsewhere"), code=3)
        self.cli("replay", "../t.h5", "--world", 0, "--base", self.path("sweeps"),
                 cwd=self.path("elsewhere"))
        trace = self.path("sweeps/t.csv").read_bytes()
        digits = hashlib.sha256(trace).hexdigest()
        self.path("sweeps/t.csv").unlink()
        _, err = self.cli("replay", "t.h5", "--world", 0, code=3)
        self.assertRegex(err, f"'sweeps/t.csv' .No such file(.|\n)*{digits}(.|\n)*--base")
        self.path("sweeps/t.csv").write_bytes(trace + b"9e5,1,1,1\n")
        _, err = self.cli("replay", "t.h5", "--world", 0, code=2)
        self.assertRegex(err, f"sweeps/t.csv has other contents(.|\n)*made from {digits}(.|\n)*--base")

    def test_the_files_of_a_profile_are_inputs(self):
        shutil.copytree(SOURCE / "examples/profiles/rtx4090-llama-3.1-8b", self.path("gpu"))
        self.write("t.toml", 'engine = "continuous"\n[workload]\nrequests = 20\n'
                   '[service]\nmodel = "table"\nprofile = "gpu"\n')
        self.cli("run", "t.toml", "-o", "t.h5")
        self.cli("replay", "t.h5", "--world", 0)
        dense = self.path("gpu/dense.csv").read_text()
        self.path("gpu/dense.csv").write_text(dense.replace("act_fn,1,2.592", "act_fn,1,2.6"))
        _, err = self.cli("replay", "t.h5", "--world", 0, code=2)
        self.assertIn("gpu/dense.csv has other contents now", err)
        self.path("gpu/dense.csv").write_text(dense.replace("act_fn,1,2.592", "act_fn,1,x"))
        _, err = self.cli("run", "t.toml", "-o", "x.h5", code=2)
        self.assertRegex(err, r"gpu/dense.csv:\d+:10: invalid time_us='x' .not a number")
        self.path("gpu/dense.csv").write_text(
            "".join(line for line in dense.splitlines(True) if "o_proj" not in line))
        _, err = self.cli("run", "t.toml", "-o", "x.h5", code=2)
        self.assertIn("gpu: too few times of layer o_proj", err)
        _, err = self.cli("run", "t.toml", "-s", "service.profile=", "-o", "x.h5", code=2)
        self.assertIn("missing service.profile", err)
        _, err = self.cli("run", "t.toml", "-s", "service.profile=none", "-o", "x.h5", code=3)
        self.assertIn("none/dense.csv", err)
        self.path("gpu/dense.csv").write_text(dense)
        _, err = self.cli("plan", "t.toml", "-s", "service.per_sequence_ms=1")
        self.assertIn("service.per_sequence_ms is not used", err)


class Workload(CliTest):
    def test_a_generated_trace_is_the_workload_itself(self):
        self.write("a.toml", '[workload]\npreset = "burstgpt-like"\nrequests = 300\nrps = 5.0\n')
        self.cli("workload", "generate", "a.toml", "-o", "t.csv.gz")
        self.write("b.toml", '[workload]\ntrace = "t.csv.gz"\nrps = 5.0\n')
        self.cli("run", "a.toml", "-o", "a.h5")
        self.cli("run", "b.toml", "-o", "b.h5")
        with h5py.File(self.path("a.h5")) as a, h5py.File(self.path("b.h5")) as b:
            for name in ("mean_latency_s", "p99_latency_s", "total_tokens", "num_batches"):
                self.assertEqual(a["worlds"][name][0], b["worlds"][name][0], name)

    def test_a_generated_trace_keeps_priorities_and_says_that_prefixes_are_left_out(self):
        self.write("p.csv", "arrival_s,prompt_tokens,output_tokens,priority\n0,600,2,1\n1,600,4,0\n")
        stdout, err = self.cli("workload", "generate", "-s", "workload.trace=p.csv", "-s",
                               "workload.predictor=oracle", "-o", "-")
        self.assertEqual(stdout, "arrival_s,prompt_tokens,output_tokens,predicted_tokens,priority\n"
                                 "0,600,2,2,1\n1,600,4,4,0\n")
        self.assertEqual(err, "")
        self.write("m.jsonl", '{"timestamp": 0, "input_length": 600, "output_length": 2, '
                              '"hash_ids": [0, 1]}\n')
        _, err = self.cli("workload", "generate", "-s", "workload.trace=m.jsonl", "-o", "m.csv")
        self.assertIn("the prefix hashes of m.jsonl are left out", err)

    def test_a_generated_trace_has_the_classes_of_the_sweep(self):
        stdout, _ = self.cli("workload", "generate", "-s", "engine=continuous", "-s",
                             "scheduler.queue_policy=priority", "-s", "workload.priority.high_share=0.5",
                             "--requests", 100, "-o", "-")
        classes = [row["priority"] for row in csv.DictReader(stdout.splitlines())]
        self.assertEqual((len(classes), set(classes)), (100, {"0", "1"}))

    def test_generate_and_info(self):
        _, err = self.cli("workload", "generate", "-s", "workload.arrivals.kind=deterministic", "-s",
                          "rate_per_s=2", "--requests", 101, "-o", "t.csv")
        self.assertIn("101 requests, 2 per second, over 50 s", err)
        summary = json.loads(self.cli("workload", "info", "t.csv", "--json")[0])
        self.assertEqual((summary["requests"], summary["span_s"], summary["rate_per_s"]), (101, 50, 2))
        self.assertIn("coefficient of variation 0", self.cli("workload", "info", "t.csv")[0])
        stdout, _ = self.cli("workload", "generate", "-s", "workload.arrivals.kind=deterministic", "-s",
                             "rate_per_s=2", "--requests", 101, "-o", "-")
        self.assertEqual(stdout, self.path("t.csv").read_text())

    def test_seeds_and_replications_differ(self):
        texts = set()
        for more in ([], ["--seed", 1], ["--replication", 1]):
            self.cli("workload", "generate", "--preset", "burstgpt-like", "--requests", 20, *more,
                     "-o", "t.csv.gz")
            texts.add(gzip.open(self.path("t.csv.gz")).read())
        self.assertEqual(len(texts), 3)

    def test_one_workload_at_a_time(self):
        self.write("s.toml", SMALL)
        self.cli("workload", "generate", "s.toml", "-o", "t.csv")  # rates share their requests
        _, err = self.cli("workload", "generate", "s.toml", "-s", "requests=[10, 20]", "-o", "t.csv",
                          code=2)
        self.assertIn("2 workloads", err)

    def test_failed_requests(self):
        burst = SOURCE / "tests/data/traces/burstgpt.csv"
        dropped = json.loads(self.cli("workload", "info", burst, "--json")[0])
        kept = json.loads(self.cli("workload", "info", burst, "--json", "--keep-failed")[0])
        self.assertGreater(dropped["rows_failed"], 0)
        self.assertEqual(kept["requests"] - dropped["requests"], dropped["rows_failed"])


class Others(CliTest):
    def test_calibrate(self):
        grid = SOURCE / "examples/service_grid.csv"
        fit = json.loads(self.cli("calibrate", grid, "--json")[0])
        self.assertGreater(fit["r_squared"], 0.99)
        out, _ = self.cli("calibrate", grid)
        self.assertIn("[service]", out)
        toml = "[service]" + out.split("[service]")[1]
        self.write("s.toml", toml + "\n[workload]\nrequests = 10\n")
        self.cli("run", "s.toml")

    def test_calibrate_iterations(self):
        rows = SOURCE / "examples/iterations.csv"
        fit = json.loads(self.cli("calibrate", rows, "--json")[0])
        self.assertGreater(fit["service"]["r_squared"], 0.99)
        self.assertLess(fit["errors"]["decodes alone"]["held_out"]["median"], 0.05)
        self.assertEqual(len(fit["rows"]), 30)
        out, _ = self.cli("calibrate", rows)
        toml = "[service]" + out.split("[service]")[1]
        self.write("s.toml", 'engine = "continuous"\n' + toml + "\n[workload]\nrequests = 10\n")
        _, warnings = self.cli("run", "s.toml", "-q")
        self.assertEqual(warnings, "")

    def test_services_of_the_continuous_engine(self):
        self.write("s.toml", 'engine = "continuous"\n[workload]\nrequests = 20\n'
                             "[cluster]\nnum_replicas = 2\n")
        _, said = self.cli("plan", "s.toml", "-s", "service.model=roofline")
        self.assertEqual(said.count("is an estimate"), 1)
        _, said = self.cli("plan", "s.toml", "-s", "service.preset=opt-13b-a100-tp1",
                           "-s", "service.base_ms=3")
        self.assertIn("service.base_ms is not used", said)
        _, said = self.cli("plan", "s.toml", "-s", "service.preset=opt-13b-a100-tp1",
                           "-s", "cluster.services=opt-13b-a100-tp1, qwen2.5-7b-a100")
        self.assertIn("service.preset is not used", said)
        self.cli("run", "s.toml", "-q", "-s", "cluster.services=opt-13b-a100-tp1, qwen2.5-7b-a100")
        _, said = self.cli("plan", "s.toml", "-s", "service.per_prompt_token_pair_ms=-1e-6", code=2)
        self.assertIn("per_prompt_token_pair_ms", said)
        _, said = self.cli("plan", "s.toml", "-s", "service.preset=opt-13b-a100-tp1",
                           "-s", "kv_cache.gpu_memory_gb=[40.0, 60.0, 80.0]")
        self.assertEqual(said.count("the KV cache's default size is not that of"), 1)
        _, said = self.cli("plan", "s.toml", "-s", 'service.preset=["opt-13b-a100-tp1", '
                           '"opt-66b-a100-tp2"]')
        self.assertEqual(said.count("the KV cache's default size is not that of"), 2)
        _, said = self.cli("plan", "s.toml", "-s", "cluster.router=prefix_affinity")
        self.assertIn("router=prefix_affinity is least_outstanding here", said)

    def test_the_profile_of_a_preset_is_that_of_the_examples(self):
        self.write("s.toml", f"""engine = "continuous"
[workload]
requests = 40
[cluster]
num_replicas = 2
[kv_cache]
sizing = "blocks"
[service]
model = "table"
profile = "{SOURCE}/examples/profiles/rtx4090-llama-3.1-8b"
""")
        preset = "llama-3.1-8b-rtx4090"
        latency = []
        for i, services in enumerate(([], ["-s", f"service.preset={preset}"],
                                      ["-s", f"cluster.services={preset}, service"],
                                      ["-s", f"cluster.services=service*1,{preset}"])):
            self.cli("run", "s.toml", "-q", "-o", f"{i}.h5", *services)
            with h5py.File(self.path(f"{i}.h5")) as file:
                self.assertEqual(set(file["worlds/completed"][:]), {40})
                latency.append(file["worlds/mean_latency_s"][0])
        self.assertEqual(len(set(latency)), 1)
        self.cli("run", "s.toml", "-q", "-o", "x.h5", "-s", "service.model=affine",
                 "-s", f"cluster.services={preset}, service")
        with h5py.File(self.path("x.h5")) as file:
            self.assertNotEqual(file["worlds/mean_latency_s"][0], latency[0])

    def test_info(self):
        info = json.loads(self.cli("info", "--json")[0])
        self.assertGreaterEqual(info["concurrency"], 1)
        self.assertIn(info["kokkos_backend"], self.cli("info")[0])


if __name__ == "__main__":
    unittest.main()
