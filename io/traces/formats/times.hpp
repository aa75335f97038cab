// How trace formats write times: decimal numbers of a unit, or a date and time of day. Exact to
// the nanosecond; further digits are rounded.
#pragma once

#include <cstdint>
#include <string_view>

#include "host/workload/trace.hpp"

namespace servesweep {

// `unit` is one of the units, or kDate.
bool parse_time(TimeUnit unit, std::string_view text, std::int64_t& ns);
const char* time_rule(TimeUnit unit);  // completes "must be ..."

// 2023-11-16 18:17:03.9799600, with 'T' for the space and a zone (Z, +hh:mm) if need be. Since
// 1970-01-01 UTC; without a zone taken as UTC. No leap seconds.
bool parse_date_time(std::string_view text, std::int64_t& ns);

}  // namespace servesweep
