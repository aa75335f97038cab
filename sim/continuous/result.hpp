// What a continuous world reports: counters, exact integer sums and quantiles. Host code turns them
// into the columns of the result file.
#pragma once

#include <type_traits>

#include "sim/core/world_status.hpp"
#include "sim/replica/class_tally.hpp"

namespace servesweep {

constexpr int kNumServedQuantiles = 4;
struct ServedQuantiles {
  double wanted[kNumServedQuantiles] = {0.5, 0.9, 0.95, 0.99};
};

// One row for each kind of latency: the histograms of a world.
using ContinuousHistograms = LatencyHistograms;

struct ContinuousResult {
  std::int64_t arrived = 0;  // = completed + rejected + unfinished
  std::int64_t rejected = 0;
  std::int64_t unfinished = 0;
  ReplicaTally tally;
  ReplicaPeaks peaks;
  double quantiles_ns[kNumLatencyKinds][kNumServedQuantiles] = {};
  WorldStatus status = WorldStatus::kCompleted;
  std::int32_t exact_quantiles = 0;  // 1: the quantiles are exact, 0: from histograms
};

// What the requests of one priority class had.
struct ClassUse {
  std::int32_t priority = 0;
  ClassTally tally;
  Ticks makespan = 0;                                                   // of the world
  double quantiles_ns[kNumRequestLatencies][kNumServedQuantiles] = {};  // from histograms
};

static_assert(std::is_trivially_copyable_v<ContinuousResult>, "a result is copied back as bytes");

}  // namespace servesweep
