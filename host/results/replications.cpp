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

Replications in_order(std::vector<std::size_t> rows, const std::vector<double>& replication) {
  std::stable_sort(rows.begin(), rows.end(),
                   [&](std::size_t a, std::size_t b) { return replication[a] < replication[b]; });
  Replications ordered{std::move(rows), {}};
  for (const std::size_t row : ordered.rows) {
    ordered.replications.push_back(static_cast<std::int32_t>(replication[row]));
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

Codes codes_of(const ColumnData& data) {
  return std::visit(
      []<class T>(const std::vector<T>& values) {
        std::unordered_map<T, std::uint32_t> known;
        Codes codes;
        codes.reserve(values.size());
        for (std::size_t row = 0; row < values.size(); ++row) {
          if (row > 0 && values[row] == values[row - 1]) {  // most columns change rarely
            codes.push_back(codes.back());
          } else if (is_applicable(values[row])) {
            const auto next = static_cast<std::uint32_t>(known.size() + 1);
            codes.push_back(known.try_emplace(values[row], next).first->second);
          } else {
            codes.push_back(0);
          }
        }
        return codes;
      },
      data);
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

std::vector<Replications> replications_of(const Frame& frame, const Codes& groups) {
  std::unordered_map<std::uint32_t, std::size_t> numbers;
  std::vector<std::vector<std::size_t>> rows;  // [group]
  for (std::size_t row = 0; row < groups.size(); ++row) {
    const auto [at, added] = numbers.emplace(groups[row], rows.size());
    if (added) rows.emplace_back();
    rows[at->second].push_back(row);
  }
  const std::vector<double> replication = replication_numbers(frame);
  std::vector<Replications> all;
  for (std::vector<std::size_t>& group : rows) {
    all.push_back(in_order(std::move(group), replication));
  }
  return all;
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
    all.push_back(in_order(std::move(members), replication));
    all.back().key = key;
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
                              const std::vector<std::size_t>& rows) {
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
