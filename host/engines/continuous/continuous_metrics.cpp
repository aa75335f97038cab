#include "host/engines/continuous/continuous_metrics.hpp"

#include <string>
#include <utility>

namespace servesweep {

namespace {

const Metric<ContinuousOutcome> kContinuousMetrics[] = {
    {kStatusColumn, ColumnType::kCategory, "1", "How the world ended",
     [](const ContinuousOutcome& w) { return static_cast<double>(w.r.status); }},
    {"arrived", kCountColumn, "1", "Requests that arrived: completed + rejected + unfinished",
     [](const ContinuousOutcome& w) { return static_cast<double>(w.r.arrived); }},
    {"completed", kCountColumn, "1", "Requests that were served to their end",
     [](const ContinuousOutcome& w) { return w.completed; }},
    {"rejected", kCountColumn, "1", "Requests that can never be served",
     [](const ContinuousOutcome& w) { return static_cast<double>(w.r.rejected); }},
    {"unfinished", kCountColumn, "1", "Requests waiting or running when the world ended",
     [](const ContinuousOutcome& w) { return static_cast<double>(w.r.unfinished); }},
    {"makespan_s", kRealColumn, "s", "First arrival to last completion",
     [](const ContinuousOutcome& w) { return w.makespan_s; }},
    {"mean_latency_s", kRealColumn, "s", "Mean latency (arrival to completion)",
     [](const ContinuousOutcome& w) { return w.mean_s(w.t.e2e_sum); }},
    {"p50_latency_s", kRealColumn, "s", "50th percentile of latency",
     [](const ContinuousOutcome& w) { return w.quantile_s(LatencyKind::kE2e, 0); }, kHeadline},
    {"p90_latency_s", kRealColumn, "s", "90th percentile of latency",
     [](const ContinuousOutcome& w) { return w.quantile_s(LatencyKind::kE2e, 1); }},
    {"p95_latency_s", kRealColumn, "s", "95th percentile of latency",
     [](const ContinuousOutcome& w) { return w.quantile_s(LatencyKind::kE2e, 2); }},
    {"p99_latency_s", kRealColumn, "s", "99th percentile of latency",
     [](const ContinuousOutcome& w) { return w.quantile_s(LatencyKind::kE2e, 3); }, kHeadline},
    {"max_latency_s", kRealColumn, "s", "Largest latency",
     [](const ContinuousOutcome& w) { return w.some(w.r.peaks.e2e_ns * 1e-9); }},
    {"mean_queue_time_s", kRealColumn, "s", "Mean time from arrival to the start of service",
     [](const ContinuousOutcome& w) { return w.mean_s(w.t.queue_sum); }},
    {"p50_queue_time_s", kRealColumn, "s", "50th percentile of the time to the first iteration",
     [](const ContinuousOutcome& w) { return w.quantile_s(LatencyKind::kQueue, 0); }},
    {"p95_queue_time_s", kRealColumn, "s", "95th percentile of the time to the first iteration",
     [](const ContinuousOutcome& w) { return w.quantile_s(LatencyKind::kQueue, 2); }},
    {"p99_queue_time_s", kRealColumn, "s", "99th percentile of the time to the first iteration",
     [](const ContinuousOutcome& w) { return w.quantile_s(LatencyKind::kQueue, 3); }},
    {"max_queue_time_s", kRealColumn, "s", "Largest time to the first iteration",
     [](const ContinuousOutcome& w) { return w.some(w.r.peaks.queue_ns * 1e-9); }},
    {"queue_time_share", kRealColumn, "1",
     "Queue time summed over requests / latency summed over them",
     [](const ContinuousOutcome& w) {
       return w.some(seconds_of(w.t.queue_sum) / seconds_of(w.t.e2e_sum));
     },
     kHeadline},
    {"mean_queue_time_share", kRealColumn, "1", "Mean over requests of queue time / latency",
     [](const ContinuousOutcome& w) {
       return w.per_request(static_cast<double>(w.t.queue_share_sum) * kShareUnit);
     }},
    {"median_queue_time_ratio", kRealColumn, "1", "Median queue time / median latency",
     [](const ContinuousOutcome& w) {
       return w.quantile_s(LatencyKind::kQueue, 0) / w.quantile_s(LatencyKind::kE2e, 0);
     }},
    {"mean_requests_in_system", kRealColumn, "1", "Requests waiting or running, averaged over time",
     [](const ContinuousOutcome& w) { return w.over_time(w.t.waiting_area + w.t.running_area); }},
    {"mean_ttft_s", kRealColumn, "s",
     "Mean time to first token (arrival to the end of the prefill)",
     [](const ContinuousOutcome& w) { return w.mean_s(w.t.ttft_sum); }},
    {"p50_ttft_s", kRealColumn, "s", "50th percentile of time to first token",
     [](const ContinuousOutcome& w) { return w.quantile_s(LatencyKind::kTtft, 0); }},
    {"p95_ttft_s", kRealColumn, "s", "95th percentile of time to first token",
     [](const ContinuousOutcome& w) { return w.quantile_s(LatencyKind::kTtft, 2); }},
    {"p99_ttft_s", kRealColumn, "s", "99th percentile of time to first token",
     [](const ContinuousOutcome& w) { return w.quantile_s(LatencyKind::kTtft, 3); }, kHeadline},
    {"max_ttft_s", kRealColumn, "s", "Largest time to first token",
     [](const ContinuousOutcome& w) { return w.some(w.r.peaks.ttft_ns * 1e-9); }},
    {"mean_tpot_s", kRealColumn, "s",
     "Mean over requests of the time per output token after the first one",
     [](const ContinuousOutcome& w) { return w.mean_tpot_s(); }},
    {"p50_tpot_s", kRealColumn, "s", "50th percentile of time per output token",
     [](const ContinuousOutcome& w) { return w.quantile_s(LatencyKind::kTpot, 0); }},
    {"p95_tpot_s", kRealColumn, "s", "95th percentile of time per output token",
     [](const ContinuousOutcome& w) { return w.quantile_s(LatencyKind::kTpot, 2); }},
    {"p99_tpot_s", kRealColumn, "s", "99th percentile of time per output token",
     [](const ContinuousOutcome& w) { return w.quantile_s(LatencyKind::kTpot, 3); }, kHeadline},
    {"max_tpot_s", kRealColumn, "s", "Largest time per output token",
     [](const ContinuousOutcome& w) {
       return w.t.timed_outputs > 0 ? static_cast<double>(w.r.peaks.max_tpot_ps) * 1e-12 : kNaN;
     }},
    {"mean_itl_s", kRealColumn, "s", "Mean inter-token time",
     [](const ContinuousOutcome& w) {
       return w.t.token_gaps > 0 ? seconds_of(w.t.gap_sum) / static_cast<double>(w.t.token_gaps)
                                 : kNaN;
     }},
    {"p50_itl_s", kRealColumn, "s", "50th percentile of inter-token time",
     [](const ContinuousOutcome& w) { return w.quantile_s(LatencyKind::kItl, 0); }},
    {"p95_itl_s", kRealColumn, "s", "95th percentile of inter-token time",
     [](const ContinuousOutcome& w) { return w.quantile_s(LatencyKind::kItl, 2); }},
    {"p99_itl_s", kRealColumn, "s", "99th percentile of inter-token time",
     [](const ContinuousOutcome& w) { return w.quantile_s(LatencyKind::kItl, 3); }},
    {"max_itl_s", kRealColumn, "s", "Largest inter-token time",
     [](const ContinuousOutcome& w) {
       return w.t.token_gaps > 0 ? w.r.peaks.gap_ns * 1e-9 : kNaN;
     }},
    {"percentile_error", kRealColumn, "1",
     "Bound of the relative error of this world's percentiles of 1 ns or more; 0: they are exact",
     [](const ContinuousOutcome& w) {
       return w.r.exact_quantiles != 0 ? 0.0 : HistogramLayout::kMaxRelativeError;
     }},
    {"throughput_requests_per_s", kRealColumn, "1/s", "Completed requests per second of makespan",
     [](const ContinuousOutcome& w) { return w.per_s(w.completed); }, kHeadline},
    {"throughput_tokens_per_s", kRealColumn, "1/s",
     "Prompt and output tokens per second of makespan",
     [](const ContinuousOutcome& w) {
       return w.per_s(static_cast<double>(w.t.prompt_tokens + w.t.output_tokens));
     }},
    {"throughput_output_tokens_per_s", kRealColumn, "1/s", "Output tokens per second of makespan",
     [](const ContinuousOutcome& w) { return w.per_s(static_cast<double>(w.t.output_tokens)); }},
    {"goodput_requests_per_s", kRealColumn, "1/s",
     "Completed requests that keep all limits of [sla] per second of makespan",
     [](const ContinuousOutcome& w) { return w.per_s(static_cast<double>(w.t.within_limits)); },
     kHeadline},
    {"goodput_share", kRealColumn, "1",
     "Requests that keep all limits of [sla] / those that arrived",
     [](const ContinuousOutcome& w) {
       return w.r.arrived > 0
                  ? static_cast<double>(w.t.within_limits) / static_cast<double>(w.r.arrived)
                  : kNaN;
     }},
    {"output_tokens", kCountColumn, "1", "Output tokens of completed requests",
     [](const ContinuousOutcome& w) { return static_cast<double>(w.t.output_tokens); }},
    {"preemptions", kCountColumn, "1",
     "Sequences that lost their KV blocks and were computed again",
     [](const ContinuousOutcome& w) { return static_cast<double>(w.t.preemptions); }, kHeadline},
    {"recomputed_tokens", kCountColumn, "1", "Tokens that preempted sequences had in the KV cache",
     [](const ContinuousOutcome& w) { return static_cast<double>(w.t.recomputed_tokens); }},
    {"cached_tokens", kCountColumn, "1",
     "Tokens that the prefix cache saved prefills, recomputations included",
     [](const ContinuousOutcome& w) { return static_cast<double>(w.t.cached_tokens); }},
    {"cached_prompt_tokens", kCountColumn, "1", "Tokens that the prefix cache saved first prefills",
     [](const ContinuousOutcome& w) { return static_cast<double>(w.t.cached_prompt_tokens); }},
    {"cached_recomputed_tokens", kCountColumn, "1",
     "Tokens that the prefix cache saved recomputations of preempted requests",
     [](const ContinuousOutcome& w) {
       return static_cast<double>(w.t.cached_tokens - w.t.cached_prompt_tokens);
     }},
    {"prefix_hit_rate", kRealColumn, "1",
     "Prompt tokens that first prefills found in the prefix cache / all of them",
     [](const ContinuousOutcome& w) {
       return w.w.prefix_caching && w.t.admitted_prompt_tokens > 0
                  ? static_cast<double>(w.t.cached_prompt_tokens) /
                        static_cast<double>(w.t.admitted_prompt_tokens)
                  : kNaN;
     }},
    {"kv_blocks", kCountColumn, "1", "KV blocks of a replica",
     [](const ContinuousOutcome& w) { return static_cast<double>(w.w.num_blocks); }},
    {"mean_kv_cache_usage", kRealColumn, "1",
     "Tokens of running sequences in the KV cache / its capacity, averaged over time and "
     "replicas; a shared prefix counts for each",
     [](const ContinuousOutcome& w) {
       return w.over_time(w.t.kv_token_area) /
              (static_cast<double>(w.w.num_blocks) * w.w.block_size * w.w.num_replicas);
     }},
    {"peak_kv_cache_usage", kRealColumn, "1", "Most KV blocks in use / all of a replica",
     [](const ContinuousOutcome& w) {
       return static_cast<double>(w.r.peaks.blocks) / static_cast<double>(w.w.num_blocks);
     }},
    {"mean_running", kRealColumn, "1", "Running sequences, averaged over time, of all replicas",
     [](const ContinuousOutcome& w) { return w.over_time(w.t.running_area); }},
    {"peak_running", kCountColumn, "1", "Most sequences that ran on one replica at a time",
     [](const ContinuousOutcome& w) { return static_cast<double>(w.r.peaks.running); }},
    {"mean_waiting", kRealColumn, "1", "Waiting requests, averaged over time, of all replicas",
     [](const ContinuousOutcome& w) { return w.over_time(w.t.waiting_area); }},
    {"peak_waiting", kCountColumn, "1", "Most requests that waited at one replica",
     [](const ContinuousOutcome& w) { return static_cast<double>(w.r.peaks.waiting); }},
    {"iterations", kCountColumn, "1", "Iterations of all replicas",
     [](const ContinuousOutcome& w) { return static_cast<double>(w.t.iterations); }},
    {"mean_iteration_s", kRealColumn, "s", "Mean time of an iteration",
     [](const ContinuousOutcome& w) {
       return w.t.iterations > 0 ? seconds_of(w.t.busy) / static_cast<double>(w.t.iterations)
                                 : kNaN;
     }},
    {"token_budget_usage", kRealColumn, "1",
     "Tokens of an iteration, decodes too, / max_num_batched_tokens, averaged over iterations",
     [](const ContinuousOutcome& w) {
       return w.t.iterations > 0 ? static_cast<double>(w.t.scheduled_tokens) /
                                       static_cast<double>(w.t.iterations) / w.w.max_batched_tokens
                                 : kNaN;
     }},
    {"mean_replica_utilization", kRealColumn, "1",
     "Time in iterations / time, averaged over replicas",
     [](const ContinuousOutcome& w) { return w.over_time(w.t.busy + w.t.cut) / w.w.num_replicas; },
     kHeadline},
};

// The mean of a class's latency (sim/replica/class_tally.hpp).
double mean_s(const ClassTally& t, int latency) {
  const std::int64_t count = t.count(latency);
  if (count == 0) return kNaN;
  const auto values = static_cast<double>(count);
  switch (request_latency(latency)) {
    case LatencyKind::kQueue:
      return seconds_of(t.queue_sum) / values;
    case LatencyKind::kTtft:
      return seconds_of(t.ttft_sum) / values;
    case LatencyKind::kE2e:
      return seconds_of(t.e2e_sum) / values;
    default:
      return to_double(t.tpot_sum_ps) / values * 1e-12;
  }
}

}  // namespace

std::span<const Metric<ContinuousOutcome>> continuous_metrics() { return kContinuousMetrics; }

std::vector<RaggedSpec> continuous_histograms() {
  return {
      latency_histogram_table("queue_time_histogram", "Times to the first iteration", "Requests"),
      latency_histogram_table("ttft_histogram", "Times to first token", "Requests"),
      latency_histogram_table("tpot_histogram", "Times per output token", "Requests"),
      latency_histogram_table("itl_histogram", "Inter-token times", "Token pairs"),
      latency_histogram_table(),
  };
}

ContinuousTraits::Tables<UnitTable> continuous_units() {
  UnitTable<ClassUse> classes(
      "classes",
      "What the requests of each priority class had, where they have 2 to 64 classes; percentiles "
      "from histograms");
  classes
      .column("priority", "1", "Priority of the class, the lowest goes first",
              [](const ClassUse& use) { return std::int64_t{use.priority}; })
      .column("completed", "1", "Completed requests",
              [](const ClassUse& use) { return use.tally.completed; })
      .column("preemptions", "1", "Preempted sequences",
              [](const ClassUse& use) { return use.tally.preemptions; })
      .column(
          "goodput_requests_per_s", "1/s",
          "Completed requests that keep all limits of [sla] per second of the world's makespan",
          [](const ClassUse& use) {
            return use.makespan > 0
                       ? static_cast<double>(use.tally.within_limits) / seconds_of(use.makespan)
                       : kNaN;
          },
          true);
  // [latency of a request]
  constexpr const char* kNames[] = {"queue_time_s", "ttft_s", "tpot_s", "latency_s"};
  constexpr const char* kTexts[] = {"time to the first iteration", "time to first token",
                                    "time per output token after the first one",
                                    "latency (arrival to completion)"};
  constexpr int kPercentiles[kNumServedQuantiles] = {50, 90, 95, 99};
  for (int latency = 0; latency < kNumRequestLatencies; ++latency) {
    const std::string name = kNames[latency];
    const std::string text = kTexts[latency];
    classes.column(
        "mean_" + name, "s", "Mean " + text,
        [latency](const ClassUse& use) { return mean_s(use.tally, latency); }, true);
    for (int q = 0; q < kNumServedQuantiles; ++q) {
      const std::string percentile = std::to_string(kPercentiles[q]);
      classes.column(
          "p" + percentile + "_" + name, "s", percentile + "th percentile of " + text,
          [latency, q](const ClassUse& use) {
            const ClassTally& t = use.tally;
            if (t.count(latency) == 0) return kNaN;
            return std::min(use.quantiles_ns[latency][q], t.largest_ns[latency]) * 1e-9;
          },
          true);
    }
  }
  return {UnitTable<ReplicaUse>("replicas", "What each replica did, by its id")
              .column("busy_s", "s", "Time in iterations",
                      [](const ReplicaUse& use) { return seconds_of(use.busy); })
              .column("completed", "1", "Completed requests", &ReplicaUse::completed)
              .column("iterations", "1", "Iterations", &ReplicaUse::iterations)
              .column("preemptions", "1", "Preempted sequences", &ReplicaUse::preemptions)
              .column("output_tokens", "1", "Output tokens of completed requests",
                      &ReplicaUse::output_tokens)
              .column("peak_running", "1", "Most sequences that ran at a time",
                      &ReplicaUse::peak_running)
              .column("peak_waiting", "1", "Most requests that waited", &ReplicaUse::peak_waiting)
              .column("peak_kv_blocks", "1", "Most KV blocks in use", &ReplicaUse::peak_blocks),
          std::move(classes)};
}

}  // namespace servesweep
