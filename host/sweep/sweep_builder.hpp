// From a sweep file, or from the points of a program, to worlds: checks everything, then expands.
// All errors are found before any is reported, each with its place.
//
// Conditions (sweep.where) see the points as the design makes them, with a value for every
// parameter whether the point reads it or not; a point stays when one of the raw points that are
// equal to it stays.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "host/parameters/parameter.hpp"
#include "host/parameters/run_spec.hpp"
#include "host/sweep/sweep.hpp"
#include "host/sweep/sweep_points.hpp"

namespace servesweep {

// What an engine has against a point beyond ranges; values as Sweep::values() gives them.
using PointCheck = std::function<std::vector<Finding>(const double* values,
                                                      const std::vector<std::string>& texts)>;

// A limit on raw points, before conditions: checked before any is made.
inline constexpr std::int64_t kMostPoints = 10'000'000;
// A limit on worlds: their results have to fit a file.
inline constexpr std::int64_t kMostWorlds = 1'000'000'000;

// Throws InputError with every error of the file. `parameters` must outlive the sweep.
Sweep build_sweep(const RunSpec& spec, const ParameterSet& parameters, const PointCheck& check = {},
                  std::int64_t most_points = kMostPoints);
// The sweep that a file with these points as design "zip" makes. Equal points are one.
Sweep build_sweep(const SweepPoints& points, const ParameterSet& parameters,
                  const PointCheck& check = {}, std::int64_t most_points = kMostPoints);

}  // namespace servesweep
