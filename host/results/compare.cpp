#include "host/results/compare.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/statistics.hpp"

namespace servesweep {
namespace {

constexpr double kNotAvailable = std::numeric_limits<double>::quiet_NaN();

bool is_numeric_metric(const ResultColumn& column) {
  return column.role == ColumnRole::kMetric && column.spec.type != ColumnType::kText &&
         column.spec.type != ColumnType::kCategory;
}

template <class Wanted>
std::vector<std::string> metrics_of(const Frame& a, const Frame& b, Wanted wanted) {
  std::vector<std::string> names;
  for (const Frame* frame : {&a, &b}) {
    for (const ResultColumn& column : frame->columns()) {
      const bool there = std::find(names.begin(), names.end(), column.spec.name) != names.end();
      if (!there && is_numeric_metric(column) && wanted(column)) names.push_back(column.spec.name);
    }
  }
  return names;
}

ColumnSpec metric_spec(const Frame& a, const Frame& b, const std::string& name) {
  const Frame& frame = !a.has(name) && b.has(name) ? b : a;
  const ResultColumn& column = frame.column(name);
  if (!is_numeric_metric(column)) {
    throw InputError("cannot compare " + name + " (it is no metric of " + frame.name() +
                     " that is a number)");
  }
  return column.spec;
}

std::vector<double> numbers_of(const Frame& frame, const std::string& metric) {
  return frame.has(metric) ? frame.numbers(metric) : std::vector<double>{};
}

std::vector<double> sample(const std::vector<double>& column, const PointReplications::Point& of) {
  return column.empty() ? column : sample_of(column, of.rows);
}

// changes: [pair]
MetricSummary summary_of(const std::vector<double>& changes) {
  MetricSummary summary;
  summary.largest = kNotAvailable;
  std::vector<double> available;
  available.reserve(changes.size());
  for (std::size_t pair = 0; pair < changes.size(); ++pair) {
    const double change = changes[pair];
    if (std::isnan(change)) {
      ++summary.not_available;
      continue;
    }
    available.push_back(change);
    if (std::fabs(change) > kNotable) ++summary.notable;
    if (std::fabs(change) > kLarge) ++summary.large;
    if (!(std::fabs(change) <= std::fabs(summary.largest))) {
      summary.largest = change;
      summary.largest_pair = pair;
    }
  }
  summary.compared = available.size();
  std::sort(available.begin(), available.end());
  summary.median = quantile_sorted(available, 0.5);
  return summary;
}

// By which pairs are ordered: infinite from 0 to anything else.
double magnitude(const Change& change) {
  const bool from_zero = change.a == 0 && change.b != 0 && !std::isnan(change.b);
  return from_zero ? std::numeric_limits<double>::infinity() : std::fabs(change.change);
}

// Compares the next metric.
void add_metric(Comparison& comparison, MetricValues values) {
  const std::size_t metric = comparison.values.size();
  comparison.values.push_back(std::move(values));
  std::vector<double> changes;  // [pair]
  changes.reserve(comparison.num_pairs());
  for (std::size_t pair = 0; pair < comparison.num_pairs(); ++pair) {
    const Change change = comparison.change(pair, metric);
    changes.push_back(change.change);
    comparison.intervals.insert(change.interval);
    double& largest = comparison.largest_changes[pair];
    if (const double size = magnitude(change); size > largest) largest = size;
  }
  comparison.summaries.push_back(summary_of(changes));
}

}  // namespace

const char* flag_of(double change) {
  if (std::fabs(change) > kLarge) return "**";
  return std::fabs(change) > kNotable ? "*" : "";
}

std::vector<std::string> headline_metrics(const Frame& a, const Frame& b) {
  return metrics_of(a, b, [](const ResultColumn& column) { return column.spec.headline; });
}

std::vector<std::string> all_metrics(const Frame& a, const Frame& b) {
  return metrics_of(a, b, [](const ResultColumn&) { return true; });
}

Change Comparison::change(std::size_t pair, std::size_t metric) const {
  const PointReplications::Point of_a = pairing.points_a[pairing.pairs[pair].a];
  const PointReplications::Point of_b = pairing.points_b[pairing.pairs[pair].b];
  const std::vector<double> in_a = sample(values[metric].a, of_a);
  const std::vector<double> in_b = sample(values[metric].b, of_b);
  const bool paired = same_seed && std::ranges::equal(of_a.replications, of_b.replications);
  return paired ? paired_change(in_a, in_b) : independent_change(in_a, in_b);
}

Comparison compare(const Frame& a, const Frame& b, const CompareSettings& settings) {
  Comparison comparison;
  for (const std::string& name : settings.metrics) {
    comparison.metrics.push_back(metric_spec(a, b, name));
  }
  comparison.pairing = pair_points(a, b, settings.by);
  comparison.same_seed = settings.same_seed;
  comparison.largest_changes.assign(comparison.num_pairs(), -1);
  for (const std::string& name : settings.metrics) {
    add_metric(comparison, {numbers_of(a, name), numbers_of(b, name)});
  }
  return comparison;
}

std::vector<std::size_t> pairs_by_change(const Comparison& comparison) {
  const std::vector<double>& largest = comparison.largest_changes;
  std::vector<std::size_t> order(largest.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t x, std::size_t y) { return largest[x] > largest[y]; });
  return order;
}

}  // namespace servesweep
