// What every reader of text does.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace servesweep {

// Without spaces and tabs around it; points into `text` even where nothing is left.
inline std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return text.substr(text.size());
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The number that the whole text is; nothing if it is none, or does not fit.
template <class T>
std::optional<T> number_of(std::string_view text) {
  T number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace servesweep
