// A sweep as a program makes it: its points, each with typed values by parameter key, and no file.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "host/sweep/sweep.hpp"

namespace servesweep {

using PointValue = std::variant<bool, std::int64_t, double, std::string>;

// Values by full key ("scheduler.k_bins"), in the units of a sweep file; what is not there has its
// default. Names of choices and of files are texts; files start in the current folder.
using SweepPoint = std::map<std::string, PointValue>;

struct SweepPoints {
  SweepSettings settings;  // the design follows from the points
  std::vector<SweepPoint> points;
};

}  // namespace servesweep
