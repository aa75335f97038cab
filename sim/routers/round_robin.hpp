// Replicas in turn.
#pragma once

#include "sim/routers/router.hpp"

namespace servesweep {

struct RoundRobinRouter : RouterDefaults {
  static constexpr const char* kName = "round_robin";

  template <class Replicas>
  SERVESWEEP_FUNCTION static std::int32_t route(const Replicas& replicas, RouterState& state) {
    const std::int32_t to = state.turn;
    state.turn = to + 1 == replicas.count() ? 0 : to + 1;
    return to;
  }
};

static_assert(kIsRouter<RoundRobinRouter>,
              "a router is RouterDefaults with kName and route(replicas, state)");

}  // namespace servesweep
