#include "host/base/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "host/base/error.hpp"

namespace servesweep {
namespace {

struct Quantity {
  double number = -1;  // negative: no number
  std::string suffix;
};

Quantity parse_quantity(std::string_view text) {
  const std::string copy(text);
  const std::size_t digits = copy.find_first_not_of("0123456789.");
  const std::string number = copy.substr(0, digits);
  char* end = nullptr;
  const double value = std::strtod(number.c_str(), &end);
  if (number.empty() || *end != '\0' || !std::isfinite(value)) return {};
  return {value, digits == std::string::npos ? "" : copy.substr(digits)};
}

}  // namespace

std::size_t parse_size(std::string_view text, const std::string& what) {
  auto [number, suffix] = parse_quantity(text);
  if (suffix.ends_with("iB")) {
    suffix.resize(suffix.size() - 2);
  } else if (suffix.ends_with("B")) {
    suffix.pop_back();
  }
  static constexpr std::string_view kPrefixes = "KMGT";
  double factor = 1;
  if (!suffix.empty()) {
    const std::size_t prefix = suffix.size() == 1 ? kPrefixes.find(suffix[0]) : std::string::npos;
    factor = prefix == std::string::npos ? -1 : std::exp2(10.0 * static_cast<double>(prefix + 1));
  }
  const double bytes = number * factor;
  if (number < 0 || factor < 0 || bytes < 1 || bytes >= 0x1p63) {
    throw InputError("invalid " + what + "=" + std::string(text) +
                     " (must be a size such as 512M or 8G)");
  }
  return static_cast<std::size_t>(bytes);
}

double parse_duration_s(std::string_view text, const std::string& what) {
  static constexpr std::pair<std::string_view, double> kUnits[] = {
      {"", 1}, {"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}, {"d", 86400}};
  const Quantity quantity = parse_quantity(text);
  for (const auto& [unit, seconds] : kUnits) {
    if (quantity.number >= 0 && quantity.suffix == unit) return quantity.number * seconds;
  }
  throw InputError("invalid " + what + "=" + std::string(text) +
                   " (must be a time such as 90s, 15m or 2h)");
}

std::string format_count(std::int64_t count) {
  std::string text = std::to_string(count);
  const std::size_t first = count < 0 ? 1 : 0;
  for (std::size_t at = text.size(); at > first + 3;) text.insert(at -= 3, ",");
  return text;
}

std::string format_count(std::int64_t count, const std::string& noun) {
  return format_count(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string format_quantity(double number) {
  static constexpr std::pair<double, const char*> kScales[] = {
      {1e12, " trillion"}, {1e9, " billion"}, {1e6, " million"}, {1e3, " thousand"}};
  for (const auto& [scale, name] : kScales) {
    // From 0.9995 on, three digits round up to the scale.
    if (number >= 0.9995 * scale) return fmt::format("{:.3g}{}", number / scale, name);
  }
  return fmt::format("{:.3g}", number);
}

std::string format_size(std::size_t bytes) {
  static constexpr const char* kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1023.95 && unit + 1 < std::size(kUnits); ++unit) size /= 1024;
  return unit == 0 ? fmt::format("{} bytes", bytes) : fmt::format("{:.1f} {}", size, kUnits[unit]);
}

std::string format_duration(double seconds) {
  if (seconds > 0 && seconds < 0.1) return fmt::format("{:.3g} ms", seconds * 1e3);
  if (seconds < 9.95) return fmt::format("{:.2g} s", seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
  return fmt::format("{} d {} h", whole / 86400, whole % 86400 / 3600);
}

}  // namespace servesweep
