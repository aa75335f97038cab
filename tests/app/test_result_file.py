#!/usr/bin/env python3
"""Result files open in the tools that people use: h5py, xarray with both of its engines, pandas,
h5dump, and the project's own reader. The files are those of tests/support/sample_results.cpp, which
have every kind of column, and one that the program made."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np
import xarray as xr

sys.dont_write_bytecode = True
from servesweep_cli import PROGRAM, SOURCE  # noqa: E402

sys.path.insert(0, str(SOURCE / "python"))
import servesweep  # noqa: E402
from servesweep_cli import CliTest  # noqa: E402

ENGINES = ("h5netcdf", "netcdf4")
WRITER = os.path.join(os.path.dirname(PROGRAM), "test_io")


def setUpModule():
    global folder, grid, irregular
    folder = tempfile.TemporaryDirectory()
    subprocess.run([WRITER, "write sample files"], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "SERVESWEEP_SAMPLE_FOLDER": folder.name})
    grid = os.path.join(folder.name, "grid.h5")
    irregular = os.path.join(folder.name, "irregular.h5")


def tearDownModule():
    folder.cleanup()


def opened(path, engine, group=None):
    with xr.open_dataset(path, group=group, engine=engine) as dataset:
        return dataset.load()


class Xarray(unittest.TestCase):
    def test_root_attributes(self):
        for engine in ENGINES:
            attributes = opened(grid, engine).attrs
            self.assertEqual(attributes["format"], "servesweep results")
            self.assertEqual(attributes["format_version"], 2)
            self.assertEqual(attributes["seed"], 11)
            self.assertIn("[scheduler]", attributes["resolved_toml"])

    def test_worlds(self):
        for engine in ENGINES:
            worlds = opened(irregular, engine, "worlds")
            self.assertEqual(dict(worlds.dims), {"world": 12})
            self.assertEqual(list(worlds.world.values), list(range(12)))
            self.assertEqual(set(worlds.coords), {
                "world", "replication", "scheduler_kind", "scheduler_strict", "k_bins", "headroom_gb",
                "binned_policy", "binned_edges", "num_gpus", "rate_per_s", "cluster_trace"})
            self.assertEqual(set(worlds.data_vars), {
                "status", "completed", "largest_batch", "p99_latency_s", "note"})
            self.assertEqual(worlds.completed.dtype, np.int64)
            self.assertEqual(worlds.completed.values[2], 6_000_000_000)
            self.assertEqual(worlds.p99_latency_s.attrs["units"], "s")
            self.assertEqual(worlds.p99_latency_s.dtype, np.float64)  # not a time
            self.assertTrue(np.isnan(worlds.p99_latency_s.values[3]))
            np.testing.assert_array_equal(worlds.k_bins.values[:5], [np.nan] * 3 + [2, 2])
            np.testing.assert_array_equal(worlds.largest_batch.values[:3], [np.nan, 1, 2])
            self.assertEqual(list(worlds.binned_policy.values[2:4]), ["", "first come"])
            self.assertEqual(list(worlds.note.values[:3]), ["", "note 1, \u00fc", "note 2"])
            self.assertEqual(worlds.scheduler_kind.attrs["flag_meanings"], "plain binned")
            for column in worlds.variables.values():
                self.assertIn("long_name", column.attrs)

    def test_the_grid_is_the_worlds_over_the_axes(self):
        for engine in ENGINES:
            worlds, axes = opened(grid, engine, "worlds"), opened(grid, engine, "grid")
            self.assertEqual(dict(axes.dims),
                             {"scheduler_kind": 2, "num_gpus": 3, "cluster_trace": 3, "replication": 2})
            self.assertEqual(axes.attrs["axes"].split(), list(axes.dims))
            self.assertEqual(list(axes.attrs["shape"]), list(axes.dims.values()))
            self.assertIn("gr\u00fc\u00df.csv", axes.cluster_trace.values)
            cube = servesweep.grid(grid)
            for world in range(36):
                row = worlds.isel(world=world)
                point = cube.sel(
                    scheduler_kind=row.scheduler_kind.flag_meanings.split()[int(row.scheduler_kind)],
                    num_gpus=row.num_gpus, cluster_trace=row.cluster_trace,
                    replication=row.replication)
                np.testing.assert_array_equal(point.p99_latency_s, row.p99_latency_s)
                np.testing.assert_array_equal(point.completed, row.completed)

    def test_a_sweep_that_is_no_grid_has_none(self):
        with self.assertRaisesRegex(ValueError, "no grid"):
            servesweep.grid(irregular)

    def test_files_are_written_again(self):
        with tempfile.TemporaryDirectory() as copies:
            for path in (grid, irregular):
                copy = os.path.join(copies, "copy.nc")
                worlds = opened(path, "netcdf4", "worlds")
                worlds.to_netcdf(copy, engine="netcdf4")
                xr.testing.assert_equal(opened(copy, "netcdf4"), worlds)
                worlds.to_netcdf(copy, engine="h5netcdf")
                xr.testing.assert_equal(opened(copy, "h5netcdf"), worlds)
                if shutil.which("nccopy"):
                    subprocess.run(["nccopy", path, copy], check=True)
                    xr.testing.assert_equal(opened(copy, "netcdf4", "worlds"), worlds)

    def test_no_dataset_is_virtual_and_no_text_has_a_filter(self):
        def look(name, item):
            if isinstance(item, h5py.Dataset):
                self.assertFalse(item.is_virtual, name)
                if h5py.check_string_dtype(item.dtype):
                    self.assertEqual(item.id.get_create_plist().get_nfilters(), 0, name)
        for path in (grid, irregular):
            with h5py.File(path) as file:
                file.visititems(look)

    def test_tables(self):
        for engine in ENGINES:
            table = opened(grid, engine, "latency_histogram")
            self.assertEqual(table.dims["world"], 36)
            self.assertEqual(table.dims["entry"], int(table.row_size.sum()))
            self.assertEqual(table.dims["bucket_id"], 40)
            self.assertEqual(opened(grid, engine, "failures").dims["entry"], 0)
            self.assertTrue(np.isnan(opened(grid, engine, "bins").batch_limit.values[0]))


class OtherTools(unittest.TestCase):
    def test_h5py(self):
        with h5py.File(grid) as file:
            self.assertEqual(set(file), {"worlds", "grid", "latency_histogram", "bins", "failures"})
            self.assertEqual(file["worlds/note"].asstr()[1], "note 1, \u00fc")
            for group in file.values():
                for name, dataset in group.items():
                    scale = dataset.attrs.get("CLASS") == b"DIMENSION_SCALE"
                    self.assertTrue(scale or all(len(d) == 1 for d in dataset.dims), name)
            self.assertEqual(file["worlds/p99_latency_s"].dims[0][0].name, "/worlds/world")
            self.assertEqual(file["worlds/p99_latency_s"].compression, "gzip")

    def test_documented_recipe(self):
        with h5py.File(grid) as file:
            t = file["latency_histogram"]
            end = np.cumsum(t["row_size"][:])
            dense = np.zeros((len(end), len(t["bucket_lower_s"])), dtype=np.int64)
            dense[np.repeat(np.arange(len(end)), t["row_size"][:]), t["bucket"][:]] = t["count"][:]
        self.assertEqual(dense[2].tolist()[:31:3], [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0])

    def test_h5dump(self):
        for path in (grid, irregular):
            text = subprocess.run(["h5dump", path], check=True, capture_output=True).stdout
            self.assertIn(b"first come" if path == irregular else b"p99_latency_s", text)

    def run_if_there(self, *command):
        if not shutil.which(command[0]):
            self.skipTest(f"there is no {command[0]}")
        done = subprocess.run(command, capture_output=True, text=True)
        if "no package called" in done.stderr or "package_name" in done.stderr:
            self.skipTest(done.stderr)
        return done.stdout, done.stderr

    def test_r(self):
        """ncdf4, the usual reader of R: a full factorial opens, and what is missing is NA."""
        out, err = self.run_if_there("Rscript", "-e", f"""
            library(ncdf4); f <- nc_open("{grid}"); g <- nc_open("{irregular}")
            cat("last", format(ncvar_get(f, "worlds/completed")[36], scientific = FALSE), "\\n")
            cat("k_bins", ncvar_get(g, "worlds/k_bins")[3:4], "\\n")
            cat("policy", ncvar_get(g, "worlds/largest_batch")[1:2], "\\n")""")
        self.assertIn("last 105000000000", out, err)
        self.assertIn("k_bins NA 2", out, err)
        self.assertIn("policy NA 1", out, err)

    def test_octave(self):
        out, err = self.run_if_there("octave", "--no-gui", "--eval", f"""
            pkg load netcdf;
            printf("k_bins %g %g\\n", ncread("{irregular}", "/worlds/k_bins")(3:4));
            printf("batch %g %g\\n", ncread("{irregular}", "/worlds/largest_batch")(1:2));""")
        self.assertIn("k_bins NaN 2", out, err)
        self.assertIn("batch NaN 1", out, err)


class OwnReader(unittest.TestCase):
    def test_worlds(self):
        frame = servesweep.worlds(irregular)
        self.assertEqual(len(frame), 12)
        self.assertEqual(list(frame.scheduler_kind[[0, 3]]), ["plain", "binned"])
        self.assertEqual(frame.status[9], "time_limit")
        self.assertTrue(np.isnan(frame.k_bins[0]))
        self.assertEqual(frame.k_bins[3], 2)
        self.assertEqual(frame.completed.dtype, np.int64)
        self.assertEqual(frame.attrs["role"]["k_bins"], "input")
        self.assertEqual(frame.attrs["units"]["p99_latency_s"], "s")
        means = frame.groupby("scheduler_kind", observed=True).p99_latency_s.mean()
        self.assertEqual(list(means.index), ["plain", "binned"])

    def test_histograms(self):
        one = servesweep.histogram(grid, [1])
        self.assertEqual(one["count"].tolist(), [2, 3, 4, 5, 6])
        self.assertAlmostEqual(one.cdf.iloc[0], 0.1)
        np.testing.assert_allclose(one.bucket_upper_s, [0.1, 0.4, 0.7, 1.0, 1.3])
        both = servesweep.histogram(grid, [1, 2])
        self.assertEqual(both["count"].tolist()[:6], [5, 7, 9, 11, 13, 8])
        every = servesweep.histogram(grid)
        with h5py.File(grid) as file:
            self.assertEqual(every["count"].sum(), file["latency_histogram/count"][:].sum())
        self.assertEqual(every.cdf.iloc[-1], 1)
        bins = servesweep.table(grid, "bins", 2)
        self.assertEqual(bins.requests.tolist(), [10_000_000_000, 10_000_000_001])
        self.assertTrue(np.isnan(bins.batch_limit[0]))


class OfTheProgram(CliTest):
    """What `servesweep run` writes, read by each of these programs."""

    def setUp(self):
        super().setUp()
        self.write("s.toml", """
            [workload]
            preset = "burstgpt-like"
            requests = 500
            rps = [1.0, 10.0]
            [scheduler]
            kind = ["multi_bin_only", "multi_bin_dynamic"]
            k_bins = [1, 4]
            """)
        self.cli("run", "s.toml", "-o", "out.h5", "-q")
        self.file = str(self.path("out.h5"))

    def test_xarray(self):
        for engine in ENGINES:
            worlds = opened(self.file, engine, "worlds")
            self.assertEqual(dict(worlds.dims), {"world": 8})
            self.assertEqual(set(worlds.workload_rps.values), {1, 10})
            axes = opened(self.file, engine, "grid")
            self.assertEqual(dict(axes.dims), {"workload_rps": 2, "scheduler_kind": 2, "k_bins": 2,
                                               "replication": 1})
            np.testing.assert_array_equal(servesweep.grid(self.file).p99_latency_s.values.ravel(),
                                          worlds.p99_latency_s.values)
            table = opened(self.file, engine, "latency_histogram")
            self.assertEqual(len(table.bucket_lower_s), len(table.bucket_upper_s))

    def test_h5dump(self):
        text = subprocess.run(["h5dump", self.file], check=True, capture_output=True).stdout
        self.assertIn(b"scheduler_kind", text)

    def test_histograms_are_the_latencies(self):
        frame = servesweep.worlds(self.file)
        self.assertEqual(set(frame.scheduler_kind), {"multi_bin_only", "multi_bin_dynamic"})
        for world, row in frame.iterrows():
            buckets = servesweep.histogram(self.file, [world])
            self.assertEqual(buckets["count"].sum(), row.completed)
            np.testing.assert_array_less(buckets.bucket_lower_s, buckets.bucket_upper_s)
            middle = (buckets.bucket_lower_s + buckets.bucket_upper_s) / 2
            mean = (middle * buckets["count"]).sum() / row.completed
            self.assertLess(abs(mean / row.mean_latency_s - 1), row.percentile_error)
            self.assertLessEqual(buckets.bucket_lower_s.iloc[-1], row.max_latency_s)
            self.assertGreater(buckets.bucket_upper_s.iloc[-1], row.max_latency_s)


if __name__ == "__main__":
    unittest.main(verbosity=1)
