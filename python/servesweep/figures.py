"""The figures of result files for papers: functions that make matplotlib figures of a Results, which
scripts/plot writes to files. docs/plots.md says what each shows. A figure that the worlds of a file
do not allow raises Unavailable, with the reason.
"""
import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from .results import histogram, worlds

COLUMN_INCHES, PAGE_INCHES = 3.4, 7.0  # one and two columns of a journal

STYLE = {
    "font.family": "DejaVu Sans", "font.size": 7.5, "axes.labelsize": 7.5, "axes.titlesize": 7.5,
    "xtick.labelsize": 7, "ytick.labelsize": 7, "legend.fontsize": 6.5, "axes.linewidth": 0.6,
    "xtick.major.width": 0.6, "ytick.major.width": 0.6, "lines.linewidth": 1.2, "lines.markersize": 3.5,
    "axes.grid": True, "grid.color": "0.88", "grid.linewidth": 0.5, "axes.axisbelow": True,
    "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False,
    "legend.handlelength": 1.6, "legend.columnspacing": 1.2, "hatch.linewidth": 0.5,
    "pdf.fonttype": 42, "pdf.compression": 6, "savefig.dpi": 300,
}

# Okabe and Ito's colours, which the colour-blind tell apart; a scheduler has the same in every figure.
SCHEDULERS = {"static_fifo": ("#D55E00", "s"), "multi_bin_only": ("#CC79A7", "^"),
              "dynamic_no_bins": ("#0072B2", "D"), "multi_bin_dynamic": ("#009E73", "o")}
OTHERS = [("#E69F00", "v"), ("#56B4E9", "P"), ("#000000", "X"), ("#F0E442", "*")]
ORDERED = "viridis_r"  # colours of values that have an order

LOADS = ["rps_scaling", "workload_rps", "workload_requests"]
CHOICES = ["scheduler_kind", "k_bins", "num_gpus"]  # what a study decides about

# A study's rows that answer the question of a figure; all rows of other files.
STEPS = {
    "throughput_over_gpus": ["step2_gpu_scaling"],
    "sla_pareto": ["step4_grid"],
    "latency_over_throughput": ["step4_grid"],
    "schedulers_compared": ["step4_comparison"],
    "sensitivity": ["step5_robustness"],
    "seed_variance": ["step5_robustness"],
}

NAMES = {
    "scheduler_kind": "Scheduler", "num_gpus": "GPUs", "k_bins": "Length bins K",
    "workload_rps": "Arrival rate (requests/s)", "rps_scaling": "Load scaling",
    "workload_requests": "Requests", "mean_latency_s": "Mean latency (s)",
    "p99_latency_s": "p99 latency (s)", "throughput_requests_per_s": "Throughput (requests/s)",
    "request_sla_violation_rate": "Requests over the SLA (%)",
}
SHORT = {"num_gpus": "{} GPUs", "k_bins": "K = {}", "workload_rps": "{} requests/s",
         "rps_scaling": "load x {}", "workload_requests": "{} requests", "scheduler_kind": "{}"}

# 97.5 % quantiles of Student's t for 1 to 30 degrees of freedom.
STUDENT_T = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
             2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
             2.052, 2.048, 2.045, 2.042]


class Unavailable(Exception):
    """Why a figure cannot be made."""


def student_t(degrees):
    if degrees <= len(STUDENT_T):
        return STUDENT_T[int(degrees) - 1]
    return 1.95996 + 2.37227 / degrees + 2.82250 / degrees**2  # Cornish and Fisher; error < 0.001


def text_of(value):
    """A value of an axis, in short."""
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        for size, letter in ((1e6, "M"), (1e3, "k")):
            if value >= size and value % (size / 10) == 0:
                return f"{value / size:g}{letter}"
        return f"{value:.4g}"
    return str(value) or "none"


def points_of(frame, inputs):
    """A number for each world, equal where all inputs are; what is not read is a value too. (A groupby of
    categories and missing values at once loses groups in pandas 1.5.)"""
    codes = [pd.factorize(frame[name], sort=True)[0] for name in inputs]
    if not inputs:
        return pd.Series(0, index=frame.index)
    return frame.groupby(codes).ngroup()


def values_of(column):
    """The values that are there, in order."""
    present = column.dropna().unique()
    if isinstance(column.dtype, pd.CategoricalDtype):
        return [name for name in column.cat.categories if name in set(present)]
    return sorted(present)


