// The replica that has cached most leading blocks of the prompt; of equals the one with fewest
// outstanding requests.
#pragma once

#include "sim/routers/router.hpp"

namespace servesweep {

struct PrefixAffinityRouter : RouterDefaults {
  static constexpr const char* kName = "prefix_affinity";
  static constexpr bool kLooksAtCache = true;

  template <class Replicas>
  SERVESWEEP_FUNCTION static std::int32_t route(const Replicas& replicas, RouterState& /*state*/) {
    return replicas.least([&](std::int32_t r) {
      const std::int64_t cached = replicas.cached_blocks(r);
      return replicas.outstanding(r) - cached * (std::int64_t{1} << 32);
    });
  }
};

static_assert(kIsRouter<PrefixAffinityRouter>,
              "a router is RouterDefaults with kName and route(replicas, state)");

}  // namespace servesweep
