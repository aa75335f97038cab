// The one with fewer outstanding requests of two random replicas, the first drawn of equals
// (Mitzenmacher 2001, doi:10.1109/71.963420).
#pragma once

#include "sim/routers/router.hpp"

namespace servesweep {

struct PowerOfTwoRouter : RouterDefaults {
  static constexpr const char* kName = "power_of_two";
  static constexpr bool kNeedsDraws = true;

  template <class Replicas>
  SERVESWEEP_FUNCTION static std::int32_t route(const Replicas& replicas, RouterState& /*state*/) {
    const std::uint64_t draw = replicas.draw();
    const std::int32_t count = replicas.count();
    const std::int32_t first = drawn_below(count, static_cast<std::uint32_t>(draw));
    std::int32_t second = drawn_below(count - 1, static_cast<std::uint32_t>(draw >> 32));
    if (second >= first) ++second;
    return replicas.outstanding(second) < replicas.outstanding(first) ? second : first;
  }
};

static_assert(kIsRouter<PowerOfTwoRouter>,
              "a router is RouterDefaults with kName and route(replicas, state)");

}  // namespace servesweep