class Results:
    """The worlds of a result file, and at which values the inputs stay that a figure does not show."""

    def __init__(self, path, at=None):
        self.frame = worlds(path)
        self.units = self.frame.attrs["units"]
        roles = self.frame.attrs["role"]
        self.inputs = [c for c in self.frame if roles[c] == "input" and c not in ("step", "seed")]
        self.metrics = [c for c in self.frame if roles[c] == "metric"
                        and pd.api.types.is_numeric_dtype(self.frame[c])]
        self.told = self.axes(self.frame)  # inputs whose values the figure at hand says
        self.at = {}
        for name, text in (at or {}).items():
            if name not in self.inputs:
                raise ValueError(f"invalid --at {name} (no input of this file) choose one of "
                                 + ", ".join(self.axes(self.frame)))
            fitting = [v for v in values_of(self.frame[name]) if str(v) == text or text_of(v) == text]
            if not fitting:
                raise ValueError(f"invalid --at {name}={text} (no such value in this file) choose one "
                                 "of " + ", ".join(map(text_of, values_of(self.frame[name]))))
            self.at[name] = fitting[0]

    def axes(self, frame):
        return [c for c in self.inputs if frame[c].nunique() > 1]

    def worlds(self, figure):
        """The worlds for a figure: of a study only the step that fits."""
        self.need(self.frame, "scheduler_kind")
        self.told = self.axes(self.frame)
        if "step" not in self.frame:
            return self.frame
        frame = self.frame[self.frame["step"].isin(STEPS[figure])]
        if frame.empty:
            raise Unavailable(f"the study has no {' or '.join(STEPS[figure])}")
        told = set(self.axes(frame) + CHOICES + LOADS)  # other steps vary other inputs
        self.told = [c for c in self.told if c in told]
        return frame

    def label(self, name):
        if name in NAMES:
            return NAMES[name]
        unit = self.units.get(name, "")
        words = name.replace("_", " ")
        if unit in ("", "1"):
            return words
        return f"{words.removesuffix(f' {unit}')} ({unit})"

    def need(self, frame, *names):
        for name in names:
            if name not in frame or frame[name].isna().all():
                raise Unavailable(f"the file has no {name}")

    def at_reference(self, frame, shown):
        """The worlds whose other inputs all have one value, and these inputs and values: the combination
        at which `shown` has most values; of equally many the usual value, the greatest load, or the middle.
        What a world does not read fits every value."""
        for name, value in self.at.items():
            if name not in shown:
                frame = frame[(frame[name] == value) | frame[name].isna()]
        others = [c for c in self.axes(frame) if c not in shown]
        if not others:
            return frame, self.stated(frame, shown)
        rank = pd.DataFrame({c: self.distance(frame[c]) for c in others}, index=frame.index)
        points = points_of(frame, others)
        candidates = frame.loc[points.drop_duplicates().sort_values().index, others].assign(
            _far=rank.fillna(0).sum(axis=1), _unread=rank.isna().sum(axis=1),
            _worlds=points.map(points.value_counts()))
        candidates = candidates.sort_values(["_unread", "_worlds", "_far"], ascending=[True, False, True],
                                            kind="stable").head(64)
        best, most = None, (0, 0.0)
        for _, candidate in candidates.iterrows():
            fits = pd.Series(True, index=frame.index)
            for name in others:
                if not pd.isna(candidate[name]):
                    fits &= (frame[name] == candidate[name]) | frame[name].isna()
            found = frame[fits]
            score = (len(found[[c for c in shown if c in found]].drop_duplicates()), -candidate["_far"])
            if best is None or score > most:
                best, most = found, score
        return best, self.stated(best, shown)

    def distance(self, column):
        """How far each value is from where a figure would hold it: one that most worlds have, if there
        is one. NaN where it is not read."""
        order = values_of(column)
        place = column.map({value: i for i, value in enumerate(order)}).astype(float)
        usual = column.value_counts(normalize=True)
        if usual.iloc[0] > 0.5:
            return (place - order.index(usual.index[0])).abs()
        if column.name in LOADS:
            return len(order) - 1 - place
        if column.name == "scheduler_kind" and "multi_bin_dynamic" in order:
            return (place - order.index("multi_bin_dynamic")).abs()
        return (place - len(order) // 2).abs()

    def stated(self, frame, shown):
        """The values of what varies in the file and not here, for the figure to say."""
        return {c: values_of(frame[c])[0] for c in self.told
                if c not in shown and frame[c].nunique() == 1}

    def over_replications(self, frame, metrics):
        """A row for each point: mean and half the 95 % interval of each metric."""
        inputs = [c for c in self.inputs if frame[c].nunique(dropna=False) > 1]  # "not read" counts
        points = points_of(frame, inputs)
        groups = frame.groupby(points)[metrics]
        table = frame.loc[points.drop_duplicates().sort_values().index, inputs].reset_index(drop=True)
        mean, deviation, count = groups.mean(), groups.std(), groups.count()
        for metric in metrics:
            t = count[metric].map(lambda n: student_t(n - 1) if n > 1 else np.nan)
            table[metric] = mean[metric].to_numpy()
            table[f"{metric}+-"] = (t * deviation[metric] / np.sqrt(count[metric])).to_numpy()
        table["_worlds"] = count[metrics[0]].to_numpy()
        for name in CHOICES + LOADS:  # what does not vary has a value too
            if name in frame and name not in table:
                present = values_of(frame[name])
                table[name] = present[0] if present else np.nan
        return table


# -- parts of figures -------------------------------------------------------------------------------

def new_figure(width, height, rows=1, columns=1, **options):
    figure = Figure(figsize=(width, height))
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def scheduler_style(name):
    if name in SCHEDULERS:
        return SCHEDULERS[name]
    return OTHERS[sum(map(ord, str(name))) % len(OTHERS)]


def line_styles(by, values):
    """{value: (colour, marker)}"""
    if by == "scheduler_kind":
        return {value: scheduler_style(value) for value in values}
    colours = matplotlib.colormaps[ORDERED](np.linspace(0.15, 1, max(len(values), 2)))
    return {value: (matplotlib.colors.to_hex(colours[i]), "osD^vPX*"[i % 8])
            for i, value in enumerate(values)}


def short(name, value):
    said = SHORT.get(name, name.replace("_", " ") + " = {}").format(text_of(value))
    return said[:-1] if name == "num_gpus" and value == 1 else said


def lines_of(parts, width):
    """The parts, separated by commas, on as many lines as they need."""
    lines = [""]
    for part in parts:
        if lines[-1] and len(lines[-1]) + len(part) + 2 > 19 * width:
            lines.append("")
        lines[-1] += (", " if lines[-1] else "") + part
    return lines


def finish(figure, conditions, handles=(), replicated=False, remarks=()):
    """Puts the legend above the panels, and above that at which values the other inputs are."""
    width, height = figure.get_size_inches()
    said = [short(name, value) for name, value in conditions.items()] + list(remarks)
    lines = lines_of(said + ["95 % intervals"] * replicated, width)
    lines = [line for line in lines if line]
    longest = max((len(h.get_label()) for h in handles), default=0)
    columns = max(1, min(len(handles), int(width * 20 / (longest + 8))))
    legend_rows = -(-len(handles) // columns)
    text, legend = 0.13 * len(lines), 0.14 * legend_rows + 0.05 * bool(handles)
    header = text + legend + 0.04
    total = height + header
    figure.set_size_inches(width, total)
    figure.set_layout_engine("constrained", rect=(0, 0, 1, height / total), w_pad=0.03, h_pad=0.03,
                             hspace=0.03, wspace=0.03)
    figure.text(0.5, 1 - 0.03 / total, "\n".join(lines), fontsize=6.5, color="0.3", ha="center", va="top",
                linespacing=1.25)
    if handles:
        figure.legend(handles=list(handles), loc="upper center", ncol=columns, borderaxespad=0,
                      borderpad=0.1, labelspacing=0.3, bbox_to_anchor=(0.5, 1 - (text + 0.05) / total))
    return figure


def plain(value, _=None):
    return text_of(value) if abs(value) >= 1e4 else f"{value:.10g}"


def is_log(values, least=20):
    values = np.asarray([v for v in values if np.isfinite(v)], dtype=float)
    return len(values) > 1 and values.min() > 0 and values.max() / values.min() >= least


def scale_input(axes, values, which="x"):
    """The axis of an input: a tick for each value, or as many as fit; log where they grow by factors."""
    values = sorted(set(map(float, values)))
    axis = getattr(axes, f"{which}axis")
    if is_log(values, 8):
        getattr(axes, f"set_{which}scale")("log")
        keep = [values[0]]
        for value in values[1:]:
            if np.log(value / keep[-1]) >= np.log(values[-1] / values[0]) / 11:
                keep.append(value)
    else:
        keep = values[::-(-len(values) // 9)]
    axis.set_major_locator(FixedLocator(keep))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda v, _: text_of(v)))


def scale_metric(axes, values, which="y"):
    """The axis of a metric: log where it spans a factor of 20, else from zero."""
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    if not is_log(values):
        getattr(axes, f"set_{which}lim")(0, (values.max() if len(values) else 0) * 1.08 or 1)
        return
    getattr(axes, f"set_{which}scale")("log")
    axis = getattr(axes, f"{which}axis")
    wide = values.max() / values.min() > 300
    axis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0), numticks=12))
    axis.set_major_formatter(FuncFormatter(plain))
    axis.set_minor_formatter(NullFormatter())


