// The points of a result file (host/results/replications.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "io/results/result_reader.hpp"

namespace servesweep {

struct Points {
  std::vector<std::int32_t> of_world;            // [world] point, -1: not selected
  std::vector<std::vector<std::size_t>> worlds;  // [point], ascending

  std::size_t size() const { return worlds.size(); }
  std::size_t replications() const;  // the most of a point
};

// The points of a file, in the order of their first worlds.
Points find_points(const ResultFile& file);
// Keeps only these points, which ascend.
Points select_points(const Points& points, const std::vector<std::size_t>& chosen);

// The columns of what defines a point, in order of the file.
std::vector<ResultColumn> point_inputs(const ResultFile& file);

// Means of a column of numbers over the replications; not applicable where one replication has no
// value.
struct PointMeans {
  std::vector<double> mean;        // [point], NaN: not applicable
  std::vector<double> half_width;  // [point] of the 95 % interval, NaN: unknown
};
PointMeans point_means(const Points& points, const std::vector<double>& values);

}  // namespace servesweep
