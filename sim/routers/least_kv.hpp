// The replica with fewest KV blocks in use.
#pragma once

#include "sim/routers/router.hpp"

namespace servesweep {

struct LeastKvRouter : RouterDefaults {
  static constexpr const char* kName = "least_kv";

  template <class Replicas>
  SERVESWEEP_FUNCTION static std::int32_t route(const Replicas& replicas, RouterState& /*state*/) {
    return replicas.least([&](std::int32_t r) { return replicas.used_blocks(r); });
  }
};

static_assert(kIsRouter<LeastKvRouter>,
              "a router is RouterDefaults with kName and route(replicas, state)");

}  // namespace servesweep