def handle(label, colour, marker, line="-"):
    return Line2D([], [], color=colour, marker=marker, linestyle=line, label=label)


def draw_line(axes, x, y, half, colour, marker):
    axes.plot(x, y, color=colour, marker=marker, clip_on=False, zorder=3)
    if np.isfinite(half).any():
        half = np.nan_to_num(half)
        axes.fill_between(x, np.maximum(y - half, 0), y + half, color=colour, alpha=0.2, linewidth=0)


def lines_by(results, frame, besides):
    """What the lines of a figure are: schedulers, else K, else GPUs, whichever vary."""
    varying = results.axes(frame)
    return next((c for c in CHOICES if c in varying and c not in besides), "scheduler_kind")


def percent(metric):
    return 100 if "%" in NAMES.get(metric, "") else 1


def reach(table, metric):
    """The values and the upper ends of their intervals."""
    return pd.concat([table[metric], table[metric] + table[f"{metric}+-"].fillna(0)])


def replicated(table):
    return bool((table["_worlds"] > 1).any())


# -- the figures ------------------------------------------------------------------------------------

def over_input(results, frame, x, y):
    """One line of the metric y over the input x for each scheduler, K or number of GPUs."""
    results.need(frame, x, y, "scheduler_kind")
    by = lines_by(results, frame, [x])
    frame, conditions = results.at_reference(frame, [x, by])
    if frame[x].nunique() < 2:
        raise Unavailable(f"{x} has no two values at otherwise equal inputs")
    table = results.over_replications(frame, [y])
    figure, ((axes,),) = new_figure(COLUMN_INCHES, 2.3)
    factor = percent(y)
    styles, handles = line_styles(by, values_of(frame[by])), []
    for value, (colour, marker) in styles.items():
        line = table[(table[by] == value) & table[x].notna()].sort_values(x)
        if line.empty:
            continue
        draw_line(axes, line[x].astype(float), factor * line[y], factor * line[f"{y}+-"], colour, marker)
        handles.append(handle(short(by, value), colour, marker))
    scale_input(axes, table[x].dropna())
    scale_metric(axes, factor * reach(table, y))
    axes.set(xlabel=results.label(x), ylabel=results.label(y))
    return finish(figure, conditions, handles, replicated(table))


