// The routers.
#pragma once

#include "sim/core/registry.hpp"
#include "sim/routers/least_kv.hpp"
#include "sim/routers/least_outstanding.hpp"
#include "sim/routers/power_of_two.hpp"
#include "sim/routers/prefix_affinity.hpp"
#include "sim/routers/random.hpp"
#include "sim/routers/round_robin.hpp"

namespace servesweep {

enum class Router : std::int32_t {};
using Routers = Registry<Router,                  //
                         RoundRobinRouter,        //
                         RandomRouter,            //
                         LeastOutstandingRouter,  //
                         LeastKvRouter,           //
                         PowerOfTwoRouter,        //
                         PrefixAffinityRouter     //
                         >;
template <>
struct EnumNames<Router> : Routers::Names {};

SERVESWEEP_FUNCTION bool needs_draws(Router router) {
  return Routers::visit(router, [](auto chosen) { return chosen.kNeedsDraws; });
}
SERVESWEEP_FUNCTION bool looks_at_cache(Router router) {
  return Routers::visit(router, [](auto chosen) { return chosen.kLooksAtCache; });
}

}  // namespace servesweep
