// First come, first served.
#pragma once

#include "sim/replica/policies/policy.hpp"

namespace servesweep {

struct FcfsPolicy : PolicyDefaults {
  static constexpr const char* kName = "fcfs";
  static constexpr bool kIsFcfs = true;

  template <class Requests>
  SERVESWEEP_FUNCTION static std::int32_t key(const Requests& /*requests*/,
                                              std::uint32_t /*request*/) {
    return 0;
  }
};

static_assert(kIsQueuePolicy<FcfsPolicy>,
              "a queue policy is PolicyDefaults with kName and key(requests, request)");

}  // namespace servesweep