def throughput_over_gpus(results):
    frame = results.worlds("throughput_over_gpus")
    if "num_gpus" not in results.axes(frame):
        raise Unavailable("num_gpus does not vary")
    return over_input(results, frame, "num_gpus", "throughput_requests_per_s")


def on_front(cost, loss):
    """Whether no other point has less of one and not more of the other."""
    points = np.column_stack([cost, loss])
    return np.array([not ((points <= p).all(axis=1) & (points < p).any(axis=1)).any() for p in points])


def sla_pareto(results):
    frame, rate = results.worlds("sla_pareto"), "request_sla_violation_rate"
    if "num_gpus" not in results.axes(frame):
        raise Unavailable("num_gpus does not vary")
    results.need(frame, rate)
    frame, conditions = results.at_reference(frame, CHOICES)
    table = results.over_replications(frame, [rate]).dropna(subset=[rate])
    if table["num_gpus"].nunique() < 2:
        raise Unavailable("num_gpus has no two values at otherwise equal inputs")
    by = "scheduler_kind" if table["scheduler_kind"].nunique() > 1 else "k_bins"
    figure, ((axes,),) = new_figure(COLUMN_INCHES, 2.4)
    values = values_of(frame[by]) or values_of(frame["scheduler_kind"])
    by = by if values_of(frame[by]) else "scheduler_kind"
    handles = []
    for value, (colour, marker) in line_styles(by, values).items():
        some = table[table[by] == value]
        axes.plot(some["num_gpus"], 100 * some[rate], color=colour, marker=marker, linestyle="none",
                  alpha=0.75, markeredgewidth=0, clip_on=False, zorder=3)
        handles.append(handle(short(by, value), colour, marker, "none"))
    front = table[on_front(table["num_gpus"], table[rate])].sort_values(["num_gpus", rate])
    axes.step(front["num_gpus"], 100 * front[rate], where="post", color="black", linewidth=0.9, zorder=2)
    axes.plot(front["num_gpus"], 100 * front[rate], color="black", marker="o", markersize=6.5,
              markerfacecolor="none", markeredgewidth=0.8, linestyle="none", clip_on=False, zorder=4)
    handles.append(Line2D([], [], color="black", marker="o", markersize=5, markerfacecolor="none",
                          label="Pareto front"))
    scale_input(axes, table["num_gpus"])
    axes.set_ylim(0, max(100 * table[rate].max() * 1.06, 1))
    axes.set(xlabel=results.label("num_gpus"), ylabel=results.label(rate))
    limits = values_of(frame["request_s"]) if "request_s" in frame else []
    remarks = [f"SLA {text_of(limits[0])} s"] if len(limits) == 1 else []
    return finish(figure, conditions, handles, remarks=remarks)


