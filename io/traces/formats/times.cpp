#include "io/traces/formats/times.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "io/files/decimal.hpp"

namespace servesweep {
namespace {

constexpr std::int64_t kSecond_ns = 1'000'000'000;

bool parse_scaled(std::string_view text, int shift, std::int64_t& value) {
  const Decimal result = parse_decimal(text, shift, value);
  return result == Decimal::kExact || result == Decimal::kRounded;
}

// "20:17" by the pattern "00:00": a 0 stands for a digit, anything else for itself. Appends the
// numbers between the other characters to values.
bool match_numbers(std::string_view text, std::string_view pattern, int* values) {
  if (text.size() != pattern.size()) return false;
  *values = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '0') {
      if (text[i] < '0' || text[i] > '9') return false;
      *values = *values * 10 + (text[i] - '0');
    } else {
      if (text[i] != pattern[i]) return false;
      *++values = 0;
    }
  }
  return true;
}

// Takes "Z", "+hh:mm" or "-hh:mm" from the end of a time of day.
bool take_zone(std::string_view& text, std::int64_t& offset_min) {
  offset_min = 0;
  if (!text.empty() && text.back() == 'Z') {
    text.remove_suffix(1);
    return true;
  }
  const std::size_t sign = text.find_first_of("+-");
  if (sign == std::string_view::npos) return true;
  int hour_minute[2] = {};
  if (!match_numbers(text.substr(sign + 1), "00:00", hour_minute)) return false;
  offset_min = hour_minute[0] * 60 + hour_minute[1];
  if (text[sign] == '-') offset_min = -offset_min;
  text = text.substr(0, sign);
  return true;
}

}  // namespace

bool parse_time(TimeUnit unit, std::string_view text, std::int64_t& ns) {
  switch (unit) {
    case TimeUnit::kSeconds:
      return parse_scaled(text, 9, ns);
    case TimeUnit::kMilliseconds:
      return parse_scaled(text, 6, ns);
    case TimeUnit::kMicroseconds:
      return parse_scaled(text, 3, ns);
    case TimeUnit::kNanoseconds:
      return parse_scaled(text, 0, ns);
    case TimeUnit::kDate:
      return parse_date_time(text, ns);
    case TimeUnit::kAuto:
      break;
  }
  return false;
}

const char* time_rule(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kSeconds:
      return "seconds, a decimal number";
    case TimeUnit::kMilliseconds:
      return "milliseconds, a number";
    case TimeUnit::kMicroseconds:
      return "microseconds, a number";
    case TimeUnit::kNanoseconds:
      return "nanoseconds, a number";
    default:
      return "a date and time such as 2023-11-16 18:17:03.9799600";
  }
}

bool parse_date_time(std::string_view text, std::int64_t& ns) {
  constexpr std::size_t kDateSize = 10, kTimeSize = 8;
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  if (text.size() < kDateSize + 1 + kTimeSize) return false;
  if (text[kDateSize] != ' ' && text[kDateSize] != 'T') return false;
  std::string_view time = text.substr(kDateSize + 1);
  std::int64_t offset_min = 0;
  if (!take_zone(time, offset_min)) return false;

  int date[3] = {}, clock[3] = {};
  if (!match_numbers(text.substr(0, kDateSize), "0000-00-00", date)) return false;
  if (!match_numbers(time.substr(0, kTimeSize), "00:00:00", clock)) return false;
  const std::chrono::year_month_day day{std::chrono::year(date[0]),
                                        std::chrono::month(static_cast<unsigned>(date[1])),
                                        std::chrono::day(static_cast<unsigned>(date[2]))};
  // Years whose nanoseconds since 1970 parse_decimal()'s range covers as well.
  if (!day.ok() || date[0] < 1900 || date[0] > 2090) return false;
  if (clock[0] > 23 || clock[1] > 59 || clock[2] > 59) return false;

  std::int64_t fraction_ns = 0;
  if (const std::string_view fraction = time.substr(kTimeSize); !fraction.empty()) {
    const bool digits = std::all_of(fraction.begin() + 1, fraction.end(),
                                    [](char c) { return c >= '0' && c <= '9'; });
    if (fraction.front() != '.' || !digits || !parse_scaled(fraction, 9, fraction_ns)) return false;
  }
  const std::int64_t days = std::chrono::sys_days(day).time_since_epoch().count();
  const std::int64_t minutes = (days * 24 + clock[0]) * 60 + clock[1] - offset_min;
  ns = (minutes * 60 + clock[2]) * kSecond_ns + fraction_ns;
  return true;
}

}  // namespace servesweep
