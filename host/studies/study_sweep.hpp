// A study's step as the text of its sweep file.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "host/parameters/toml_text.hpp"

namespace servesweep {

// Keys ("scheduler.k_bins") in the order of the sweep file, and TOML values.
using StudyPoint = std::map<std::string, std::string>;

inline std::string toml(std::int64_t value) { return std::to_string(value); }
inline std::string toml(double value) { return toml_real(value); }
inline std::string toml(const std::string& text) { return toml_string(text); }
inline std::string toml(const char* text) { return toml_string(text); }

// A sweep of these points, which have the same keys: what all share as single values, the rest
// element by element. Points that coincide are one.
std::string study_sweep_toml(const std::string& engine, std::uint64_t seed,
                             std::int32_t replications, const std::vector<StudyPoint>& all);

}  // namespace servesweep
