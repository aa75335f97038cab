// The points of a result file: worlds with equal inputs, which are replications of each other. In
// the file of a study the step counts as an input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "io/result_reader.hpp"

namespace servesweep {

struct Points {
  std::vector<std::int32_t> of_world;             // [world] point, -1: of none of them
  std::vector<std::vector<std::int64_t>> worlds;  // [point][replication], ascending

  std::size_t size() const { return worlds.size(); }
  std::size_t replications() const;  // the most of a point
};

// In the order of their first worlds.
Points find_points(const ResultFile& file);
// Only these points, ascending.
Points select_points(const Points& points, const std::vector<std::size_t>& chosen);

// The columns of what defines a point, in order of the file.
std::vector<ResultColumn> point_inputs(const ResultFile& file);

// Of a column of numbers, over the replications to which it applies.
struct PointMeans {
  std::vector<double> mean;        // [point], NaN: not applicable
  std::vector<double> half_width;  // [point] of the 95 % interval, NaN: unknown
};
PointMeans point_means(const Points& points, const std::vector<double>& values);

// Points that no other beats: none has lower or equal cost and a better value. Ascending; without
// points that lack one of the two. An empty cost: all cost the same.
std::vector<std::size_t> pareto_front(const std::vector<double>& cost,
                                      const std::vector<double>& value, bool higher_is_better);

// `count` (at most n) of 0 .. n - 1, ascending: those of `first` as far as there is room, then
// others, spread evenly, but in no step that axes of a grid could share.
std::vector<std::size_t> even_sample(std::size_t n, std::size_t count,
                                     const std::vector<std::size_t>& first);

}  // namespace servesweep
