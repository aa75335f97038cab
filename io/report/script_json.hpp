// Texts of a report's data block.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace servesweep {

// May stand inside a <script> element: there is no `<` in it. Bytes that are no UTF-8 are replaced.
std::string script_json(const nlohmann::ordered_json& json);

// Sweeps of scattered points list each value of an axis, which takes megabytes. Long lines are cut,
// and end with how much is left out.
std::string with_short_lines(const std::string& text);

}  // namespace servesweep
