// The replica with fewest requests that run or wait there.
#pragma once

#include "sim/routers/router.hpp"

namespace servesweep {

struct LeastOutstandingRouter : RouterDefaults {
  static constexpr const char* kName = "least_outstanding";

  template <class Replicas>
  SERVESWEEP_FUNCTION static std::int32_t route(const Replicas& replicas, RouterState& /*state*/) {
    return replicas.least([&](std::int32_t r) -> std::int64_t { return replicas.outstanding(r); });
  }
};

static_assert(kIsRouter<LeastOutstandingRouter>,
              "a router is RouterDefaults with kName and route(replicas, state)");

}  // namespace servesweep
