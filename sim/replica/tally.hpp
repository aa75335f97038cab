// What a replica counts: counters, exact integer sums, extremes, and histograms of latencies.
#pragma once

#include "sim/core/histogram.hpp"
#include "sim/core/ticks.hpp"

namespace servesweep {

enum class LatencyKind : std::int32_t { kQueue, kTtft, kTpot, kItl, kE2e };
constexpr int kNumLatencyKinds = 5;
constexpr double kShareUnit = 1.0 / 4294967296.0;

// What each replica counts by itself; a world's tally is the sum of its replicas'.
struct ReplicaTally {
  std::int64_t completed = 0;
  std::int64_t iterations = 0;
  std::int64_t iteration_runs = 0;  // events of the event loop: not a result
  std::int64_t preemptions = 0;
  std::int64_t recomputed_tokens = 0;       // that preempted sequences had in the cache
  std::int64_t cached_tokens = 0;           // found in the prefix cache by admissions
  std::int64_t cached_prompt_tokens = 0;    // of these, by first admissions
  std::int64_t admitted_prompt_tokens = 0;  // prompts of first admissions
  std::int64_t scheduled_tokens = 0;        // over iterations: decodes + prompt tokens
  std::int64_t prompt_tokens = 0;           // of completed requests
  std::int64_t output_tokens = 0;
  std::int64_t token_gaps = 0;     // inter-token times
  std::int64_t timed_outputs = 0;  // completed requests that have a TPOT
  std::int64_t within_limits = 0;  // completed requests that keep all latency limits
  std::int64_t queue_share_sum =
      0;  // over completed: queue time / end-to-end latency, in kShareUnit
  Int128 tpot_sum_ps = 0;
  Ticks queue_sum = 0;
  Ticks ttft_sum = 0;
  Ticks e2e_sum = 0;
  Ticks gap_sum = 0;
  Ticks busy = 0;            // time in iterations that have ended
  Ticks cut = 0;             // time in iterations that the time limit cuts
  Ticks running_area = 0;    // integral over time of running sequences
  Ticks waiting_area = 0;    // of waiting requests
  Int128 kv_token_area = 0;  // of tokens in the KV cache

  SERVESWEEP_FUNCTION void add(const ReplicaTally& other);
};

// Extremes, over replicas.
struct ReplicaPeaks {
  std::int64_t running = 0;
  std::int64_t waiting = 0;
  std::int64_t blocks = 0;
  std::int64_t max_tpot_ps = 0;
  double queue_ns = 0;
  double ttft_ns = 0;
  double gap_ns = 0;
  double e2e_ns = 0;
  Ticks last_completion = 0;

  SERVESWEEP_FUNCTION void join(const ReplicaPeaks& other);
};

// One replica's share.
struct ReplicaUse {
  std::int64_t completed = 0;
  std::int64_t iterations = 0;
  std::int64_t preemptions = 0;
  std::int64_t output_tokens = 0;
  std::int64_t peak_running = 0;
  std::int64_t peak_waiting = 0;
  std::int64_t peak_blocks = 0;
  Ticks busy = 0;  // time in iterations, also in one that the time limit cuts
};

SERVESWEEP_FUNCTION void ReplicaTally::add(const ReplicaTally& o) {
  completed += o.completed;
  iterations += o.iterations;
  iteration_runs += o.iteration_runs;
  preemptions += o.preemptions;
  recomputed_tokens += o.recomputed_tokens;
  cached_tokens += o.cached_tokens;
  cached_prompt_tokens += o.cached_prompt_tokens;
  admitted_prompt_tokens += o.admitted_prompt_tokens;
  scheduled_tokens += o.scheduled_tokens;
  prompt_tokens += o.prompt_tokens;
  output_tokens += o.output_tokens;
  token_gaps += o.token_gaps;
  timed_outputs += o.timed_outputs;
  within_limits += o.within_limits;
  queue_share_sum += o.queue_share_sum;
  tpot_sum_ps += o.tpot_sum_ps;
  queue_sum += o.queue_sum;
  ttft_sum += o.ttft_sum;
  e2e_sum += o.e2e_sum;
  gap_sum += o.gap_sum;
  busy += o.busy;
  cut += o.cut;
  running_area += o.running_area;
  waiting_area += o.waiting_area;
  kv_token_area += o.kv_token_area;
}

SERVESWEEP_FUNCTION void ReplicaPeaks::join(const ReplicaPeaks& o) {
  running = max_of(running, o.running);
  waiting = max_of(waiting, o.waiting);
  blocks = max_of(blocks, o.blocks);
  max_tpot_ps = max_of(max_tpot_ps, o.max_tpot_ps);
  queue_ns = max_of(queue_ns, o.queue_ns);
  ttft_ns = max_of(ttft_ns, o.ttft_ns);
  gap_ns = max_of(gap_ns, o.gap_ns);
  e2e_ns = max_of(e2e_ns, o.e2e_ns);
  last_completion = max_of(last_completion, o.last_completion);
}

// The histograms of a world, by LatencyKind.
using LatencyHistograms = HistogramSet<kNumLatencyKinds>;

}  // namespace servesweep
