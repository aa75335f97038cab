// A sweep whose every key and value is good: the only thing that can be expanded to worlds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/base/text_pool.hpp"
#include "host/parameters/parameter.hpp"
#include "host/parameters/run_spec.hpp"
#include "host/parameters/where.hpp"
#include "host/sweep/sweep_points.hpp"
#include "host/sweep/sweep_settings.hpp"
#include "host/sweep/value_reader.hpp"

namespace servesweep {

struct CheckedSpec {
  SweepSettings settings;
  DesignKind design = DesignKind::kGrid;
  std::int64_t samples = 0;                       // designs random and lhs
  std::vector<Axis> axes;                         // [parameter], also of parameters with one value
  std::vector<std::optional<Diagnostic>> places;  // [parameter], where it is given; no message
  std::vector<Where> conditions;
  TextPool texts;
  std::vector<std::string> warnings;
  Diagnostic design_place, where_place;  // no message
};

// Throws InputError with every error of the file.
CheckedSpec check_spec(const RunSpec& spec, const ParameterSet& parameters);
// Checks a program's points likewise. Equal points are one, in the place of the first.
CheckedSpec check_points(const SweepPoints& sweep, const ParameterSet& parameters);

}  // namespace servesweep
