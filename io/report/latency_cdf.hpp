// The distribution of latency of points, from the histograms of their worlds: the latency below
// which a share of the requests lies, for a list of shares.
#pragma once

#include <vector>

#include "io/report/points.hpp"
#include "io/results/result_reader.hpp"

namespace servesweep {

inline constexpr const char* kHistogramTable = "latency_histogram";

// Shares of requests, ascending; they lie closer together at the ends.
const std::vector<double>& cdf_levels();

// [point of `chosen`][level] in seconds, the replications of a point merged, linear inside a
// bucket. NaN where less than one request lies beyond the level, so that it is not known.
// The file has the table.
std::vector<float> latency_cdf(const ResultFile& file, const Points& points,
                               const std::vector<std::size_t>& chosen);

}  // namespace servesweep