def latency_over_throughput(results):
    frame = results.worlds("latency_over_throughput")
    metrics = ["throughput_requests_per_s", "p99_latency_s"]
    results.need(frame, *metrics)
    varying = results.axes(frame)
    along = next((c for c in LOADS[:2] + ["num_gpus", "k_bins"] if c in varying), None)
    if along is None:
        raise Unavailable("no load (rps, rps_scaling), num_gpus or k_bins varies")
    by = lines_by(results, frame, [along])
    frame, conditions = results.at_reference(frame, [along, by])
    if frame[along].nunique() < 2:
        raise Unavailable(f"{along} has no two values at otherwise equal inputs")
    table = results.over_replications(frame, metrics).dropna(subset=metrics)
    figure, ((axes,),) = new_figure(COLUMN_INCHES, 2.4)
    x, y = metrics
    handles = []
    for value, (colour, marker) in line_styles(by, values_of(frame[by])).items():
        line = table[table[by] == value].sort_values(along)
        if line.empty:
            continue
        axes.errorbar(line[x], line[y], xerr=line[f"{x}+-"].fillna(0), yerr=line[f"{y}+-"].fillna(0),
                      color=colour, marker=marker, elinewidth=0.6, zorder=3)
        handles.append(handle(short(by, value), colour, marker))
    scale_metric(axes, reach(table, x), "x")
    scale_metric(axes, reach(table, y))
    axes.set(xlabel=results.label(x), ylabel=results.label(y))
    steps = values_of(table[along])
    remarks = [f"along each line {short(along, steps[0])} to {text_of(steps[-1])}"]
    return finish(figure, conditions, handles, replicated(table), remarks)


