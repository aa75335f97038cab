// Which points a report shows, or has distributions of, where not all have room.
#pragma once

#include <cstddef>
#include <vector>

#include "io/report/points.hpp"

namespace servesweep {

// Points that no other point beats by a lower or equal cost and a better value. Ascending; without
// points that lack cost or value. An empty cost: all points cost the same.
std::vector<std::size_t> pareto_front(const std::vector<double>& cost,
                                      const std::vector<double>& value, bool higher_is_better);

// `count` (at most n) of 0 .. n - 1, ascending: `first` as far as there is room, then other
// numbers, spread evenly, but in no step that axes of a grid could share.
std::vector<std::size_t> even_sample(std::size_t n, std::size_t count,
                                     const std::vector<std::size_t>& first);

// The points on the front of p99 latency, SLA violations, goodput or throughput against GPUs or
// replicas. Ascending.
std::vector<std::size_t> best_points(const ResultFile& file, const Points& points);

}  // namespace servesweep
