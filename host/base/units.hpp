// Sizes, durations and counts: as people write them on a command line and read them in reports.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace servesweep {

// "8G", "512M", "1.5GiB", "4096": K, M, G, T are powers of 1024. Throws InputError; `what` names
// the option in its message.
std::size_t parse_size(std::string_view text, const std::string& what);

// "90", "90s", "15m", "2h", "1d" as seconds. Throws InputError.
double parse_duration_s(std::string_view text, const std::string& what);

// Whole nanoseconds.
inline std::int64_t ns_of_s(double seconds) { return std::llround(seconds * 1e9); }

std::string format_count(std::int64_t count);  // "1,234,567"
// "1 world", "1,234 worlds"
std::string format_count(std::int64_t count, const std::string& noun);
std::string format_quantity(double number);  // three digits: "1.23 million", "56.8 thousand"
std::string format_size(std::size_t bytes);  // "1.5 GiB"
std::string format_duration(
    double seconds);  // "42.1 ms", "1.5 s", "12 s", "3 min 20 s", "2 h 5 min"

}  // namespace servesweep