def schedulers_compared(results):
    frame = results.worlds("schedulers_compared")
    metrics = ["mean_latency_s", "p99_latency_s", "throughput_requests_per_s",
               "request_sla_violation_rate"]
    results.need(frame, *metrics)
    if frame["scheduler_kind"].nunique() < 2:
        raise Unavailable("the file has one scheduler")
    load = next((c for c in LOADS if c in results.axes(frame)), None)
    of_a_study = "step" in frame  # its methods have their own K and GPUs
    shown = (CHOICES if of_a_study else CHOICES[:1]) + ([load] if load else [])
    frame, conditions = results.at_reference(frame, shown)
    if frame["scheduler_kind"].nunique() < 2:
        raise Unavailable("no two schedulers have otherwise equal inputs")
    table = results.over_replications(frame, metrics)
    methods = table[CHOICES].drop_duplicates().sort_values(CHOICES[:1] + ["num_gpus"])
    names = [", ".join(short(c, method[c]) for c in CHOICES if not pd.isna(method[c])
                       and (c == "scheduler_kind" or of_a_study)) for _, method in methods.iterrows()]
    loads = values_of(frame[load]) if load else [None]
    loads = [loads[i] for i in sorted({round(j) for j in np.linspace(0, len(loads) - 1, 5)})]
    figure, panels = new_figure(PAGE_INCHES, 3.6, 2, 2)
    width, handles, seen = 0.8 / len(methods), [], []
    for i, (name, (_, method)) in enumerate(zip(names, methods.iterrows())):
        colour, _ = scheduler_style(method["scheduler_kind"])
        hatch = "////" if method["scheduler_kind"] in seen else None
        seen.append(method["scheduler_kind"])
        handles.append(Patch(facecolor=colour, edgecolor="white", hatch=hatch, label=name))
        mine = table[np.logical_and.reduce([(table[c] == method[c]) | (table[c].isna() & pd.isna(method[c]))
                                            for c in CHOICES])]
        rows = [mine if at is None else mine[mine[load] == at] for at in loads]
        place = np.arange(len(loads)) + (i - (len(methods) - 1) / 2) * width
        for axes, metric in zip(panels.flat, metrics):
            factor = percent(metric)
            height = [factor * r[metric].iloc[0] if len(r) else np.nan for r in rows]
            half = [factor * r[f"{metric}+-"].iloc[0] if len(r) else np.nan for r in rows]
            axes.bar(place, height, 0.92 * width, color=colour, edgecolor="white", linewidth=0.3,
                     hatch=hatch, yerr=half if np.isfinite(half).any() else None,
                     error_kw={"elinewidth": 0.6})
    for axes, metric, letter in zip(panels.flat, metrics, "abcd"):
        factor = percent(metric)
        scale_bars(axes, factor * table[metric], factor * reach(table, metric).max())
        axes.set_ylabel(results.label(metric))
        axes.set_title(f"({letter})", loc="left", fontweight="bold")
        axes.grid(False, axis="x")
        axes.set_xticks(range(len(loads)), [text_of(at) if load else "" for at in loads])
        if load:
            axes.set_xlabel(results.label(load))
    return finish(figure, conditions, handles, replicated(table))


def scale_bars(axes, values, top):
    """From zero; log where that would leave bars too short to see."""
    scale_metric(axes, values)
    if axes.get_yscale() == "log":
        axes.set_ylim(10 ** np.floor(np.log10(values[values > 0].min()) - 0.01), top * 1.3)
    else:
        axes.set_ylim(0, top * 1.06 or 1)


def sensitivity(results):
    frame = results.worlds("sensitivity")
    metrics = ["mean_latency_s", "p99_latency_s"]
    results.need(frame, *metrics)
    axes_of_file = results.axes(frame)
    if not axes_of_file:
        raise Unavailable("no input varies")
    _, reference = results.at_reference(frame, [])
    reference = {c: reference.get(c) for c in axes_of_file}
    rows = []
    for axis in axes_of_file:
        at, part = reference[axis], frame
        for other, value in reference.items():
            if other != axis:
                part = part[part[other].isna() | (part[other] == value) if value is not None
                            else part[other].isna()]
        table = results.over_replications(part, metrics).dropna(subset=metrics)
        if axis not in table or at is None or not (table[axis] == at).any() or table[axis].nunique() < 2:
            continue
        base = table[table[axis] == at].iloc[0]
        table = table.dropna(subset=[axis])
        rows.append((axis, at, table[axis].tolist(), {m: (table[m] / base[m]).tolist() for m in metrics}))
    if not rows:
        raise Unavailable("no input varies while the others stay")
    rows.sort(key=lambda row: max(row[3][metrics[1]]) / min(row[3][metrics[1]]))
    figure, (panels,) = new_figure(PAGE_INCHES, 0.55 + 0.33 * len(rows), 1, 2, sharey=True)
    for axes, metric, letter in zip(panels, metrics, "ab"):
        every = [v for row in rows for v in row[3][metric]]
        log = is_log(every, 4)
        for place, (axis, at, values, ratios) in enumerate(rows):
            change = np.array(ratios[metric]) if log else 100 * (np.array(ratios[metric]) - 1)
            axes.plot([change.min(), change.max()], [place, place], color="0.6", linewidth=2.2, zorder=2)
            colours = matplotlib.colormaps[ORDERED](np.linspace(0.15, 1, len(values)))
            for value, x, colour in zip(values, change, colours):
                if axis == "scheduler_kind":
                    colour = scheduler_style(value)[0]
                axes.plot(x, place, "o", color=colour, markersize=4, zorder=3)
            label_ends(axes, place, axis, values, change)
        axes.axvline(1 if log else 0, color="black", linewidth=0.8, zorder=1)
        if log:
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if max(every) / min(every) < 100
                                                    else (1.0,), numticks=12))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"x {v:g}"))
            axes.xaxis.set_minor_formatter(NullFormatter())
            axes.margins(x=0.22)
        else:
            axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:+.0f}" if v else "0"))
            axes.margins(x=0.2)
        axes.set_xlabel(f"{results.label(metric).removesuffix(' (s)')}, "
                        + ("relative to the reference" if log else "change from the reference (%)"))
        axes.set_title(f"({letter})", loc="left", fontweight="bold")
    panels[0].set_yticks(range(len(rows)), [f"{results.label(axis).split(' (')[0]}\nat {text_of(at)}"
                                            for axis, at, _, _ in rows])
    panels[0].set_ylim(-0.6, len(rows) - 0.4)
    for axes in panels:
        axes.grid(False, axis="y")
        axes.tick_params(axis="y", length=0)
    return finish(figure, {}, remarks=["one input varied at a time, the others at the value under their "
                                       "names", "dark: the greatest value"])


