// Options of a command, each added by one call; the name of an option's value stands in --help.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>
#include <string>

#include "host/base/text.hpp"

namespace servesweep {

template <class T>
CLI::Option* add_value(CLI::App& command, const std::string& option, T& value,
                       const std::string& value_name, const std::string& text) {
  return command.add_option(option, value, text)->type_name(value_name);
}

// Values with commas between them; the option may be given several times.
template <class T>
CLI::Option* add_list(CLI::App& command, const std::string& option, T& values,
                      const std::string& value_name, const std::string& text) {
  return add_value(command, option, values, value_name, text)
      ->delimiter(',')
      ->allow_extra_args(false);
}

// The check of an option that takes a whole number.
inline CLI::Validator whole_number(std::int64_t least,
                                   std::int64_t most = std::numeric_limits<std::int64_t>::max()) {
  const bool bounded = most < std::numeric_limits<std::int64_t>::max();
  const std::string rule =
      "must be a whole number " +
      (bounded ? "in [" + std::to_string(least) + ", " + std::to_string(most) + "]"
               : "of at least " + std::to_string(least));
  return CLI::Validator(
      [=](std::string& text) {
        const auto value = number_of<std::int64_t>(text);
        return value && *value >= least && *value <= most ? "" : rule + ", and not " + text;
      },
      "");
}

template <class T, class... Bounds>
CLI::Option* add_number(CLI::App& command, const std::string& option, T& value,
                        const std::string& text, Bounds... least_and_most) {
  return add_value(command, option, value, "N", text)->check(whole_number(least_and_most...));
}

}  // namespace servesweep
