// By class of priority, the lowest number first, as vLLM's scheduling policy "priority" does.
#pragma once

#include "sim/replica/policies/policy.hpp"

namespace servesweep {

struct PriorityPolicy : PolicyDefaults {
  static constexpr const char* kName = "priority";
  static constexpr bool kReadsPriority = true;
  static constexpr bool kChoosesVictims = true;

  template <class Requests>
  SERVESWEEP_FUNCTION static std::int32_t key(const Requests& requests, std::uint32_t request) {
    return requests.priority(request);
  }
};

static_assert(kIsQueuePolicy<PriorityPolicy>,
              "a queue policy is PolicyDefaults with kName and key(requests, request)");

}  // namespace servesweep
