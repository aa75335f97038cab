#include "host/studies/sentence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "host/base/units.hpp"

namespace servesweep {

std::string sentence_number(double value) {
  if (value == std::floor(value) && std::fabs(value) < 1e7) {
    return format_count(static_cast<std::int64_t>(value));
  }
  const double rounded = std::strtod(fmt::format("{:.2e}", value).c_str(), nullptr);
  if (std::fabs(rounded) >= 1e3 && std::fabs(rounded) < 1e15) {
    return format_count(static_cast<std::int64_t>(rounded));
  }
  return fmt::format("{:.3g}", value);
}

Sentence& Sentence::words(std::string_view text) {
  text_ += text;
  return *this;
}

Sentence& Sentence::number(std::string name, double value, std::string_view unit) {
  text_ += sentence_number(value);
  if (!unit.empty()) text_ += " " + std::string(unit);
  numbers_.emplace_back(std::move(name), value);
  return *this;
}

Sentence& Sentence::percent(std::string name, double share) {
  const double percent = 100 * share;
  if (percent < 99.5 || percent >= 100) return number(std::move(name) + "_percent", percent, "%");
  // Not "100 %" for what is not all: the first digit of what is missing.
  const int decimals = std::min(6, -static_cast<int>(std::floor(std::log10(100 - percent))));
  std::string digits = fmt::format("{:.{}f}", percent, decimals);
  while (digits.ends_with('0')) digits.pop_back();
  text_ += digits + " %";
  numbers_.emplace_back(std::move(name) + "_percent", percent);
  return *this;
}

Sentence& Sentence::count(std::string name, double count, std::string_view noun) {
  return number(std::move(name), count, std::string(noun) + (count == 1 ? "" : "s"));
}

Sentence& Sentence::range(const std::string& name, double low, double high, std::string_view unit) {
  return number(name + "_low", low).words(" to ").number(name + "_high", high, unit);
}

}  // namespace servesweep
