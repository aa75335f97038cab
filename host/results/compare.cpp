#include "host/results/compare.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "host/base/error.hpp"
#include "host/base/statistics.hpp"

namespace servesweep {
namespace {

constexpr double kNotAvailable = std::numeric_limits<double>::quiet_NaN();
constexpr double kLevel = 0.95;

bool is_numeric_metric(const ResultColumn& column) {
  return column.role == ColumnRole::kMetric && column.spec.type != ColumnType::kText &&
         column.spec.type != ColumnType::kCategory;
}

template <class Wanted>
std::vector<std::string> metrics_of(const Frame& a, const Frame& b, Wanted wanted) {
  std::vector<std::string> names;
  for (const ResultColumn& column : a.columns()) {
    if (is_numeric_metric(column) && wanted(column)) names.push_back(column.spec.name);
  }
  for (const ResultColumn& column : b.columns()) {
    const bool there = std::find(names.begin(), names.end(), column.spec.name) != names.end();
    if (!there && is_numeric_metric(column) && wanted(column)) names.push_back(column.spec.name);
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

// Empty where the metric is not available in one of the rows: a mean over those that remain would
// be one over the worlds that did well.
std::vector<double> values_at(const std::vector<double>& column, const Point& point) {
  std::vector<double> values;
  if (column.empty()) return values;
  for (const std::size_t row : point.rows) {
    if (!std::isfinite(column[row])) return {};
    values.push_back(column[row]);
  }
  return values;
}

MetricChange change_of(const std::vector<double>& a, const std::vector<double>& b, bool paired) {
  MetricChange result{mean(a), mean(b), kNotAvailable, kNotAvailable, kNotAvailable};
  if (a.empty() || b.empty()) return result;
  if (result.a == 0) {
    if (result.b == 0) result.change = 0;
    return result;
  }
  const RelativeChange relative = paired ? paired_change(a, b) : independent_change(a, b);
  result.change = relative.change;
  if (std::isnan(relative.standard_error)) return result;
  const double half_width =
      student_t_quantile(0.5 + kLevel / 2, relative.degrees_of_freedom) * relative.standard_error;
  result.low = relative.change - half_width;
  result.high = relative.change + half_width;
  result.interval = paired ? IntervalKind::kPaired : IntervalKind::kIndependent;
  return result;
}

MetricSummary summary_of(const Comparison& comparison, std::size_t metric) {
  MetricSummary summary;
  summary.largest = kNotAvailable;
  std::vector<double> changes;
  for (std::size_t pair = 0; pair < comparison.changes.size(); ++pair) {
    const double change = comparison.changes[pair][metric].change;
    if (std::isnan(change)) {
      ++summary.not_available;
      continue;
    }
    changes.push_back(change);
    if (std::fabs(change) > kNotable) ++summary.notable;
    if (std::fabs(change) > kLarge) ++summary.large;
    if (!(std::fabs(change) <= std::fabs(summary.largest))) {
      summary.largest = change;
      summary.largest_pair = pair;
    }
  }
  summary.compared = changes.size();
  std::sort(changes.begin(), changes.end());
  summary.median = quantile_sorted(changes, 0.5);
  return summary;
}

}  // namespace

bool MetricChange::applies() const { return !(std::isnan(a) && std::isnan(b)); }

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

Comparison compare(const Frame& a, const Frame& b, const CompareSettings& settings) {
  Comparison comparison;
  for (const std::string& name : settings.metrics) {
    comparison.metrics.push_back(metric_spec(a, b, name));
  }
  comparison.pairing = pair_points(a, b, settings.by);
  const Pairing& pairing = comparison.pairing;
  comparison.changes.assign(pairing.pairs.size(), {});
  for (std::size_t metric = 0; metric < settings.metrics.size(); ++metric) {
    const auto column = [&](const Frame& frame) {
      const std::string& name = settings.metrics[metric];
      return frame.has(name) ? frame.numbers(name) : std::vector<double>{};
    };
    const std::vector<double> column_a = column(a), column_b = column(b);
    for (std::size_t pair = 0; pair < pairing.pairs.size(); ++pair) {
      const Point& point_a = pairing.points_a[pairing.pairs[pair].a];
      const Point& point_b = pairing.points_b[pairing.pairs[pair].b];
      const bool paired = settings.same_seed && point_a.replications == point_b.replications;
      comparison.changes[pair].push_back(
          change_of(values_at(column_a, point_a), values_at(column_b, point_b), paired));
    }
    comparison.summaries.push_back(summary_of(comparison, metric));
  }
  return comparison;
}

std::vector<std::size_t> pairs_by_change(const Comparison& comparison) {
  std::vector<double> largest(comparison.changes.size(), -1);
  for (std::size_t pair = 0; pair < largest.size(); ++pair) {
    for (const MetricChange& change : comparison.changes[pair]) {
      const bool from_zero = change.a == 0 && change.b != 0 && !std::isnan(change.b);
      const double size =
          from_zero ? std::numeric_limits<double>::infinity() : std::fabs(change.change);
      if (size > largest[pair]) largest[pair] = size;
    }
  }
  std::vector<std::size_t> order(largest.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t x, std::size_t y) { return largest[x] > largest[y]; });
  return order;
}

}  // namespace servesweep
