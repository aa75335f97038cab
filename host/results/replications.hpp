// Replications: worlds with equal inputs, which differ in nothing but their random draws. Which
// worlds these are; what they say of the expected value of a metric, and of its change from one
// point to another. The formulas, and why they were chosen: docs/statistics.md.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/results/frame.hpp"

namespace servesweep {

// --- Which worlds ---

// [row] equal numbers for equal values of a column; 0 for what is not applicable (NaN, "").
using Codes = std::vector<std::uint32_t>;
Codes codes_of(const ColumnData& data);
// Codes of several columns, whose equal values have equal codes. T: double or std::string.
template <class T>
class ValueCodes {
 public:
  Codes codes(const std::vector<T>& values);

 private:
  std::unordered_map<T, std::uint32_t> known_;
};
// Groups of rows, split: rows stay together where their codes are equal too. Groups are numbered
// in order of their first rows; all rows in group 0 is where to begin.
Codes refined(const Codes& groups, const Codes& codes);

// A point is the worlds that agree in all columns of points: the inputs and, as worlds of different
// steps of a study may have equal inputs, the step.
bool is_point_input(const ResultColumn& column);

struct Replications {
  std::vector<std::size_t> rows;           // of a frame, in order of the column replication
  std::vector<std::int32_t> replications;  // [row of `rows`], ascending
  std::vector<double> key = {};            // [key column], of replications_by() alone
};

// Rows by their group, in one piece of memory: there may be millions of groups.
struct GroupedRows {
  std::vector<std::size_t> first = {0};  // [group] in `rows`, and the end of the last group
  std::vector<std::size_t> rows;

  std::size_t size() const { return first.size() - 1; }
  std::span<const std::size_t> operator[](std::size_t group) const {
    return std::span(rows).subspan(first[group], first[group + 1] - first[group]);
  }
};
std::size_t num_groups(std::span<const std::uint32_t> groups);  // the largest and 1 more
// The rows of group 0, 1, ..., ascending. groups: [row]
GroupedRows grouped(std::span<const std::uint32_t> groups);

// The replications of many points.
struct PointReplications {
  struct Point {
    std::span<const std::size_t> rows;  // as in Replications
    std::span<const std::int32_t> replications;
  };
  GroupedRows rows;                        // [point]
  std::vector<std::int32_t> replications;  // of rows.rows

  std::size_t size() const { return rows.size(); }
  Point operator[](std::size_t point) const {
    const std::span<const std::size_t> of_point = rows[point];
    return {of_point, std::span(replications).subspan(rows.first[point], of_point.size())};
  }
};
// The replications of each group, in order of first rows. groups: [row of the frame].
PointReplications replications_of(const Frame& frame, std::span<const std::uint32_t> groups);
// The replications among these rows that agree in the key columns; a column that the frame does not
// have is NaN. They are in order of their keys; what is not applicable comes last.
std::vector<Replications> replications_by(const Frame& frame, const std::vector<std::size_t>& rows,
                                          const std::vector<std::string>& key_columns);
std::vector<Replications> replications_by(const Frame& frame,
                                          const std::vector<std::string>& key_columns);

// The values of a column in these rows. Empty where one is not available: a mean over those that
// remain would be one over the worlds that did well.
std::vector<double> sample_of(const std::vector<double>& column, std::span<const std::size_t> rows);

// --- What they say ---

// The p-quantile, p in (0, 1), of Student's t distribution.
double student_t_quantile(double p, double degrees_of_freedom);

// mean +- half_width holds the expected value with probability `level`, for independent values that
// are about normal. half_width is NaN below two values, mean is NaN without any.
struct MeanInterval {
  double mean = 0;
  double half_width = 0;

  bool contains(double x) const { return std::fabs(x - mean) <= half_width; }
};
MeanInterval mean_interval(const std::vector<double>& values, double level = 0.95);

enum class IntervalKind { kNone, kPaired, kIndependent };

// The change of a metric from a sample A to a sample B. NaN: not available.
struct Change {
  double a = 0, b = 0;       // means
  double change = 0;         // (b - a) / |a|, or b - a where it is not relative
  double low = 0, high = 0;  // 95 % confidence interval of the change
  IntervalKind interval = IntervalKind::kNone;
  bool is_relative = true;

  // Whether the metric applies to one side at least; else nothing could have changed.
  bool applies() const { return !(std::isnan(a) && std::isnan(b)); }
  bool has_interval() const { return interval != IntervalKind::kNone; }
  bool excludes_zero() const { return low > 0 || high < 0; }  // false without an interval
  // Beyond what may be chance, where there is an interval to tell.
  bool rises() const { return has_interval() ? low > 0 : change > 0; }
  bool falls() const { return has_interval() ? high < 0 : change < 0; }
  bool is_clear() const { return rises() || falls(); }
  double ratio() const { return b / a; }
};

// The change of the means in units of |mean of A|; the standard error is that of a quotient of two
// means, to first order. Not available where A's mean is 0, but 0 where B's is 0 as well. Without
// an interval where a sample has fewer than two values.
//
// a[i] and b[i] are of the same replication, so that they used the same random draws; equal sizes.
Change paired_change(const std::vector<double>& a, const std::vector<double>& b);
// Independent samples, after Welch.
Change independent_change(const std::vector<double>& a, const std::vector<double>& b);
// The change of the means itself, of paired samples: for shares, which may be 0.
Change paired_difference(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace servesweep
