// Exact numbers from decimal text: integers scaled by a power of ten, without a detour through
// floating point. Serves times (to nanoseconds) and token counts.
#pragma once

#include <cstdint>
#include <string_view>

namespace servesweep {

enum class Decimal { kExact, kRounded, kInvalid, kTooLarge };

// value = text * 10^shift, for [+-]digits[.digits][e[+-]digits] with spaces and tabs around it.
// More digits than the result can hold are rounded, halves away from zero (kRounded). Magnitudes
// above 4e18 are kTooLarge, so that the difference of two values fits an int64. shift in [0, 18].
Decimal parse_decimal(std::string_view text, int shift, std::int64_t& value);

}  // namespace servesweep
