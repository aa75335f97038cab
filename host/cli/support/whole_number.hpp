// The check of an option that takes a whole number.
#pragma once

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>

namespace servesweep {

inline CLI::Validator whole_number(std::int64_t least,
                                   std::int64_t most = std::numeric_limits<std::int64_t>::max()) {
  const bool bounded = most < std::numeric_limits<std::int64_t>::max();
  const std::string rule =
      "must be a whole number " +
      (bounded ? "in [" + std::to_string(least) + ", " + std::to_string(most) + "]"
               : "of at least " + std::to_string(least));
  return CLI::Validator(
      [=](std::string& text) {
        std::int64_t value = 0;
        const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
        return whole && value >= least && value <= most ? "" : rule + ", and not " + text;
      },
      "");
}

}  // namespace servesweep
