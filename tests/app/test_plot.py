"""scripts/plot: what it writes of a sweep and what it says of the rest, and what is in the figures."""

import re
import shutil
import struct
import subprocess
import sys
import unittest

import matplotlib
import numpy as np

sys.dont_write_bytecode = True
from servesweep_cli import SOURCE, CliTest  # noqa: E402

sys.path.insert(0, str(SOURCE / "python"))
from servesweep import figures, tuning_figures  # noqa: E402

matplotlib.rcParams.update(figures.STYLE)

SWEEP = """
replications = 3
[workload]
preset = "burstgpt-like"
requests = 400
rps = [2.0, 8.0]
[scheduler]
kind = ["static_fifo", "dynamic_no_bins", "multi_bin_dynamic"]
k_bins = [1, 4, 8]
[cluster]
num_gpus = [1, 2, 4]
"""
ONE_AXIS = """
[workload]
preset = "burstgpt-like"
requests = 400
[scheduler]
kind = "static_fifo"
[sla]
request_s = [10.0, 20.0]
"""


class PlotTest(CliTest):
    def setUp(self):
        super().setUp()
        self.write("s.toml", SWEEP)
        self.cli("run", "s.toml", "-o", "out.h5", "-q")

    def plot(self, *arguments, code=0):
        done = subprocess.run([sys.executable, SOURCE / "scripts/plot", *map(str, arguments)],
                              cwd=self.folder, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=300)
        self.assertEqual(done.returncode, code, done.stdout)
        return done.stdout.splitlines()

    def results(self, **at):
        return figures.Results(self.path("out.h5"), at)


class Files(PlotTest):
    def test_every_figure_in_both_formats(self):
        said = self.plot("out.h5", "-o", "figures")
        self.assertEqual(said, [f"figures/{name}.{kind}" for name in figures.FIGURES
                                for kind in ("png", "pdf")])
        for name in figures.FIGURES:
            picture = self.path(f"figures/{name}.png").read_bytes()
            self.assertEqual(picture[:8], b"\x89PNG\r\n\x1a\n")
            width, height = struct.unpack(">II", picture[16:24])
            self.assertIn(width, (1020, 2100), name)  # 3.4 and 7 inches of 300 pixels
            self.assertTrue(400 < height < 1500, (name, height))
            document = self.path(f"figures/{name}.pdf").read_bytes()
            self.assertTrue(document.startswith(b"%PDF-") and document.rstrip().endswith(b"%%EOF"))
            self.assertNotIn(b"/Subtype /Type3", document)  # fonts that publishers refuse
            box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", document)
            self.assertAlmostEqual(float(box[1]) / 72, width / 300, places=2)

        shutil.move(self.path("figures"), self.path("before"))
        self.cli("run", "s.toml", "-o", "out.h5", "-q", "--fresh")
        self.plot("out.h5", "-o", "figures")
        for path in sorted(self.path("before").iterdir()):
            self.assertEqual(path.read_bytes(), (self.path("figures") / path.name).read_bytes(), path)

    def test_what_cannot_be_made_is_said_and_why(self):
        self.write("one.toml", ONE_AXIS)
        self.cli("run", "one.toml", "-o", "one.h5", "-q")
        self.assertEqual(self.plot("one.h5", "--format", "png"), [
            "no throughput_over_gpus: num_gpus does not vary",
            "no sla_pareto: num_gpus does not vary",
            "no latency_over_throughput: no load (rps, rps_scaling), num_gpus or k_bins varies",
            "no schedulers_compared: the file has one scheduler",
            "sensitivity.png",
            "no seed_variance: there are no replications"])

    def test_one_figure_of_choice(self):
        said = self.plot("out.h5", "--x", "k_bins", "--y", "mean_gpu_utilization", "--format", "png")
        self.assertEqual(said, ["mean_gpu_utilization_over_k_bins.png"])
        self.assertEqual(self.plot("out.h5", "--cdf", "0", "17", "--format", "pdf"),
                         ["latency_distribution.pdf"])

    def test_errors(self):
        self.assertIn("no such value", self.plot("out.h5", "--at", "num_gpus=3", code=1)[0])
        self.assertIn("no input", self.plot("out.h5", "--at", "gpus=3", code=1)[0])
        self.assertIn("plot: error", self.plot("none.h5", code=1)[0])


