// A sweep written back as the one sweep file that all equal sweeps share.
#pragma once

#include <string>
#include <vector>

#include "host/parameters/parameter.hpp"
#include "host/sweep/sweep_settings.hpp"

namespace servesweep {

// design: grid or zip, how the axes make the points again. values: [parameter][1 for a fixed one,
// else values of the axis in TOML order]; a parameter without values is read by no world and left
// out. is_axis: [parameter].
std::string resolved_spec(const SweepSettings& settings, DesignKind design,
                          const ParameterSet& parameters, const std::vector<std::string>& texts,
                          const std::vector<std::vector<double>>& values,
                          const std::vector<bool>& is_axis);

}  // namespace servesweep
