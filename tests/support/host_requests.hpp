// Requests ready to be binned on the host, in every build.
#pragma once

#include <algorithm>

#include "kernels/workloads/binning.hpp"

namespace servesweep::testing {

// In builds for GPUs the constructor leaves out what only the host's way of binning needs.
inline RequestSet host_request_set(const RequestColumns& columns) {
  RequestSet set(columns);
  set.sorted_predicted.assign(columns.predicted_tokens, columns.predicted_tokens + columns.count);
  std::sort(set.sorted_predicted.begin(), set.sorted_predicted.end());
  return set;
}

}  // namespace servesweep::testing
