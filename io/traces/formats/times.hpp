// How trace formats write times: decimal seconds, milliseconds or nanoseconds, or a date and time
// of day. Exact to the nanosecond; further digits are rounded.
#pragma once

#include <cstdint>
#include <string_view>

namespace servesweep {

bool parse_seconds(std::string_view text, std::int64_t& ns);
bool parse_milliseconds(std::string_view text, std::int64_t& ns);
bool parse_nanoseconds(std::string_view text, std::int64_t& ns);

// 2023-11-16 18:17:03.9799600, with 'T' for the space and a zone (Z, +hh:mm) if need be. Since
// 1970-01-01 UTC; without a zone taken as UTC. No leap seconds.
bool parse_date_time(std::string_view text, std::int64_t& ns);

}  // namespace servesweep
