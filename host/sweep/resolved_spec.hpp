// A sweep written back as the one sweep file that all equal sweeps share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/parameters/parameter.hpp"
#include "host/sweep/sweep.hpp"

namespace servesweep {

// How the axes make the points again.
enum class ResolvedDesign { kGrid, kZip };

// values: [parameter][1 for a fixed one, else values of the axis in TOML order]; a parameter
// without values is read by no world and left out. is_axis: [parameter].
std::string resolved_spec(const SweepSettings& settings, ResolvedDesign design,
                          const ParameterSet& parameters, const std::vector<std::string>& texts,
                          const std::vector<std::vector<double>>& values,
                          const std::vector<bool>& is_axis);

}  // namespace servesweep
