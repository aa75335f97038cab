// How a world ended.
#pragma once

#include <cstdint>

#include "sim/core/field.hpp"

namespace servesweep {

enum class WorldStatus : std::int32_t {
  kCompleted,      // every request that could be served was
  kTimeLimit,      // ended by time_limit_s with requests left
  kClockOverflow,  // the simulated clock reached its end (146 years)
};
template <>
struct EnumNames<WorldStatus> {
  static constexpr const char* values[] = {"completed", "time_limit", "clock_overflow"};
};

}  // namespace servesweep