def label_ends(axes, place, axis, values, change):
    """The values at the two ends of a bar, if it has any length."""
    if np.ptp(change) == 0:
        return
    for i, side in ((int(np.argmin(change)), "right"), (int(np.argmax(change)), "left")):
        axes.annotate(text_of(values[i]), (change[i], place), xytext=(-5 if side == "right" else 5, 0),
                      textcoords="offset points", ha=side, va="center", fontsize=6, color="0.3")


def seed_variance(results):
    frame = results.worlds("seed_variance")
    metrics = ["mean_latency_s", "p99_latency_s"]
    results.need(frame, *metrics)
    by = lines_by(results, frame, [])
    frame, conditions = results.at_reference(frame, [by])
    frame = frame.dropna(subset=metrics)
    table = results.over_replications(frame, metrics)
    if not replicated(table):
        raise Unavailable("there are no replications")
    values = [v for v in values_of(frame[by]) if (table.loc[table[by] == v, "_worlds"] > 1).any()]
    figure, (panels,) = new_figure(PAGE_INCHES, 0.6 + 0.3 * len(values), 1, 2, sharey=True)
    for axes, metric, letter in zip(panels, metrics, "ab"):
        for place, (value, (colour, marker)) in enumerate(reversed(line_styles(by, values).items())):
            worlds = frame[frame[by] == value][metric].dropna()
            point = table[table[by] == value].iloc[0]
            axes.plot(worlds, np.full(len(worlds), place), "|", color=colour, markersize=7, alpha=0.7)
            axes.errorbar(point[metric], place + 0.27, xerr=point[f"{metric}+-"], color=colour,
                          marker=marker, capsize=2, elinewidth=1)
        axes.set_xlabel(results.label(metric))
        axes.set_title(f"({letter})", loc="left", fontweight="bold")
        axes.grid(False, axis="y")
        axes.tick_params(axis="y", length=0)
        shown = frame.loc[frame[by].isin(values), metric]
        if is_log(shown):
            scale_metric(axes, shown, "x")
    panels[0].set_yticks(range(len(values)), [short(by, v) for v in reversed(values)])
    panels[0].set_ylim(-0.5, len(values) - 0.3)
    number = int(table["_worlds"].max())
    return finish(figure, conditions, remarks=[f"{number} replications, mean with its 95 % interval above"])


def latency_distribution(path, world_ids):
    """The share of requests up to each latency, a line for each world."""
    figure, ((axes,),) = new_figure(COLUMN_INCHES, 2.3)
    handles = []
    for world, (colour, _) in line_styles("world", world_ids).items():
        table = histogram(path, [world])
        upper = next(c for c in table if c.startswith("bucket_upper"))
        axes.step(table[upper], table["cdf"], where="post", color=colour)
        handles.append(Line2D([], [], color=colour, label=f"world {world}"))
    axes.set(xscale="log", xlabel="Latency (s)", ylabel="Share of requests", ylim=(0, 1))
    axes.xaxis.set_major_formatter(FuncFormatter(plain))
    return finish(figure, {}, handles)


FIGURES = {f.__name__: f for f in (throughput_over_gpus, sla_pareto, latency_over_throughput,
                                   schedulers_compared, sensitivity, seed_variance)}
