// One world of the continuous engine, lowered: what a kernel needs to know. Trivially copyable.
#pragma once

#include <type_traits>

#include "sim/continuous/params.hpp"
#include "sim/replica/world.hpp"

namespace servesweep {

// Replicas behind a router; what a replica is, the base says.
struct ContinuousWorld : ReplicaWorld {
  Router router = Routers::code_of<RoundRobinRouter>();
  std::int32_t num_replicas = 1;
  std::int64_t time_limit_ns = kNever;
  std::int64_t most_output_tokens = 0;  // that its requests generate; of exact percentiles
};

static_assert(std::is_trivially_copyable_v<ContinuousWorld>,
              "a world is copied to the device as bytes");

}  // namespace servesweep
