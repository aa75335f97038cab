// What the stress study chooses from its own results: how many GPUs, and which K. A configuration
// is judged by its means over the seeds; one that has a world which did not run to its end, or a
// metric that is not applicable, is never chosen.
#pragma once

#include <cstdint>
#include <vector>

#include "host/results/frame.hpp"
#include "host/studies/finding.hpp"
#include "host/studies/stress/stress_plan.hpp"

namespace servesweep {

inline constexpr double kStressViolationLimit = 0.05;  // of the request SLA

struct Choice {
  std::int64_t num_gpus = 0;
  std::int64_t k_bins = 0;  // 0 where the rows do not differ in it
  bool meets_sla = false;
  Clause reason;  // a sentence with the numbers that decided; begins with a small letter
};

// The fewest GPUs whose request SLA violation rate is within the limit; where there are none, the
// fewest whose capacity_under_sla_per_s is at most 5 % below the best. Rows that differ in num_gpus
// and seed only (step 2). InputError where no configuration can be chosen.
Choice choose_gpus(const Frame& rows);

// Of the configurations within the limit those with the fewest GPUs, and of these the K with the
// lowest request SLA violation rate (equal: lowest mean latency, then smallest K). Where none is
// within the limit: the lowest violation rate (equal: fewest GPUs, then as above). Rows that differ
// in num_gpus, k_bins and seed only (the grid of one volume and load scaling). InputError as above.
Choice choose_method(const Frame& rows);

// The best K by the same rule, of rows of one number of GPUs. std::logic_error for several.
Choice choose_k(const Frame& rows);

// The rows of one volume and load scaling (NaN: real timestamps).
Frame grid_part(const Frame& grid, double requests, double rps_scaling);

// For each volume and load scaling of the grid (step 4, all of its worlds).
std::vector<GridChoice> grid_choices(const Frame& grid, const StressSettings& settings);

// What step 5 varies around.
StressConfiguration robustness_choice(const Frame& grid, const StressSettings& settings);

}  // namespace servesweep
