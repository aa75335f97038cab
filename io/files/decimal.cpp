#include "io/files/decimal.hpp"

#include <algorithm>
#include <cstddef>

#include "host/base/text.hpp"

namespace servesweep {
namespace {

constexpr std::int64_t kMaxMagnitude = 4'000'000'000'000'000'000;
constexpr int kSafeDigits = 18;  // any number of 18 digits fits an int64

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::int64_t power_of_ten(int exponent) {
  std::int64_t power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

// Digits with at most one point among them, few enough that nothing overflows or is rounded:
// what nearly every row of a trace holds.
bool parse_short(std::string_view text, int shift, std::int64_t& value) {
  if (text.size() > kSafeDigits) return false;
  std::int64_t digits = 0;
  int num_digits = 0;
  int num_fraction = 0;
  bool point = false;
  for (const char c : text) {
    if (is_digit(c)) {
      digits = digits * 10 + (c - '0');
      ++num_digits;
      num_fraction += point;
    } else if (c == '.' && !point) {
      point = true;
    } else {
      return false;
    }
  }
  const int zeros = shift - num_fraction;
  if (num_digits == 0 || zeros < 0 || num_digits + zeros > kSafeDigits) return false;
  value = digits * power_of_ten(zeros);
  return true;
}

// The exponent's value, held far inside the int range: the result is 0 or too large either way.
bool parse_exponent(std::string_view text, std::int64_t& exponent) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return false;
  exponent = 0;
  for (const char c : text) {
    exponent = std::min<std::int64_t>(exponent * 10 + (c - '0'), 1'000'000'000'000'000);
  }
  if (negative) exponent = -exponent;
  return true;
}

}  // namespace

Decimal parse_decimal(std::string_view text, int shift, std::int64_t& value) {
  if (parse_short(text, shift, value)) return Decimal::kExact;

  text = trimmed(text);
  const bool negative = !text.empty() && text.front() == '-';
  if (negative || (!text.empty() && text.front() == '+')) text.remove_prefix(1);

  std::int64_t exponent = 0;
  if (const std::size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    if (!parse_exponent(text.substr(e + 1), exponent)) return Decimal::kInvalid;
    text = text.substr(0, e);
  }
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = text.substr(std::min(point + 1, text.size()));
  if (whole.empty() && fraction.empty()) return Decimal::kInvalid;
  if (!std::all_of(whole.begin(), whole.end(), is_digit) ||
      !std::all_of(fraction.begin(), fraction.end(), is_digit)) {
    return Decimal::kInvalid;
  }

  // Digits at places below `keep` (counted from the point to the right) belong to the result.
  const std::int64_t keep = static_cast<std::int64_t>(whole.size()) + exponent + shift;
  std::int64_t magnitude = 0;
  std::int64_t place = 0;
  bool exact = true;
  bool round_up = false;
  for (const std::string_view part : {whole, fraction}) {
    for (const char c : part) {
      if (place < keep) {
        const int digit = c - '0';
        if (magnitude > (kMaxMagnitude - digit) / 10) return Decimal::kTooLarge;
        magnitude = magnitude * 10 + digit;
      } else {
        exact = exact && c == '0';
        if (place == keep) round_up = c >= '5';
      }
      ++place;
    }
  }
  for (; place < keep && magnitude != 0; ++place) {
    if (magnitude > kMaxMagnitude / 10) return Decimal::kTooLarge;
    magnitude *= 10;
  }
  magnitude += round_up;
  if (magnitude > kMaxMagnitude) return Decimal::kTooLarge;
  value = negative ? -magnitude : magnitude;
  return exact ? Decimal::kExact : Decimal::kRounded;
}

}  // namespace servesweep
