// The worlds that the benchmarks of the engine run: the burstgpt-like preset at rps_scaling 100.
#pragma once

#include <cstdint>

#include "host/batch_params.hpp"

namespace servesweep {

inline BatchParams cell_params(SchedulerKind kind, std::int32_t k_bins, std::int32_t num_gpus) {
  BatchParams p;
  p.scheduler.kind = kind;
  p.equal_mass.k_bins = k_bins;
  p.cluster.num_gpus = num_gpus;
  p.workload.source.preset = WorkloadPreset::kBurstGptLike;
  p.workload.load.rps_scaling = 100.0;
  return p;
}

}  // namespace servesweep