class Content(PlotTest):
    def lines(self, axes):
        return [line for line in axes.get_lines() if len(line.get_xdata()) > 1]

    def legend(self, figure):
        return [text.get_text() for text in figure.legends[0].get_texts()]

    def said_above(self, figure):
        return figure.texts[0].get_text().replace("\n", ", ")

    def test_throughput_over_gpus(self):
        figure = figures.throughput_over_gpus(self.results(k_bins="4", workload_rps="8"))
        (axes,) = figure.axes
        self.assertEqual(axes.get_xlabel(), "GPUs")
        self.assertEqual(axes.get_ylabel(), "Throughput (requests/s)")
        self.assertEqual(self.legend(figure), ["static_fifo", "dynamic_no_bins", "multi_bin_dynamic"])
        self.assertEqual(self.said_above(figure), "8 requests/s, K = 4, 95 % intervals")
        frame = self.results().frame
        mine = frame[(frame.scheduler_kind == "multi_bin_dynamic") & (frame.k_bins == 4)
                     & (frame.workload_rps == 8)]
        means = mine.groupby("num_gpus").throughput_requests_per_s.mean()
        line = self.lines(axes)[2]
        np.testing.assert_array_equal(line.get_xdata(), means.index)
        np.testing.assert_allclose(line.get_ydata(), means.values)
        self.assertEqual(line.get_color(), figures.SCHEDULERS["multi_bin_dynamic"][0])
        self.assertEqual(len(axes.collections), 3)  # the bands of confidence
        ticks = [tick.get_text() for tick in axes.get_xticklabels()]
        self.assertEqual(ticks, ["1", "2", "4"])

    def test_sla_pareto(self):
        results = self.results(workload_rps="2")
        (axes,) = figures.sla_pareto(results).axes
        self.assertIn("%", axes.get_ylabel())
        frame = results.frame[results.frame.workload_rps == 2]
        points = frame.groupby(["scheduler_kind", "k_bins", "num_gpus"], observed=True,
                               dropna=False).request_sla_violation_rate.mean().reset_index()
        front, least = [], np.inf
        for gpus, rate in points.groupby("num_gpus").request_sla_violation_rate.min().items():
            if rate < least:
                front.append((gpus, 100 * rate))
                least = rate
        np.testing.assert_allclose(axes.get_lines()[-1].get_xydata(), front)

    def test_latency_over_throughput(self):
        figure = figures.latency_over_throughput(self.results(num_gpus="2"))
        (axes,) = figure.axes
        self.assertEqual(axes.get_xlabel(), "Throughput (requests/s)")
        self.assertEqual(axes.get_ylabel(), "p99 latency (s)")
        self.assertIn("along each line 2 requests/s to 8", self.said_above(figure))
        self.assertIn("2 GPUs", self.said_above(figure))

    def test_schedulers_compared(self):
        figure = figures.schedulers_compared(self.results(num_gpus="1", k_bins="8"))
        self.assertEqual([axes.get_ylabel() for axes in figure.axes], [
            "Mean latency (s)", "p99 latency (s)", "Throughput (requests/s)",
            "Requests over the SLA (%)"])
        self.assertEqual(self.said_above(figure), "K = 8, 1 GPU, 95 % intervals")
        frame = self.results().frame
        mine = frame[(frame.scheduler_kind == "static_fifo") & (frame.num_gpus == 1)]
        heights = [bar.get_height() for bar in figure.axes[1].patches[:2]]
        np.testing.assert_allclose(heights, mine.groupby("workload_rps").p99_latency_s.mean())

    def test_sensitivity(self):
        figure = figures.sensitivity(self.results(num_gpus="2", k_bins="4", workload_rps="2",
                                                  scheduler_kind="multi_bin_dynamic"))
        names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
        self.assertEqual(sorted(names), ["Arrival rate\nat 2", "GPUs\nat 2", "Length bins K\nat 4",
                                         "Scheduler\nat multi_bin_dynamic"])
        self.assertIn("p99 latency", figure.axes[1].get_xlabel())

    def test_seed_variance(self):
        figure = figures.seed_variance(self.results())
        self.assertEqual(self.said_above(figure),  # the greatest load, the middle of the others
                         "8 requests/s, K = 4, 2 GPUs, 3 replications, mean with its 95 % interval above")
        worlds = self.lines(figure.axes[0])[0].get_xdata()
        self.assertEqual(len(worlds), 3)

    def test_interval(self):
        results = self.results()
        table = results.over_replications(results.frame, ["p99_latency_s"])
        values = results.frame.p99_latency_s[:3]
        self.assertAlmostEqual(table["p99_latency_s+-"][0], 4.303 * values.std() / 3**0.5)

    def test_steps_of_a_study(self):
        results = self.results()
        frame = results.frame
        frame["step"] = np.where(frame.num_gpus == 4, "step2_gpu_scaling", "step4_grid")
        with self.assertRaisesRegex(figures.Unavailable, "num_gpus does not vary"):
            figures.throughput_over_gpus(results)
        figure = figures.sla_pareto(results)
        self.assertEqual([t.get_text() for t in figure.axes[0].get_xticklabels()], ["1", "2"])
        results.frame = frame[frame.replication == 0]
        figures.latency_over_throughput(results).canvas.draw()
        with self.assertRaisesRegex(figures.Unavailable, "no step5_robustness"):
            figures.seed_variance(results)

    def test_a_whole_study(self):
        self.cli("study", "stress", "--max-requests", "2000", "--max-gpus", "8", "-q", "-o", "s.h5")
        results = figures.Results(self.path("s.h5"))
        for figure in figures.FIGURES.values():
            figure(results).canvas.draw()
        # What only other steps vary is not said.
        self.assertEqual(self.said_above(figures.throughput_over_gpus(results)),
                         "2k requests, load x 100, K = 8, 95 % intervals")
        # The reference is what step 5 varies around, not the middle of what it tries.
        names = [label.get_text() for label in
                 figures.sensitivity(results).axes[0].get_yticklabels()]
        self.assertIn("token\nat 10", names)
        self.assertIn("request\nat 20", names)
        self.assertIn("beta ms per token\nat 5.742", names)
        self.assertEqual(len(names), 8)

    def test_a_tuning_study(self):
        self.cli("study", "tuning", "--seeds", "2", "--skip-memory", "--skip-benchmark", "-q",
                 "--skip-figures", "-o", "t.h5")
        said = self.plot("t.h5", "--format", "png")
        self.assertEqual(said, [f"{name}.png" for name in tuning_figures.FIGURES])
        results = figures.Results(self.path("t.h5"))
        frame = results.frame
        figure = tuning_figures.queue_and_generation(results)
        names = [label.get_text() for label in figure.axes[0].get_xticklabels()]
        self.assertEqual(names[:3] + names[-3:], ["batch 4", "batch 8", "batch 16", "1024", "2048", "4096"])
        at = names.index("batch 16")
        mine = frame[(frame["step"] == "queue_time") & (frame["client_batch"] == 16)]
        heights = [bar.get_height() for bar in figure.axes[0].patches]
        np.testing.assert_allclose(heights[at], mine["mean_queue_time_s"].mean())
        np.testing.assert_allclose(heights[at] + heights[len(names) + at], mine["mean_latency_s"].mean())
        figure = tuning_figures.latency_before_after(results)
        after = frame[(frame["step"] == "comparison") & (frame["scheduler_mode"] == "mixed")
                      & (frame["workload_arrivals_kind"] == "burst")]
        np.testing.assert_allclose(figure.axes[0].patches[1].get_height(), after["p50_latency_s"].mean())
        chunks = tuning_figures.inter_token_by_chunk(results).axes[0]
        self.assertEqual([label.get_text() for label in chunks.get_xticklabels()][-2:], ["8192", "off"])
        off = frame[(frame["step"] == "chunked_itl") & (frame["scheduler_mode"] == "prefill_first")]
        np.testing.assert_allclose(chunks.lines[2].get_ydata()[-1], off["max_itl_s"].mean())
        results.frame = frame[frame["step"] != "comparison"]
        with self.assertRaisesRegex(figures.Unavailable, "no comparison"):
            tuning_figures.latency_before_after(results)


if __name__ == "__main__":
    unittest.main()
