// Values and keys as TOML text, in one spelling each: what a resolved sweep, a dumped default and a
// message show.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/parameters/parameter.hpp"

namespace servesweep {

// The shortest digits that read back as the same double, always with a point or an exponent.
std::string toml_real(double value);
// The text in double quotes, escaped.
std::string toml_string(std::string_view text);
// A parameter's stored value; texts: [text id].
std::string toml_value(const Parameter& parameter, double value,
                       const std::vector<std::string>& texts);
// A number as people write it in a message: "1024", "0.5", "1e+09".
std::string plain_number(double value);

}  // namespace servesweep
