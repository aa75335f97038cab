// The worlds that the benchmarks of the engines run. Of the batch engine: the burstgpt-like preset
// at rps_scaling 100. Of the continuous engine: one request/s with lengths like those of Azure's
// conversation trace.
#pragma once

#include <cstdint>

#include "host/engines/batch/batch_params.hpp"
#include "host/engines/continuous/continuous_params.hpp"
#include "sim/continuous/world.hpp"

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

// OPT-13B on an A100, as DistServe fitted it.
inline ContinuousParams continuous_cell_params(std::int32_t max_num_seqs,
                                               std::int32_t num_replicas) {
  ContinuousParams p;
  p.scheduler.max_num_seqs = max_num_seqs;
  p.cluster.num_replicas = num_replicas;
  p.kv.sizing = KvSizing::kBlocks;
  p.blocks.num_blocks = 66'144 / p.kv.block_size;
  p.affine = {25.475, 0.1406, 8.0766e-6, 0.0607, 0.0006929};
  return p;
}

inline WorkloadSpec conversations(std::int64_t requests) {
  WorkloadSpec spec;
  spec.source.requests = requests;
  spec.mean_rate.rate_per_s = 1.0;
  // Mean and standard deviation of ln(tokens), and the longest, of the trace's 19,366 requests.
  spec.prompt.lognormal = {6.6333, 0.9852};
  spec.prompt.bounds.max_tokens = 14050;
  spec.output.lognormal = {5.0190, 0.8590};
  spec.output.bounds.max_tokens = 1000;
  return spec;
}

// The workload must outlive the world.
inline ContinuousWorld continuous_world(const Workload& workload, const ContinuousParams& params) {
  const auto count = static_cast<std::int64_t>(workload.size());
  ContinuousWorld world = lower(params, count);
  world.requests.count = count;
  world.requests.arrival_ns = workload.arrival_ns.data();
  world.requests.prompt_tokens = workload.prompt_tokens.data();
  world.requests.output_tokens = workload.output_tokens.data();
  world.requests.predicted_tokens = workload.predicted_tokens.data();
  return world;
}

}  // namespace servesweep
