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
      const Replications& point_a = pairing.points_a[pairing.pairs[pair].a];
      const Replications& point_b = pairing.points_b[pairing.pairs[pair].b];
      const bool paired = settings.same_seed && point_a.replications == point_b.replications;
      const auto sample = [](const std::vector<double>& values, const Replications& point) {
        return values.empty() ? values : sample_of(values, point.rows);
      };
      const auto of_a = sample(column_a, point_a), of_b = sample(column_b, point_b);
      comparison.changes[pair].push_back(paired ? paired_change(of_a, of_b)
                                                : independent_change(of_a, of_b));
    }
    comparison.summaries.push_back(summary_of(comparison, metric));
  }
  return comparison;
}

std::vector<std::size_t> pairs_by_change(const Comparison& comparison) {
  std::vector<double> largest(comparison.changes.size(), -1);
  for (std::size_t pair = 0; pair < largest.size(); ++pair) {
    for (const Change& change : comparison.changes[pair]) {
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
