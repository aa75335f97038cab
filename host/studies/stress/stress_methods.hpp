// The comparison of methods of step 4 by volume and load scaling.
#pragma once

#include <optional>
#include <vector>

#include "host/studies/study_data.hpp"

namespace servesweep {

struct MethodComparison {
  double requests = 0;
  double rps_scaling = 0;  // NaN: real timestamps
  // best: multi_bin_dynamic as chosen; the same as one_gpu where one GPU was chosen
  std::optional<SeedGroup> static_fifo, dynamic, one_gpu, best;
};

// In order of load scaling, then volume.
std::vector<MethodComparison> comparisons(const StudyData& data);
double largest_volume(const std::vector<MethodComparison>& all);

}  // namespace servesweep
