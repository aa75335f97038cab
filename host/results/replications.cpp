#include "host/results/replications.hpp"

#include <boost/math/distributions/students_t.hpp>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>

#include "host/base/statistics.hpp"
#include "host/results/study.hpp"

namespace servesweep {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr double kLevel = 0.95;

template <class T>
bool is_applicable(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) return !value.empty();
  if constexpr (std::is_same_v<T, double>) return !std::isnan(value);
  return true;
}

bool before(double a, double b) { return !std::isnan(a) && (std::isnan(b) || a < b); }

struct KeyOrder {
  bool operator()(const std::vector<double>& a, const std::vector<double>& b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), before);
  }
};

std::vector<double> replication_numbers(const Frame& frame) {
  constexpr const char* kReplication = "replication";
  return frame.has(kReplication) ? frame.numbers(kReplication)
                                 : std::vector<double>(frame.num_rows(), 0);
}

void order_by_replication(std::span<std::size_t> rows, const std::vector<double>& replication) {
  std::stable_sort(rows.begin(), rows.end(),
                   [&](std::size_t a, std::size_t b) { return replication[a] < replication[b]; });
}

std::vector<std::int32_t> replications_in(const std::vector<std::size_t>& rows,
                                          const std::vector<double>& replication) {
  std::vector<std::int32_t> numbers;
  numbers.reserve(rows.size());
  for (const std::size_t row : rows) {
    numbers.push_back(static_cast<std::int32_t>(replication[row]));
  }
  return numbers;
}

// The same groups, numbered in order of their first rows.
Codes in_order_of_first_rows(std::span<const std::uint32_t> groups) {
  constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> numbers(num_groups(groups), kNone);  // [group]
  std::uint32_t next = 0;
  Codes ordered;
  ordered.reserve(groups.size());
  for (const std::uint32_t group : groups) {
    if (numbers[group] == kNone) numbers[group] = next++;
    ordered.push_back(numbers[group]);
  }
  return ordered;
}

// change +- t standard_error, in the units of the means.
struct Estimate {
  double standard_error, degrees_of_freedom;
};

// rest: of each replication, what of b does not follow from a.
Estimate paired_estimate(const std::vector<double>& rest) {
  const auto n = static_cast<double>(rest.size());
  return {std::sqrt(sample_variance(rest) / n), n - 1};
}

// After Welch; a's values count `quotient` times. Degrees of freedom are rounded down, which must
// not take them below the smaller sample's degrees: in exact arithmetic they are never fewer.
Estimate welch_estimate(const std::vector<double>& a, const std::vector<double>& b,
                        double quotient) {
  const double n_a = static_cast<double>(a.size()), n_b = static_cast<double>(b.size());
  const double of_a = quotient * quotient * sample_variance(a) / n_a;
  const double of_b = sample_variance(b) / n_b;
  const double both = of_a + of_b;
  const double degrees = both * both / (of_a * of_a / (n_a - 1) + of_b * of_b / (n_b - 1));
  return {std::sqrt(both),
          both == 0 ? n_a + n_b - 2 : std::max(std::floor(degrees), std::min(n_a, n_b) - 1)};
}

void set_interval(Change& change, const Estimate& estimate, double unit, IntervalKind kind) {
  if (std::isnan(estimate.standard_error)) return;
  const double half_width = student_t_quantile(0.5 + kLevel / 2, estimate.degrees_of_freedom) *
                            estimate.standard_error / unit;
  change.low = change.change - half_width;
  change.high = change.change + half_width;
  change.interval = kind;
}

Change without_change(const std::vector<double>& a, const std::vector<double>& b) {
  return {mean(a), mean(b), kUnknown, kUnknown, kUnknown};
}

// estimate: of mean(b) - quotient * mean(a), where quotient is mean(b) / mean(a).
template <class F>
Change relative_change(const std::vector<double>& a, const std::vector<double>& b,
                       IntervalKind kind, F estimate) {
  Change change = without_change(a, b);
  if (a.empty() || b.empty()) return change;
  if (change.a == 0) {
    if (change.b == 0) change.change = 0;
    return change;
  }
  const double unit = std::fabs(change.a);
  change.change = (change.b - change.a) / unit;
  set_interval(change, estimate(change.b / change.a), unit, kind);
  return change;
}

}  // namespace

template <class T>
Codes ValueCodes<T>::codes(const std::vector<T>& values) {
  Codes codes;
  codes.reserve(values.size());
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (row > 0 && values[row] == values[row - 1]) {  // most columns change rarely
      codes.push_back(codes.back());
    } else if (is_applicable(values[row])) {
      const auto next = static_cast<std::uint32_t>(known_.size() + 1);
      codes.push_back(known_.try_emplace(values[row], next).first->second);
    } else {
      codes.push_back(0);
    }
  }
  return codes;
}

template class ValueCodes<double>;
template class ValueCodes<std::string>;

Codes codes_of(const ColumnData& data) {
  return std::visit(
      []<class T>(const std::vector<T>& values) { return ValueCodes<T>().codes(values); }, data);
}

