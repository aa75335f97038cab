// How metrics change from the points of one frame to their partners in another (docs/compare.md).
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "host/results/frame.hpp"
#include "host/results/pairing.hpp"
#include "host/results/replications.hpp"

namespace servesweep {

struct CompareSettings {
  std::vector<std::string> by;       // columns; see pair_points()
  std::vector<std::string> metrics;  // columns
  bool same_seed = false;            // equal replications of both sides share their random draws
};

// Changes beyond these shares are flagged.
inline constexpr double kNotable = 0.05, kLarge = 0.10;
// "", "*" or "**"
const char* flag_of(double change);

struct MetricSummary {
  std::size_t compared = 0, not_available = 0;  // pairs
  std::size_t notable = 0, large = 0;           // beyond kNotable (also those beyond kLarge)
  double median = 0;                            // NaN where no pair has a change
  double largest = 0;                           // by magnitude; NaN likewise
  std::size_t largest_pair = 0;
};

// Columns of a metric; empty where the frame has none.
struct MetricValues {
  std::vector<double> a, b;  // [row]
};

struct Comparison {
  Pairing pairing;
  bool same_seed = false;  // as in the settings
  std::vector<ColumnSpec> metrics;
  std::vector<MetricValues> values;      // [metric]
  std::vector<MetricSummary> summaries;  // [metric]
  std::vector<double> largest_changes;   // [pair] magnitude among its metrics; -1: none has one
  std::set<IntervalKind> intervals;      // those that the changes have

  std::size_t num_pairs() const { return pairing.pairs.size(); }
  // Computed whenever it is asked for: those of a million pairs would take most of the memory.
  Change change(std::size_t pair, std::size_t metric) const;
};

// The headline metrics of either frame that are numbers.
std::vector<std::string> headline_metrics(const Frame& a, const Frame& b);
// All metrics that are numbers.
std::vector<std::string> all_metrics(const Frame& a, const Frame& b);

// InputError for unknown columns and metrics without numbers, and where pair_points() has one.
Comparison compare(const Frame& a, const Frame& b, const CompareSettings& settings);

// Pairs by their largest change, largest first; pairs with equal changes stay in order.
std::vector<std::size_t> pairs_by_change(const Comparison& comparison);

}  // namespace servesweep
