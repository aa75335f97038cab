"""Reads servesweep's result files: worlds() makes a pandas frame, grid() an xarray dataset over the axes,
histogram() the distribution of a world or of several merged. scripts/plot draws figures of them.

    python3 -m servesweep.results out.h5     # the frame, in short
"""
import argparse

import h5py
import numpy as np
import pandas as pd


def _text(value):
    return value.decode() if isinstance(value, bytes) else value


def _column(dataset, rows=slice(None)):
    """A column as it is meant: names for codes, NaN or "" where not applicable."""
    if h5py.check_string_dtype(dataset.dtype):
        return dataset.asstr()[rows]
    values = dataset[rows]
    if "flag_meanings" in dataset.attrs:
        names = _text(dataset.attrs["flag_meanings"]).split()
        return pd.Categorical.from_codes(values, categories=names)  # -1 is missing
    fill = dataset.attrs.get("_FillValue")
    if fill is not None and values.dtype.kind == "i":
        return np.where(values == fill, np.nan, values)
    return values


def worlds(path):
    """One row per world, indexed by its id; frame.attrs["role"] says which columns are inputs."""
    with h5py.File(path, "r") as file:
        group = file["worlds"]
        frame = pd.DataFrame({name: _column(group[name]) for name in group}).set_index("world")
        frame.attrs["role"] = {name: _text(group[name].attrs["role"]) for name in group}
        frame.attrs["units"] = {name: _text(group[name].attrs.get("units", "")) for name in group}
    return frame


def grid(path):
    """The metrics of a full factorial as an xarray dataset over its axes; needs xarray."""
    import xarray

    frame = worlds(path)
    with h5py.File(path, "r") as file:
        if "grid" not in file:
            raise ValueError(f"{path} has no grid (its worlds are not all combinations of axes)")
        axes = _text(file["grid"].attrs["axes"]).split()
        shape = tuple(file["grid"].attrs["shape"])
        coordinates = {name: np.asarray(_column(file["grid"][name])) for name in axes}
    metrics = [c for c in frame.columns if frame.attrs["role"][c] == "metric"]
    return xarray.Dataset({c: (axes, np.asarray(frame[c]).reshape(shape)) for c in metrics},
                          coords=coordinates)


def table(path, name, world):
    """The rows of one world in a ragged table."""
    with h5py.File(path, "r") as file:
        group = file[name]
        end = int(group["row_size"][: world + 1].sum(dtype=np.int64))
        rows = slice(end - int(group["row_size"][world]), end)
        columns = [c for c in group if _text(group[c].attrs.get("role", "")) == "metric"]
        return pd.DataFrame({c: _column(group[c], rows) for c in columns})


def histogram(path, world_ids=None, name="latency_histogram"):
    """Buckets with their edges, counts and the cumulative share: of these worlds merged, or of
    all. Columns that start with bucket_ are the file's own."""
    with h5py.File(path, "r") as file:
        group = file[name]
        size = group["row_size"][:].astype(np.int64)
        edges = {c: group[c][:] for c in group if c.startswith("bucket_") and
                 _text(group[c].attrs.get("role", "")) == "index"}
        counts = np.zeros(len(next(iter(edges.values()))), dtype=np.int64)
        end = np.cumsum(size)
        if world_ids is None:
            step = 1 << 22
            parts = [slice(i, i + step) for i in range(0, group["count"].shape[0], step)]
        else:
            parts = [slice(end[w] - size[w], end[w]) for w in world_ids]
        for rows in parts:
            np.add.at(counts, group["bucket"][rows], group["count"][rows])
    frame = pd.DataFrame({**edges, "count": counts})
    frame["cdf"] = np.cumsum(counts) / max(counts.sum(), 1)
    return frame[frame["count"] > 0]


def _varying(frame, role):
    return [c for c in frame.columns if frame.attrs["role"][c] == role and frame[c].nunique() > 1]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    frame = worlds(parser.parse_args().file)
    print(frame[_varying(frame, "input") + _varying(frame, "metric")].describe().T.to_string())


if __name__ == "__main__":
    main()
