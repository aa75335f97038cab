// A random replica, all equally likely.
#pragma once

#include "sim/routers/router.hpp"

namespace servesweep {

struct RandomRouter : RouterDefaults {
  static constexpr const char* kName = "random";
  static constexpr bool kNeedsDraws = true;

  template <class Replicas>
  SERVESWEEP_FUNCTION static std::int32_t route(const Replicas& replicas, RouterState& /*state*/) {
    return drawn_below(replicas.count(), static_cast<std::uint32_t>(replicas.draw()));
  }
};

static_assert(kIsRouter<RandomRouter>,
              "a router is RouterDefaults with kName and route(replicas, state)");

}  // namespace servesweep
