"""servesweep study stress: what it runs, keeps, replaces and chooses."""

import csv
import json
import signal
import time
import unittest

import h5py
import numpy as np
import xarray
from servesweep_cli import SOURCE, CliTest

STEPS = ["step1_request_scaling", "step2_gpu_scaling", "step3_k_sensitivity", "step4_grid",
         "step4_comparison", "step5_robustness"]
SMALL = ["--max-requests", "2000", "--max-gpus", "8", "-q"]


def text(value):
    return value.decode() if isinstance(value, bytes) else value


class Worlds:
    """The columns of /worlds: numbers as they are, categories as names."""

    def __init__(self, path):
        with h5py.File(path) as file:
            group = file["worlds"]
            self.columns = {}
            for name, data in group.items():
                values = data.asstr()[:] if h5py.check_string_dtype(data.dtype) else data[:]
                if "flag_meanings" in data.attrs:
                    names = np.array(text(data.attrs["flag_meanings"]).split() + [""])
                    values = names[values]
                self.columns[name] = values
            self.roles = {name: text(data.attrs["role"]) for name, data in group.items()}
            self.toml = (file["sweeps/resolved_toml"].asstr()[:] if "sweeps" in file
                         else [text(file.attrs["resolved_toml"])])

    def __getitem__(self, name):
        return self.columns[name]


