#!/usr/bin/env python3
"""Reads servesweep's result files: worlds() makes a pandas frame, histogram() the distribution of
a world or of several merged, and the command line plots a first picture.

    python3 scripts/servesweep_results.py out.h5                      # the frame, in short
    python3 scripts/servesweep_results.py out.h5 --plot out.png
    python3 scripts/servesweep_results.py out.h5 --plot out.png --x num_gpus --y p99_latency_s
    python3 scripts/servesweep_results.py out.h5 --cdf 0 17 --plot cdf.png
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


def _label(frame, name):
    unit = frame.attrs["units"].get(name, "")
    return name if unit in ("", "1") else f"{name} [{unit}]"


def plot_metric(frame, x, y, axes):
    """Median of y over x, a line for each value of the first category or else input."""
    inputs = [c for c in _varying(frame, "input") if c != x]
    by = next((c for c in inputs if frame[c].dtype == "category"), inputs[0] if inputs else None)
    groups = frame.groupby(by, observed=True) if by else [(y, frame)]
    for value, part in groups:
        median = part.groupby(x, observed=True)[y].median()
        axes.plot(median.index.astype(str) if part[x].dtype == object else median.index,
                  median.values, marker="o", label=f"{by} = {value}" if by else None)
    axes.set(xlabel=_label(frame, x), ylabel=f"median {_label(frame, y)}")
    if by:
        axes.legend(fontsize="small")


def plot_cdf(path, world_ids, axes):
    for world in world_ids:
        frame = histogram(path, [world])
        upper = next(c for c in frame if c.startswith("bucket_upper"))
        axes.step(frame[upper], frame["cdf"], where="post", label=f"world {world}")
    axes.set(xscale="log", xlabel="latency [s]", ylabel="share of requests")
    axes.legend(fontsize="small")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--plot", metavar="PNG", help="write a picture")
    parser.add_argument("--x", help="input to plot over (default: the first number that varies)")
    parser.add_argument("--y", help="metric to plot (default: the first with headline)")
    parser.add_argument("--cdf", type=int, nargs="+", metavar="WORLD",
                        help="plot the latency distribution of these worlds instead")
    arguments = parser.parse_args()

    frame = worlds(arguments.file)
    print(frame[_varying(frame, "input") + _varying(frame, "metric")].describe().T.to_string())
    if not arguments.plot:
        return
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    figure, axes = pyplot.subplots(figsize=(7, 4.5), constrained_layout=True)
    if arguments.cdf:
        plot_cdf(arguments.file, arguments.cdf, axes)
    else:
        numbers = [c for c in _varying(frame, "input") if pd.api.types.is_numeric_dtype(frame[c])]
        x = arguments.x or (numbers or _varying(frame, "input") or ["replication"])[0]
        with h5py.File(arguments.file, "r") as file:
            headline = [c for c in file["worlds"] if "headline" in file["worlds"][c].attrs
                        and pd.api.types.is_numeric_dtype(frame[c])]
        y = arguments.y or (headline + [c for c in _varying(frame, "metric")
                                        if pd.api.types.is_numeric_dtype(frame[c])])[0]
        plot_metric(frame, x, y, axes)
    figure.savefig(arguments.plot, dpi=150)
    print(f"wrote {arguments.plot}")


if __name__ == "__main__":
    main()
