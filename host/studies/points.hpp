// Points of the studies' sweeps, put together from parts.
#pragma once

#include <utility>
#include <vector>

#include "host/sweep/sweep_points.hpp"

namespace servesweep {

using PointList = std::vector<SweepPoint>;

// `base` with the values of `changes`, which replace those that are there.
inline SweepPoint with(SweepPoint base, const SweepPoint& changes) {
  for (const auto& [key, value] : changes) base[key] = value;
  return base;
}

// Each of these with each of the changes, the last ones the fastest.
inline PointList crossed(const PointList& bases, const PointList& changes) {
  PointList points;
  for (const SweepPoint& base : bases) {
    for (const SweepPoint& change : changes) points.push_back(with(base, change));
  }
  return points;
}

// The part that `part_of` makes of each value.
template <class Values, class PartOf>
PointList each(const Values& values, const PartOf& part_of) {
  PointList parts;
  for (const auto& value : values) parts.push_back(part_of(value));
  return parts;
}

inline PointList appended(PointList first, const PointList& then) {
  first.insert(first.end(), then.begin(), then.end());
  return first;
}

}  // namespace servesweep