class StressStudy(CliTest):
    def stress(self, *arguments, code=0):
        return self.cli("study", "stress", *arguments, code=code)

    def test_steps_are_what_run_makes_of_their_sweeps(self):
        self.stress(*SMALL, "-o", "s.h5")
        study = Worlds(self.path("s.h5"))
        self.assertEqual(list(dict.fromkeys(study["step"])), STEPS)
        self.assertEqual(set(study["k_bins"][study["step"] == STEPS[2]]), {1, 2, 4, 8, 16, 32})
        for number, step in enumerate(STEPS):
            self.path("step.toml").write_text(study.toml[number])
            self.cli("run", "step.toml", "-o", "step.h5", "--fresh", "-q")
            alone = Worlds(self.path("step.h5"))
            rows = study["step"] == step
            self.assertEqual(set(study["sweep"][rows]), {number})
            np.testing.assert_array_equal(study["sweep_world"][rows], alone["world"])
            compared = 0
            for name, values in alone.columns.items():
                if alone.roles[name] == "index" and name != "replication":
                    continue
                if values.dtype.kind == "f":  # bit by bit
                    values = values.view(np.int64)
                    there = study[name].view(np.int64)[rows]
                else:
                    there = study[name][rows]
                np.testing.assert_array_equal(there, values, name)
                compared += 1
            self.assertGreater(compared, 60)
            self.check_histograms("s.h5", np.flatnonzero(rows), "step.h5")

    def check_histograms(self, study, rows, alone):
        def read(path):
            with h5py.File(self.path(path)) as file:
                table = file["latency_histogram"]
                sizes = table["row_size"][:]
                return sizes, np.cumsum(sizes) - sizes, table["bucket"][:], table["count"][:]

        sizes, first, bucket, count = read(study)
        alone_sizes, _, alone_bucket, alone_count = read(alone)
        entries = np.concatenate([np.arange(first[r], first[r] + sizes[r]) for r in rows])
        np.testing.assert_array_equal(sizes[rows], alone_sizes)
        np.testing.assert_array_equal(bucket[entries], alone_bucket)
        np.testing.assert_array_equal(count[entries], alone_count)

    def test_choices_are_those_of_the_grid(self):
        self.stress(*SMALL, "--steps", "4", "-o", "s.h5")
        w = Worlds(self.path("s.h5"))
        grid, compared = w["step"] == STEPS[3], w["step"] == STEPS[4]
        multi = compared & (w["scheduler_kind"] == "multi_bin_dynamic")
        for requests in (1000, 2000):
            for scaling in (1, 10, 100):
                here = (w["workload_requests"] == requests) & (w["rps_scaling"] == scaling)
                cells = [(w["request_sla_violation_rate"][i], w["num_gpus"][i],
                          w["mean_latency_s"][i], w["k_bins"][i])
                         for i in np.flatnonzero(grid & here)]
                self.assertEqual(len(cells), 4 * 6)

                def chosen(cells):
                    within = [c for c in cells if c[0] <= 0.05]
                    if not within:
                        lowest = min(c[0] for c in cells)
                        within = [c for c in cells if c[0] == lowest]
                    fewest = [c for c in within if c[1] == min(c[1] for c in within)]
                    _, gpus, _, k = min(fewest, key=lambda c: (c[0], c[2], c[3]))
                    return int(gpus), int(k)

                expected = {chosen(cells), chosen([c for c in cells if c[1] == 1])}
                there = set(zip(w["num_gpus"][multi & here], w["k_bins"][multi & here]))
                self.assertEqual(there, expected)
                for scheduler in ("static_fifo", "dynamic_no_bins"):
                    rows = compared & here & (w["scheduler_kind"] == scheduler)
                    self.assertEqual(set(w["num_gpus"][rows]), {1})
                    self.assertEqual(sorted(w["replication"][rows]), [0, 1, 2, 3, 4])

    def test_a_step_adds_to_the_file_and_replaces_only_its_own_rows(self):
        self.stress(*SMALL, "--step1-only", "-o", "s.h5")
        self.stress(*SMALL, "--steps", "2", "-o", "s.h5")
        before = Worlds(self.path("s.h5"))
        self.assertEqual(list(dict.fromkeys(before["step"])), STEPS[:2])
        size = len(before["world"])

        # The same again runs nothing; another threshold adds rows; a part of it replaces its rows.
        _, err = self.stress(*SMALL[:-1], "--steps", "1,2", "-o", "s.h5")
        self.assertEqual(err.count("already there"), 2)
        self.stress(*SMALL, "--steps", "2", "--d-sla-request", "5", "-o", "s.h5")
        after = Worlds(self.path("s.h5"))
        self.assertEqual(len(after["world"]), size + 4 * 5)
        self.assertEqual(list(after["request_s"]).count(5.0), 4 * 5)
        self.stress("--max-requests", "2000", "--max-gpus", "2", "-q", "--steps", "2",
                    "--d-sla-request", "5", "-o", "s.h5")
        again = Worlds(self.path("s.h5"))
        self.assertEqual(len(again["world"]), size + 4 * 5)
        for name in ("num_gpus", "p99_latency_s", "request_s"):
            np.testing.assert_array_equal(np.sort(again[name]), np.sort(after[name]))
        for name in before.columns:
            if name not in ("world", "sweep"):
                np.testing.assert_array_equal(after[name][: len(before["world"])][
                    before["step"] == STEPS[0]], before[name][before["step"] == STEPS[0]], name)

    def test_a_killed_study_goes_on(self):
        arguments = ["--max-requests", "20000", "--max-gpus", "8", "--steps", "1,2,4"]
        self.stress(*arguments, "-q", "-o", "expected.h5")
        # Small chunks, so that a step can be hit in the middle.
        command = ["study", "stress", *arguments, "-o", "s.h5", "--max-memory", "12M"]

        def shards():
            return len(list(self.folder.glob("s.h5.study/*.parts/shard-*.h5")))

        for kill in (signal.SIGKILL, signal.SIGTERM):
            process = self.start(*command)
            deadline = time.monotonic() + 120
            # Once in the first step, once when the second one is in the file.
            def reached():
                later = kill == signal.SIGTERM
                return shards() >= 1 and (not later or self.path("s.h5").exists())

            while not reached():
                self.assertIsNone(process.poll(), "the study ended before it was interrupted")
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.002)
            process.send_signal(kill)
            process.communicate()
            self.assertNotEqual(process.returncode, 0)
            if kill == signal.SIGTERM:
                self.assertEqual(process.returncode, 75)
            if self.path("s.h5").exists():  # whole at any moment
                self.assertIn(STEPS[0], Worlds(self.path("s.h5"))["step"])
        # Another study of the same file leaves what this one has left.
        left = shards()
        self.path("s.h5.study").mkdir(exist_ok=True)  # it stopped between two steps
        self.write("s.h5.study/mine.txt", "kept")
        self.stress("--max-requests", "1000", "--max-gpus", "2", "--steps", "2", "-q", "-o", "s.h5")
        self.assertEqual(shards(), left)
        _, err = self.cli(*command)
        self.assertRegex(err, "resuming|already there")
        self.assertEqual([p.name for p in self.path("s.h5.study").iterdir()], ["mine.txt"])
        self.path("s.h5.study/mine.txt").unlink()
        self.path("s.h5.study").rmdir()
        self.stress(*arguments, "-q", "--fresh", "-o", "s.h5")
        self.assertFalse(self.path("s.h5.study").exists())
        a, b = Worlds(self.path("s.h5")), Worlds(self.path("expected.h5"))
        for name in a.columns:
            np.testing.assert_array_equal(a[name], b[name], name)

    def test_the_file_is_one_for_all_tools(self):
        self.stress(*SMALL, "--steps", "2,3", "-o", "s.h5")
        for engine in ("h5netcdf", "netcdf4"):
            for group in ("worlds", "sweeps", "latency_histogram"):
                with xarray.open_dataset(self.path("s.h5"), group=group, engine=engine) as data:
                    self.assertGreater(len(data.variables), 2)
        out, _ = self.cli("show", "s.h5", "--top", "3")
        self.assertIn("study stress: 2 sweeps", out)
        world = len(Worlds(self.path("s.h5"))["world"]) - 1  # of the second sweep
        out, _ = self.cli("replay", "s.h5", "--world", str(world))
        self.assertRegex(out, "all [0-9]+ metrics are bit-identical")
        _, err = self.cli("run", SOURCE / "examples/queueing_mm1.toml", "-o", "s.h5", code=2)
        self.assertIn("holds the results of another sweep", err)

    def test_the_original_s_files_are_written_and_grow(self):
        self.stress(*SMALL, "--step1-only", "-o", "sub/s.h5", code=3)  # no such folder
        self.path("sub").mkdir()
        out, _ = self.stress(*SMALL, "--step1-only", "-o", "sub/s.h5")
        self.assertIn("Schedulers", out)
        self.stress(*SMALL, "--steps", "2,3", "-o", "sub/s.h5")

        def rows(name):
            with open(self.path(f"sub/s_{name}.csv")) as file:
                return list(csv.DictReader(file))

        self.assertEqual(len(rows("step1_request_scaling")), 2 * 5)
        self.assertEqual(len(rows("step2_gpu_scaling")), 4)
        self.assertEqual([r["k_bins"] for r in rows("step3_kbins_sensitivity")],
                         ["1", "2", "4", "8", "16", "32"])
        self.assertGreater(len(rows("all_results")), 15)
        w = Worlds(self.path("sub/s.h5"))
        first = (w["step"] == STEPS[1]) & (w["num_gpus"] == 1)
        self.assertAlmostEqual(float(rows("step2_gpu_scaling")[0]["avg_latency"]),
                               w["mean_latency_s"][first].mean())
        analysis = json.loads(
            self.path("sub/s_analysis.json").read_text())
        with h5py.File(self.path("sub/s.h5")) as file:
            texts = list(file["findings/text"].asstr()[:])
        self.assertEqual([f["text"] for f in analysis["findings"]], texts)

    def test_studies_in_one_folder_keep_their_files(self):
        self.stress(*SMALL, "--step1-only", "-o", "a.h5")
        a = self.path("a_step1_request_scaling.csv").read_bytes()
        out, _ = self.stress(*SMALL, "--step1-only", "--seed", "7", "-o", "b.h5")
        self.assertIn("beside it b_*: ", out)
        self.assertEqual(self.path("a_step1_request_scaling.csv").read_bytes(), a)
        self.assertNotEqual(self.path("b_step1_request_scaling.csv").read_bytes(), a)
        out, _ = self.stress(*SMALL, "--step1-only", "-o", "c.h5", "--original-names")
        self.assertIn("beside it comprehensive_stress_results_*: ", out)
        self.assertTrue(self.path("comprehensive_stress_results_step1_request_scaling.csv").exists())
        self.assertFalse(self.path("c_step1_request_scaling.csv").exists())

    def test_no_input_is_replaced(self):
        self.write_trace(1500)
        self.path("t.csv").rename(self.path("s_all_results.csv"))
        before = self.path("s_all_results.csv").read_bytes()
        _, err = self.stress("--trace", "s_all_results.csv", "--step1-only", "-o", "s.h5", code=2)
        self.assertIn("s_all_results.csv would be replaced (it is what the command reads)", err)
        self.assertEqual(self.path("s_all_results.csv").read_bytes(), before)
        self.assertFalse(self.path("s.h5").exists())

    def test_real_timestamps_and_calibration(self):
        self.stress("--max-requests", "1000", "--max-gpus", "2", "--real-timestamps", "-q",
                    "--calibration", SOURCE / "examples/service_grid.csv", "-o", "s.h5")
        w = Worlds(self.path("s.h5"))
        self.assertEqual(set(w["real_timestamps"]), {"true"})
        self.assertNotIn("rps_scaling", w.columns)
        out, _ = self.cli("calibrate", SOURCE / "examples/service_grid.csv")
        alpha = float(out.split("alpha_ms = ")[1].split()[0])
        grid = w["step"] == STEPS[3]
        self.assertEqual(set(w["alpha_ms"][grid]), {alpha})

    def write_trace(self, rows):
        lines = ["arrival_s,prompt_tokens,output_tokens"]
        lines += [f"{i * 0.5},{20 + i % 7},{10 + 13 * i % 50}" for i in range(rows)]
        self.write("t.csv", "\n".join(lines) + "\n")

    def test_a_trace_sets_the_volumes_and_may_not_change(self):
        self.write_trace(1500)
        trace = ["--trace", "t.csv", "--max-gpus", "2", "-o", "s.h5"]
        _, err = self.stress(*trace, "--steps", "1,2")
        self.assertIn("t.csv has 1,500 requests (--max-requests is 1,000,000)", err)
        w = Worlds(self.path("s.h5"))
        self.assertEqual(set(w["workload_requests"]), {1000, 1500})
        self.write_trace(1400)
        _, err = self.stress(*trace, "--step1-only", code=2)
        self.assertIn("t.csv has other contents than when s.h5 was made from it", err)
        self.stress(*trace, "--step1-only", "--fresh", "-q")
        self.assertEqual(set(Worlds(self.path("s.h5"))["step"]), {STEPS[0]})

    def test_what_is_missing_is_said(self):
        _, err = self.stress(*SMALL, "--step3-only", "-o", "s.h5", code=2)
        self.assertIn("step 3 needs the results of step 2", err)
        self.assertIn("--best-gpu-count", err)
        self.stress(*SMALL, "--step3-only", "--best-gpu-count", "3", "-o", "s.h5")
        self.assertEqual(set(Worlds(self.path("s.h5"))["num_gpus"]), {3})
        _, err = self.stress(*SMALL, "--steps", "5", "-o", "s.h5", code=2)
        self.assertIn("step 5 needs the results of step 4", err)
        for wrong in (["--steps", "6"], ["--step1-only", "--steps", "1"],
                      ["--step1-only", "--step2-only"], ["--max-gpus", "0"],
                      ["--real-timestamps", "--rps-scaling", "2"], ["--seeds", "0"]):
            self.stress(*wrong, "-o", "x.h5", code=2)
        self.cli("run", SOURCE / "examples/queueing_mm1.toml", "-q", "-o", "r.h5",
                 "-s", "workload.requests=100", "-s", "replications=1")
        _, err = self.stress(*SMALL, "-o", "r.h5", code=2)
        self.assertIn("r.h5 holds the results of a sweep", err)
        self.write("text.h5", "no result")
        self.stress(*SMALL, "--fresh", "-o", "text.h5", code=3)
        self.assertEqual(self.path("text.h5").read_text(), "no result")


if __name__ == "__main__":
    unittest.main()
