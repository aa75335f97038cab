// What every reader of text does.
#pragma once

#include <string_view>

namespace servesweep {

// Without spaces and tabs around it; points into `text` even where nothing is left.
inline std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return text.substr(text.size());
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace servesweep
