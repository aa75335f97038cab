// The shortest predicted output first (the workload's predictor says what is predicted).
#pragma once

#include "sim/replica/policies/policy.hpp"

namespace servesweep {

struct ShortestPredictedOutputPolicy : PolicyDefaults {
  static constexpr const char* kName = "shortest_predicted_output";

  template <class Requests>
  SERVESWEEP_FUNCTION static std::int32_t key(const Requests& requests, std::uint32_t request) {
    return requests.predicted(request);
  }
};

static_assert(kIsQueuePolicy<ShortestPredictedOutputPolicy>,
              "a queue policy is PolicyDefaults with kName and key(requests, request)");

}  // namespace servesweep
