// What a batch world reports: counters, exact integer sums and quantiles. Host code turns them into
// the columns of the result file.
#pragma once

#include <type_traits>

#include "sim/core/histogram.hpp"
#include "sim/core/portability.hpp"
#include "sim/core/world_status.hpp"

namespace servesweep {

constexpr int kNumLatencyQuantiles = 5;
constexpr int kNumTokenQuantiles = 3;
struct WantedQuantiles {
  double latency[kNumLatencyQuantiles] = {0.5, 0.9, 0.95, 0.99, 0.999};
  double token[kNumTokenQuantiles] = {0.5, 0.95, 0.99};
};

struct BatchResult {
  std::int64_t arrived = 0;  // = completed + rejected + unfinished
  std::int64_t completed = 0;
  std::int64_t rejected = 0;
  std::int64_t unfinished = 0;
  std::int64_t batches = 0;
  std::int64_t largest_batch = 0;
  std::int64_t token_sla_violations = 0;
  std::int64_t request_sla_violations = 0;
  std::int64_t memory_overcommits = 0;  // batches that would not have fitted the memory
  std::int64_t extrapolations = 0;      // batches outside the measured service grid
  std::int64_t total_tokens = 0;        // of completed requests
  std::int64_t output_tokens = 0;
  std::int64_t last_completion_ns = 0;
  std::int64_t max_latency_ns = 0;
  std::int64_t max_tbt_ps = 0;
  Int128 latency_sum_ns = 0;     // of completed requests
  Int128 unfinished_sum_ns = 0;  // time of unfinished requests in the system until the time limit
  Int128 service_sum_ns = 0;
  Int128 prefill_sum_ps = 0;
  Int128 tbt_sum_ps = 0;
  Int128 decode_sum_ps = 0;
  Int128 busy_sum_ns = 0;  // over GPUs, until the time limit
  std::int64_t busy_min_ns = 0;
  std::int64_t busy_max_ns = 0;
  double latency_quantiles_ns[kNumLatencyQuantiles] = {};
  double tbt_quantiles_ns[kNumTokenQuantiles] = {};
  double decode_quantiles_ns[kNumTokenQuantiles] = {};
  double mean_bin_variance = 0.0;  // of output lengths in a batch [tokens^2], over bins
  double mean_bin_range = 0.0;     // [tokens]
  WorldStatus status = WorldStatus::kCompleted;
  std::int32_t exact_quantiles = 0;  // 1: the quantiles are exact, 0: from histograms
};

// One GPU's and one bin's share.
struct GpuUse {
  std::int64_t busy_ns = 0;
  std::int64_t batches = 0;
};

struct BinUse {
  std::int64_t batches = 0;
  std::int64_t requests = 0;
  double output_variance = 0.0;  // smoothed over batches [tokens^2]
  double output_range = 0.0;     // smoothed over batches [tokens]
  std::int64_t lower_edge_tokens = 0;
  std::int64_t upper_edge_tokens = 0;
  std::int64_t batch_limit = 0;  // b_max of the bin where the scheduler has one, else -1
};

static_assert(std::is_trivially_copyable_v<BatchResult>, "a result is copied back as bytes");

}  // namespace servesweep
