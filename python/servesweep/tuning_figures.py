"""The figures of a tuning study's file for papers: the four that the suite which it follows draws, from
measured values. docs/plots.md says what each shows. Raises Unavailable as figures does.
"""
import numpy as np
from matplotlib.patches import Patch

from .figures import (COLUMN_INCHES, PAGE_INCHES, Unavailable, finish, handle, new_figure, replicated,
                      scale_metric, text_of)

QUEUE, GENERATION = "#0072B2", "#E69F00"
ORDERED = ("#56B4E9", "#0072B2", "#009E73", "#D55E00")


def is_tuning(results):
    return "step" in results.frame and "queue_time" in results.frame["step"].cat.categories


def step(results, name, metrics, order):
    """A row for each configuration of a step, with means and half intervals, and its text."""
    frame = results.frame[results.frame["step"] == name].dropna(subset=metrics)
    if frame.empty:
        raise Unavailable(f"the study has no {name}")
    keys = ["scheduler_mode", "client_batch", "max_num_seqs", "max_num_batched_tokens",
            "workload_arrivals_kind"]
    table = results.over_replications(frame, metrics)
    for key in keys:  # what does not vary has a value too
        if key in frame and key not in table:
            table[key] = frame[key].iloc[0]
    rows = [(*order(row), row) for _, row in table.iterrows()]
    rows.sort(key=lambda each: each[0])
    return [text for _, text, _ in rows], table.loc[[row.name for _, _, row in rows]]


def by_setting(row):
    """Client batches, then max_num_seqs."""
    if row["scheduler_mode"] == "static":
        return (0, row["client_batch"]), f"batch {text_of(row['client_batch'])}"
    return (1, row["max_num_seqs"]), text_of(row["max_num_seqs"])


def by_load(row):
    load = "at once" if row["workload_arrivals_kind"] == "burst" else "steadily"
    after = row["scheduler_mode"] != "static"
    return (load, after), f"{load},\n{'after' if after else 'before'}"


def by_chunk(row):
    off = row["scheduler_mode"] == "prefill_first"
    size = row["max_num_batched_tokens"]
    return (off, size), "off" if off else f"{size:g}"


def bars(axes, texts, heights, label, **style):
    axes.bar(range(len(texts)), heights, 0.8, edgecolor="white", linewidth=0.3, **style)
    axes.set_xticks(range(len(texts)), texts, rotation=90)
    axes.set_ylabel(label)
    axes.grid(False, axis="x")


def queue_and_generation(results):
    """Where the mean latency of the mix goes, which arrives at once."""
    metrics = ["mean_queue_time_s", "mean_latency_s"]
    texts, table = step(results, "queue_time", metrics, by_setting)
    figure, ((axes,),) = new_figure(PAGE_INCHES, 2.4)
    queue, latency = (table[m].to_numpy() for m in metrics)
    bars(axes, texts, queue, "Mean time (s)", color=QUEUE)
    bars(axes, texts, latency - queue, "Mean time (s)", color=GENERATION, bottom=queue)
    axes.set_xlabel("Client's batch, or max_num_seqs")
    return finish(figure, {}, [Patch(facecolor=QUEUE, label="queue"),
                               Patch(facecolor=GENERATION, label="generation")])


def throughput_by_setting(results):
    metric = "throughput_requests_per_s"
    texts, table = step(results, "queue_time", [metric], by_setting)
    figure, ((axes,),) = new_figure(PAGE_INCHES, 2.4)
    half = table[f"{metric}+-"].to_numpy()
    bars(axes, texts, table[metric], results.label(metric), color=QUEUE,
         yerr=half if np.isfinite(half).any() else None, error_kw={"elinewidth": 0.6})
    axes.set_xlabel("Client's batch, or max_num_seqs")
    return finish(figure, {}, replicated=replicated(table))


def latency_before_after(results):
    metrics = [f"{p}_latency_s" for p in ("p50", "p90", "p95", "p99")]
    texts, table = step(results, "comparison", metrics, by_load)
    figure, ((axes,),) = new_figure(COLUMN_INCHES, 2.3)
    for i, (metric, colour) in enumerate(zip(metrics, ORDERED)):
        axes.bar(np.arange(len(texts)) + 0.2 * (i - 1.5), table[metric], 0.19, color=colour)
    axes.set_xticks(range(len(texts)), texts)
    axes.set_ylabel("Latency (s)")
    axes.grid(False, axis="x")
    return finish(figure, {}, [Patch(facecolor=colour, label=metric[:3])
                               for metric, colour in zip(metrics, ORDERED)])


def inter_token_by_chunk(results):
    metrics = ["p50_itl_s", "p99_itl_s", "max_itl_s"]
    texts, table = step(results, "chunked_itl", metrics, by_chunk)
    figure, ((axes,),) = new_figure(COLUMN_INCHES, 2.3)
    handles = []
    for metric, colour, marker in zip(metrics, ORDERED, "osD"):
        axes.plot(range(len(texts)), table[metric], color=colour, marker=marker)
        handles.append(handle(metric[:3], colour, marker))
    scale_metric(axes, np.concatenate([table[m] for m in metrics]))
    axes.set_xticks(range(len(texts)), texts)
    axes.set(xlabel="Tokens of an iteration", ylabel="Inter-token time (s)")
    return finish(figure, {}, handles)


FIGURES = {f.__name__: f for f in (queue_and_generation, throughput_by_setting, latency_before_after,
                                   inter_token_by_chunk)}
