// The clock of the continuous engine: 2^-40 ns in 128-bit integers, so that a sum of iterations is
// exact whatever its order, and many at once take as long as one after the other.
#pragma once

#include "sim/core/clock.hpp"

namespace servesweep {

using Ticks = Int128;

constexpr int kTickBits = 40;
constexpr double kNsPerTick = 1.0 / static_cast<double>(INT64_C(1) << kTickBits);
constexpr Ticks kTicksPerNs = Ticks{1} << kTickBits;
constexpr Ticks kNeverTicks = Ticks{kNever} << kTickBits;

SERVESWEEP_FUNCTION constexpr Ticks ticks_of_ns(std::int64_t ns) { return ns * kTicksPerNs; }

// The nearest number of ticks, half a tick rounded up; |ns| below 9e18. In double alone, so that
// every machine rounds alike.
SERVESWEEP_FUNCTION Ticks ticks_of(double ns) {
  auto whole = static_cast<std::int64_t>(ns);
  if (ns < static_cast<double>(whole)) --whole;
  constexpr double kTicks = 1.0 / kNsPerTick;
  return ticks_of_ns(whole) + round_to_int64((ns - static_cast<double>(whole)) * kTicks);
}

// Whole nanoseconds, rounded down. T < t <=> floor_ns(T) < t for whole nanoseconds t.
SERVESWEEP_FUNCTION constexpr std::int64_t floor_ns(Ticks ticks) {
  return static_cast<std::int64_t>(ticks >> kTickBits);
}

// A span >= 0 in ns: to 2^-20 ns up to two hours, else to the nearest double. (Converting 128 bits
// takes many instructions.)
SERVESWEEP_INLINE double ns_of(Ticks span) {
  constexpr int kFine = 20;
  const Ticks coarse = span >> (kTickBits - kFine);
  if (coarse >> 63 == 0) {
    return static_cast<double>(static_cast<std::int64_t>(coarse)) *
           (1.0 / static_cast<double>(1 << kFine));
  }
  return to_double(span) * kNsPerTick;
}

}  // namespace servesweep
