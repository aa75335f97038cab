// SHA-256 of bytes in memory: names the inputs of a result (trace files, resolved sweeps).
#pragma once

#include <string>
#include <string_view>

namespace servesweep {

// 64 lower-case hex digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace servesweep