Codes refined(const Codes& groups, const Codes& codes) {
  std::unordered_map<std::uint64_t, std::uint32_t> numbers;
  Codes split(groups.size());
  for (std::size_t row = 0; row < groups.size(); ++row) {
    const std::uint64_t both = std::uint64_t{groups[row]} << 32 | codes[row];
    split[row] = numbers.emplace(both, static_cast<std::uint32_t>(numbers.size())).first->second;
  }
  return split;
}

bool is_point_input(const ResultColumn& column) {
  return column.role == ColumnRole::kInput ||
         (column.role == ColumnRole::kIndex && column.spec.name == kStepColumn);
}

std::size_t num_groups(std::span<const std::uint32_t> groups) {
  if (groups.empty()) return 0;
  return *std::max_element(groups.begin(), groups.end()) + std::size_t{1};
}

GroupedRows grouped(std::span<const std::uint32_t> groups) {
  GroupedRows all;
  all.first.resize(num_groups(groups) + 1);
  for (const std::uint32_t group : groups) ++all.first[group + std::size_t{1}];
  std::partial_sum(all.first.begin(), all.first.end(), all.first.begin());
  std::vector<std::size_t> next = all.first;  // [group] where its next row goes
  all.rows.resize(groups.size());
  for (std::size_t row = 0; row < groups.size(); ++row) all.rows[next[groups[row]]++] = row;
  return all;
}

PointReplications replications_of(const Frame& frame, std::span<const std::uint32_t> groups) {
  const std::vector<double> replication = replication_numbers(frame);
  PointReplications points{grouped(in_order_of_first_rows(groups)), {}};
  for (std::size_t point = 0; point < points.size(); ++point) {
    const std::size_t first = points.rows.first[point], end = points.rows.first[point + 1];
    order_by_replication(std::span(points.rows.rows).subspan(first, end - first), replication);
  }
  points.replications = replications_in(points.rows.rows, replication);
  return points;
}

std::vector<Replications> replications_by(const Frame& frame, const std::vector<std::size_t>& rows,
                                          const std::vector<std::string>& key_columns) {
  std::vector<std::vector<double>> columns;
  for (const std::string& name : key_columns) {
    columns.push_back(frame.has(name) ? frame.numbers(name)
                                      : std::vector<double>(frame.num_rows(), kUnknown));
  }
  std::map<std::vector<double>, std::vector<std::size_t>, KeyOrder> rows_by_key;
  for (const std::size_t row : rows) {
    std::vector<double> key;
    for (const std::vector<double>& column : columns) key.push_back(column[row]);
    rows_by_key[key].push_back(row);
  }
  const std::vector<double> replication = replication_numbers(frame);
  std::vector<Replications> all;
  for (auto& [key, members] : rows_by_key) {
    order_by_replication(members, replication);
    std::vector<std::int32_t> numbers = replications_in(members, replication);
    all.push_back({std::move(members), std::move(numbers), key});
  }
  return all;
}

std::vector<Replications> replications_by(const Frame& frame,
                                          const std::vector<std::string>& key_columns) {
  std::vector<std::size_t> rows(frame.num_rows());
  std::iota(rows.begin(), rows.end(), 0);
  return replications_by(frame, rows, key_columns);
}

std::vector<double> sample_of(const std::vector<double>& column,
                              std::span<const std::size_t> rows) {
  std::vector<double> values;
  for (const std::size_t row : rows) {
    if (!std::isfinite(column[row])) return {};
    values.push_back(column[row]);
  }
  return values;
}

double student_t_quantile(double p, double degrees_of_freedom) {
  // Callers go through many samples of few sizes, and a quantile takes far longer than a sample.
  thread_local std::map<std::pair<double, double>, double> known;
  const auto [at, is_new] = known.try_emplace({p, degrees_of_freedom});
  if (is_new) at->second = quantile(boost::math::students_t(degrees_of_freedom), p);
  return at->second;
}

MeanInterval mean_interval(const std::vector<double>& values, double level) {
  if (values.size() < 2) return {mean(values), kUnknown};
  const auto n = static_cast<double>(values.size());
  const double quantile = student_t_quantile(0.5 + level / 2, n - 1);
  return {mean(values), quantile * std::sqrt(sample_variance(values) / n)};
}

Change paired_change(const std::vector<double>& a, const std::vector<double>& b) {
  return relative_change(a, b, IntervalKind::kPaired, [&](double quotient) {
    std::vector<double> rest(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) rest[i] = b[i] - quotient * a[i];
    return paired_estimate(rest);
  });
}

Change independent_change(const std::vector<double>& a, const std::vector<double>& b) {
  return relative_change(a, b, IntervalKind::kIndependent,
                         [&](double quotient) { return welch_estimate(a, b, quotient); });
}

Change paired_difference(const std::vector<double>& a, const std::vector<double>& b) {
  Change change = without_change(a, b);
  change.is_relative = false;
  if (a.empty() || b.empty()) return change;
  std::vector<double> differences(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) differences[i] = b[i] - a[i];
  change.change = mean(differences);
  set_interval(change, paired_estimate(differences), 1, IntervalKind::kPaired);
  return change;
}

}  // namespace servesweep
