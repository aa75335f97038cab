// The stress study: which scheduler, how many GPUs, how many length bins, and how sure. Its steps
// are sweeps; this file says which worlds each has. The first three are those of the public Python
// simulator llm-scheduler-sim (its three-step stress test); docs/study_stress.md maps the two.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/sweep/sweep_points.hpp"

namespace servesweep {

// In the order of their codes in the column `step`.
enum class StressStep {
  kRequestScaling,  // 1: schedulers over request volumes
  kGpuScaling,      // 2: multi_bin_dynamic over GPUs, at the largest volume
  kKSensitivity,    // 3: over K, at the best number of GPUs
  kGrid,            // 4: GPUs x K x volumes x load scalings, one seed
  kComparison,      // 4: four methods, by volume and load scaling
  kRobustness,      // 5: one input at a time around the best configuration
};
inline constexpr int kNumStressSteps = 6;

const std::vector<std::string>& stress_step_names();  // "step1_request_scaling", ...
int step_number(StressStep step);                     // 1..5

inline constexpr std::int64_t kStressKBins = 8;  // where a step does not vary or choose K

struct ServiceCoefficients {
  double alpha_ms = 59.65277758291415;
  double beta_ms_per_token = 5.741996985241534;
  double gamma = 0.31568071039597756;
};

struct StressSettings {
  std::int64_t max_requests = 1'000'000;
  std::int64_t max_gpus = 100;
  double token_sla_s = 0.01;
  double request_sla_s = 20;
  double rps_scaling = 100;
  bool real_timestamps = false;  // then nothing is scaled
  std::string trace;             // "": the preset burstgpt-like
  ServiceCoefficients service;
  std::int32_t seeds = 5;  // replications of every step but the grid
  std::uint64_t seed = 42;

  std::vector<std::int64_t> volumes() const;     // 1000, 10,000, ... max_requests
  std::vector<std::int64_t> gpu_counts() const;  // 1, 2, 4, ... max_gpus
  std::vector<double> load_scalings() const;     // of step 4
  std::int64_t robustness_volume() const;        // large enough for tails, and quick
};

struct StressConfiguration {
  std::int64_t num_gpus = 0;
  std::int64_t k_bins = 0;
};

// What step 4 found in the grid for a volume and a load scaling.
struct GridChoice {
  std::int64_t requests = 0;
  double rps_scaling = 0;           // with real timestamps: 1
  std::int64_t one_gpu_k_bins = 0;  // the best K on one GPU
  StressConfiguration best;
};

// The step's sweep. `best`: the best number of GPUs (step 3), the best configuration (step 5);
// `choices`: for the comparison. What the step does not need is ignored.
SweepPoints stress_sweep(StressStep step, const StressSettings& settings,
                         const StressConfiguration& best, const std::vector<GridChoice>& choices);

}  // namespace servesweep
