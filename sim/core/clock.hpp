// Simulated time: int64 nanoseconds since the first arrival of the world.
#pragma once

#include "sim/core/portability.hpp"

namespace servesweep {

// Later than every event.
constexpr std::int64_t kNever = INT64_MAX;

// Where a world's clock ends (146 years): beyond it the world stops as kClockOverflow.
constexpr std::int64_t kClockEnd_ns = INT64_C(1) << 62;

// The longest span of arrivals (104 days): whole nanoseconds are exact in a double up to here,
// and the sum over a batch of 1024 arrivals fits 64 bits.
constexpr std::int64_t kMaxArrival_ns = INT64_C(1) << 53;

}  // namespace servesweep
