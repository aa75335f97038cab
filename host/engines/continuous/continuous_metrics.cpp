#include "host/engines/continuous/continuous_metrics.hpp"

#include <algorithm>
#include <utility>

#include "host/results/metric_table.hpp"

namespace servesweep {

namespace {

double seconds(Ticks span) { return ns_of(span) * 1e-9; }

// What a column is computed from.
struct Served {
  const ContinuousWorld& w;
  const ContinuousResult& r;
  const ReplicaTally& t = r.tally;
  double completed = static_cast<double>(t.completed);
  double makespan_s = t.completed > 0 ? seconds(r.peaks.last_completion) : kNaN;

  double per_request(double sum) const { return t.completed > 0 ? sum / completed : kNaN; }
  double mean_s(Ticks sum) const { return per_request(seconds(sum)); }
  double some(double value) const { return t.completed > 0 ? value : kNaN; }
  double per_s(double count) const { return makespan_s > 0 ? count / makespan_s : kNaN; }
  double over_time(Ticks area) const {
    return end() > 0 ? to_double(area) / to_double(end()) : kNaN;
  }
  // Where integrals over time end.
  Ticks end() const {
    return r.unfinished > 0 ? ticks_of_ns(w.time_limit_ns) : r.peaks.last_completion;
  }
  // A bucket's middle may lie above the largest value, which is known.
  double quantile_s(LatencyKind kind, int quantile) const {
    const ReplicaPeaks& p = r.peaks;
    const double largest_ns[] = {p.queue_ns, p.ttft_ns, static_cast<double>(p.max_tpot_ps) * 1e-3,
                                 p.gap_ns, p.e2e_ns};
    const std::int64_t counted[] = {t.completed, t.completed, t.timed_outputs, t.token_gaps,
                                    t.completed};
    const int k = static_cast<int>(kind);
    return counted[k] > 0 ? std::min(r.quantiles_ns[k][quantile], largest_ns[k]) * 1e-9 : kNaN;
  }
  double mean_tpot_s() const {
    return t.timed_outputs > 0
               ? to_double(t.tpot_sum_ps) / static_cast<double>(t.timed_outputs) * 1e-12
               : kNaN;
  }
};

const Metric<Served> kServedMetrics[] = {
    {kStatusColumn, ColumnType::kCategory, "1", "How the world ended",
     [](const Served& w) { return static_cast<double>(w.r.status); }},
    {"arrived", kCountColumn, "1", "Requests that arrived: completed + rejected + unfinished",
     [](const Served& w) { return static_cast<double>(w.r.arrived); }},
    {"completed", kCountColumn, "1", "Requests that were served to their end",
     [](const Served& w) { return w.completed; }},
    {"rejected", kCountColumn, "1", "Requests that can never be served",
     [](const Served& w) { return static_cast<double>(w.r.rejected); }},
    {"unfinished", kCountColumn, "1", "Requests waiting or running when the world ended",
     [](const Served& w) { return static_cast<double>(w.r.unfinished); }},
    {"makespan_s", kRealColumn, "s", "First arrival to last completion",
     [](const Served& w) { return w.makespan_s; }},
    {"mean_latency_s", kRealColumn, "s", "Mean latency (arrival to completion)",
     [](const Served& w) { return w.mean_s(w.t.e2e_sum); }},
    {"p50_latency_s", kRealColumn, "s", "50th percentile of latency",
     [](const Served& w) { return w.quantile_s(LatencyKind::kE2e, 0); }, kHeadline},
    {"p90_latency_s", kRealColumn, "s", "90th percentile of latency",
     [](const Served& w) { return w.quantile_s(LatencyKind::kE2e, 1); }},
    {"p95_latency_s", kRealColumn, "s", "95th percentile of latency",
     [](const Served& w) { return w.quantile_s(LatencyKind::kE2e, 2); }},
    {"p99_latency_s", kRealColumn, "s", "99th percentile of latency",
     [](const Served& w) { return w.quantile_s(LatencyKind::kE2e, 3); }, kHeadline},
    {"max_latency_s", kRealColumn, "s", "Largest latency",
     [](const Served& w) { return w.some(w.r.peaks.e2e_ns * 1e-9); }},
    {"mean_queue_time_s", kRealColumn, "s", "Mean time from arrival to the start of service",
     [](const Served& w) { return w.mean_s(w.t.queue_sum); }},
    {"p50_queue_time_s", kRealColumn, "s", "50th percentile of the time to the first iteration",
     [](const Served& w) { return w.quantile_s(LatencyKind::kQueue, 0); }},
    {"p95_queue_time_s", kRealColumn, "s", "95th percentile of the time to the first iteration",
     [](const Served& w) { return w.quantile_s(LatencyKind::kQueue, 2); }},
    {"p99_queue_time_s", kRealColumn, "s", "99th percentile of the time to the first iteration",
     [](const Served& w) { return w.quantile_s(LatencyKind::kQueue, 3); }},
    {"max_queue_time_s", kRealColumn, "s", "Largest time to the first iteration",
     [](const Served& w) { return w.some(w.r.peaks.queue_ns * 1e-9); }},
    {"queue_time_share", kRealColumn, "1",
     "Queue time summed over requests / latency summed over them",
     [](const Served& w) { return w.some(seconds(w.t.queue_sum) / seconds(w.t.e2e_sum)); },
     kHeadline},
    {"mean_queue_time_share", kRealColumn, "1", "Mean over requests of queue time / latency",
     [](const Served& w) {
       return w.per_request(static_cast<double>(w.t.queue_share_sum) * kShareUnit);
     }},
    {"median_queue_time_ratio", kRealColumn, "1", "Median queue time / median latency",
     [](const Served& w) {
       return w.quantile_s(LatencyKind::kQueue, 0) / w.quantile_s(LatencyKind::kE2e, 0);
     }},
    {"mean_ttft_s", kRealColumn, "s",
     "Mean time to first token (arrival to the end of the prefill)",
     [](const Served& w) { return w.mean_s(w.t.ttft_sum); }},
    {"p50_ttft_s", kRealColumn, "s", "50th percentile of time to first token",
     [](const Served& w) { return w.quantile_s(LatencyKind::kTtft, 0); }},
    {"p95_ttft_s", kRealColumn, "s", "95th percentile of time to first token",
     [](const Served& w) { return w.quantile_s(LatencyKind::kTtft, 2); }},
    {"p99_ttft_s", kRealColumn, "s", "99th percentile of time to first token",
     [](const Served& w) { return w.quantile_s(LatencyKind::kTtft, 3); }, kHeadline},
    {"max_ttft_s", kRealColumn, "s", "Largest time to first token",
     [](const Served& w) { return w.some(w.r.peaks.ttft_ns * 1e-9); }},
    {"mean_tpot_s", kRealColumn, "s",
     "Mean over requests of the time per output token after the first one",
     [](const Served& w) { return w.mean_tpot_s(); }},
    {"p50_tpot_s", kRealColumn, "s", "50th percentile of time per output token",
     [](const Served& w) { return w.quantile_s(LatencyKind::kTpot, 0); }},
    {"p95_tpot_s", kRealColumn, "s", "95th percentile of time per output token",
     [](const Served& w) { return w.quantile_s(LatencyKind::kTpot, 2); }},
    {"p99_tpot_s", kRealColumn, "s", "99th percentile of time per output token",
     [](const Served& w) { return w.quantile_s(LatencyKind::kTpot, 3); }, kHeadline},
    {"max_tpot_s", kRealColumn, "s", "Largest time per output token",
     [](const Served& w) {
       return w.t.timed_outputs > 0 ? static_cast<double>(w.r.peaks.max_tpot_ps) * 1e-12 : kNaN;
     }},
    {"mean_itl_s", kRealColumn, "s", "Mean inter-token time",
     [](const Served& w) {
       return w.t.token_gaps > 0 ? seconds(w.t.gap_sum) / static_cast<double>(w.t.token_gaps)
                                 : kNaN;
     }},
    {"p50_itl_s", kRealColumn, "s", "50th percentile of inter-token time",
     [](const Served& w) { return w.quantile_s(LatencyKind::kItl, 0); }},
    {"p95_itl_s", kRealColumn, "s", "95th percentile of inter-token time",
     [](const Served& w) { return w.quantile_s(LatencyKind::kItl, 2); }},
    {"p99_itl_s", kRealColumn, "s", "99th percentile of inter-token time",
     [](const Served& w) { return w.quantile_s(LatencyKind::kItl, 3); }},
    {"max_itl_s", kRealColumn, "s", "Largest inter-token time",
     [](const Served& w) { return w.t.token_gaps > 0 ? w.r.peaks.gap_ns * 1e-9 : kNaN; }},
    {"percentile_error", kRealColumn, "1",
     "Bound of the relative error of this world's percentiles; 0: they are exact",
     [](const Served& w) {
       return w.r.exact_quantiles != 0 ? 0.0 : HistogramLayout::kMaxRelativeError;
     }},
    {"throughput_requests_per_s", kRealColumn, "1/s", "Completed requests per second of makespan",
     [](const Served& w) { return w.per_s(w.completed); }, kHeadline},
    {"throughput_tokens_per_s", kRealColumn, "1/s",
     "Prompt and output tokens per second of makespan",
     [](const Served& w) {
       return w.per_s(static_cast<double>(w.t.prompt_tokens + w.t.output_tokens));
     }},
    {"throughput_output_tokens_per_s", kRealColumn, "1/s", "Output tokens per second of makespan",
     [](const Served& w) { return w.per_s(static_cast<double>(w.t.output_tokens)); }},
    {"goodput_requests_per_s", kRealColumn, "1/s",
     "Completed requests that keep all limits of [sla] per second of makespan",
     [](const Served& w) { return w.per_s(static_cast<double>(w.t.within_limits)); }, kHeadline},
    {"goodput_share", kRealColumn, "1",
     "Requests that keep all limits of [sla] / those that arrived",
     [](const Served& w) {
       return w.r.arrived > 0
                  ? static_cast<double>(w.t.within_limits) / static_cast<double>(w.r.arrived)
                  : kNaN;
     }},
    {"output_tokens", kCountColumn, "1", "Output tokens of completed requests",
     [](const Served& w) { return static_cast<double>(w.t.output_tokens); }},
    {"preemptions", kCountColumn, "1",
     "Sequences that lost their KV blocks and were computed again",
     [](const Served& w) { return static_cast<double>(w.t.preemptions); }, kHeadline},
    {"recomputed_tokens", kCountColumn, "1", "Tokens that preempted sequences had in the KV cache",
     [](const Served& w) { return static_cast<double>(w.t.recomputed_tokens); }},
    {"cached_tokens", kCountColumn, "1",
     "Tokens that the prefix cache saved prefills, recomputations included",
     [](const Served& w) { return static_cast<double>(w.t.cached_tokens); }},
    {"kv_blocks", kCountColumn, "1", "KV blocks of a replica",
     [](const Served& w) { return static_cast<double>(w.w.num_blocks); }},
    {"mean_kv_cache_usage", kRealColumn, "1",
     "Tokens of running sequences in the KV cache / its capacity, averaged over time and "
     "replicas; a shared prefix counts for each",
     [](const Served& w) {
       return w.over_time(w.t.kv_token_area) /
              (static_cast<double>(w.w.num_blocks) * w.w.block_size * w.w.num_replicas);
     }},
    {"peak_kv_cache_usage", kRealColumn, "1", "Most KV blocks in use / all of a replica",
     [](const Served& w) {
       return static_cast<double>(w.r.peaks.blocks) / static_cast<double>(w.w.num_blocks);
     }},
    {"mean_running", kRealColumn, "1", "Running sequences, averaged over time, of all replicas",
     [](const Served& w) { return w.over_time(w.t.running_area); }},
    {"peak_running", kCountColumn, "1", "Most sequences that ran on one replica at a time",
     [](const Served& w) { return static_cast<double>(w.r.peaks.running); }},
    {"mean_waiting", kRealColumn, "1", "Waiting requests, averaged over time, of all replicas",
     [](const Served& w) { return w.over_time(w.t.waiting_area); }},
    {"peak_waiting", kCountColumn, "1", "Most requests that waited at one replica",
     [](const Served& w) { return static_cast<double>(w.r.peaks.waiting); }},
    {"iterations", kCountColumn, "1", "Iterations of all replicas",
     [](const Served& w) { return static_cast<double>(w.t.iterations); }},
    {"mean_iteration_s", kRealColumn, "s", "Mean time of an iteration",
     [](const Served& w) {
       return w.t.iterations > 0 ? seconds(w.t.busy) / static_cast<double>(w.t.iterations) : kNaN;
     }},
    {"token_budget_usage", kRealColumn, "1",
     "Tokens of an iteration, decodes too, / max_num_batched_tokens, averaged over iterations",
     [](const Served& w) {
       return w.t.iterations > 0 ? static_cast<double>(w.t.scheduled_tokens) /
                                       static_cast<double>(w.t.iterations) / w.w.max_batched_tokens
                                 : kNaN;
     }},
    {"mean_replica_utilization", kRealColumn, "1",
     "Time in iterations / time, averaged over replicas",
     [](const Served& w) { return w.over_time(w.t.busy) / w.w.num_replicas; }, kHeadline},
};

}  // namespace

std::vector<ColumnSpec> continuous_metric_columns() { return columns_of(kServedMetrics); }

std::vector<ColumnData> continuous_metrics(const std::vector<ContinuousWorld>& worlds,
                                           const std::vector<ContinuousResult>& results) {
  return columns_from(kServedMetrics, worlds.size(), [&](std::size_t i) {
    return Served{worlds[i], results[i]};
  });
}

std::vector<RaggedSpec> continuous_tables() {
  return {
      latency_histogram_table("queue_time_histogram", "Times to the first iteration", "Requests"),
      latency_histogram_table("ttft_histogram", "Times to first token", "Requests"),
      latency_histogram_table("tpot_histogram", "Times per output token", "Requests"),
      latency_histogram_table("itl_histogram", "Inter-token times", "Token pairs"),
      latency_histogram_table("latency_histogram", "Latencies", "Requests"),
      {"replicas",
       "What each replica did, by its id",
       {{"busy_s", kRealColumn, "s", "Time in iterations"},
        count_column("completed", "Completed requests"),
        count_column("iterations", "Iterations"),
        count_column("preemptions", "Preempted sequences"),
        count_column("output_tokens", "Output tokens of completed requests"),
        count_column("peak_running", "Most sequences that ran at a time"),
        count_column("peak_waiting", "Most requests that waited"),
        count_column("peak_kv_blocks", "Most KV blocks in use")}},
  };
}

std::vector<RaggedData> continuous_table_data(const std::vector<ContinuousWorld>& worlds,
                                              const ContinuousWaveResult& wave) {
  std::vector<RaggedData> tables(kNumLatencyKinds + 1);
  std::vector<std::vector<std::int32_t>> buckets(kNumLatencyKinds), counts(kNumLatencyKinds);
  std::ptrdiff_t entry = 0;
  for (std::size_t row = 0; row < wave.num_buckets.size(); ++row) {
    const std::size_t kind = row % kNumLatencyKinds;
    const std::ptrdiff_t end = entry + wave.num_buckets[row];
    tables[kind].row_size.push_back(wave.num_buckets[row]);
    buckets[kind].insert(buckets[kind].end(), wave.buckets.begin() + entry,
                         wave.buckets.begin() + end);
    counts[kind].insert(counts[kind].end(), wave.bucket_counts.begin() + entry,
                        wave.bucket_counts.begin() + end);
    entry = end;
  }
  for (std::size_t kind = 0; kind < kNumLatencyKinds; ++kind) {
    tables[kind].columns = {std::move(buckets[kind]), std::move(counts[kind])};
  }
  const auto of_replicas = [&wave](auto value) { return unit_column(wave.replicas, value); };
  for (const ContinuousWorld& world : worlds) tables.back().row_size.push_back(world.num_replicas);
  tables.back().columns = {of_replicas([](const ReplicaUse& use) { return seconds(use.busy); }),
                           of_replicas(&ReplicaUse::completed),
                           of_replicas(&ReplicaUse::iterations),
                           of_replicas(&ReplicaUse::preemptions),
                           of_replicas(&ReplicaUse::output_tokens),
                           of_replicas(&ReplicaUse::peak_running),
                           of_replicas(&ReplicaUse::peak_waiting),
                           of_replicas(&ReplicaUse::peak_blocks)};
  return tables;
}

}  // namespace servesweep
