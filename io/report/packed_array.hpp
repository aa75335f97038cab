// Arrays of 4-byte numbers as text that a page unpacks: base64 of the zlib stream of their
// little-endian bytes, shuffled (the first byte of every number, then the second of every one,
// ...).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace servesweep {

std::string pack(const std::vector<float>& values);
std::string pack(const std::vector<std::int32_t>& values);

std::string base64(std::string_view bytes);

// Rounds to the nearest number with `bits` bits behind the leading one (relative error up to
// 2^-(bits + 1)): what is rounded packs better. NaN and infinities stay.
float round_mantissa(float value, int bits);

}  // namespace servesweep
