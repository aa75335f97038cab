// What replicas and routers read of a world's requests: columns in arrival order, shared by every
// world with the same workload whatever its load; the arrays outlive the run.
#pragma once

#include "sim/core/portability.hpp"

namespace servesweep {

struct ReplicaRequests {
  std::int64_t count = 0;
  const std::int64_t* arrival_ns = nullptr;        // [request], before load scaling
  const std::int32_t* prompt_tokens = nullptr;     // [request]
  const std::int32_t* output_tokens = nullptr;     // [request]
  const std::int32_t* predicted_tokens = nullptr;  // [request]
  const std::int32_t* priority = nullptr;          // [request], or null: all of class 0
  const std::uint64_t* router_draws = nullptr;     // [request]: two draws of 32 bits, or null
  // Hashes of the leading full blocks of request i's tokens: prefix_hashes[prefix_begin[i] ..
  // prefix_begin[i + 1]), each below num_hashes. Null without prefix caching.
  const std::int32_t* prefix_begin = nullptr;   // [request + 1]
  const std::int32_t* prefix_hashes = nullptr;  // [hash]
  std::int32_t num_hashes = 0;
  // Priority classes, rising, where they are counted apart (sim/replica/class_tally.hpp).
  const std::int32_t* class_priority = nullptr;  // [class]
  std::int32_t num_classes = 0;
};

}  // namespace servesweep
