// Plain statistics of samples, each in one stated operation order.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace servesweep {

// Compensated (Neumaier) summation. NaN of an empty sample.
double mean(const std::vector<double>& values);
// With n - 1 in the denominator; NaN below two values.
double sample_variance(const std::vector<double>& values);
// Standard deviation / mean.
double coefficient_of_variation(const std::vector<double>& values);
// All values > 0.
double geometric_mean(const std::vector<double>& values);

// The q-quantile, q in [0, 1], of an ascending sample: linear interpolation between order
// statistics, to the bit what NumPy's default method gives. NaN of an empty sample.
template <class T>
double quantile_sorted(const std::vector<T>& sorted, double q) {
  if (sorted.empty()) return std::nan("");
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  if (below + 1 >= sorted.size()) return static_cast<double>(sorted.back());
  const double fraction = position - static_cast<double>(below);
  const auto a = static_cast<double>(sorted[below]);
  const auto b = static_cast<double>(sorted[below + 1]);
  return fraction >= 0.5 ? b - (b - a) * (1 - fraction) : a + (b - a) * fraction;
}

// The p-quantile, p in (0, 1), of Student's t distribution.
double student_t_quantile(double p, double degrees_of_freedom);

// mean +- half_width holds the true mean with probability `level`, for independent values that
// are about normal (say the means of replications). half_width is NaN below two values.
struct MeanInterval {
  double mean = 0;
  double half_width = 0;

  bool contains(double x) const { return std::fabs(x - mean) <= half_width; }
};
MeanInterval mean_interval(const std::vector<double>& values, double level = 0.95);

// From the mean of sample a to that of b, in units of |mean(a)|; NaN where mean(a) is 0. The
// standard error is that of a quotient of two means, to first order, so that it counts the error of
// mean(a) as well: change +- t standard_error covers about 95 % also where the change is large, and
// the error is 0 where b is a multiple of a. NaN where a sample has fewer than two values.
struct RelativeChange {
  double change = 0;
  double standard_error = 0;
  double degrees_of_freedom = 0;  // of Student's t; whole, rounded down
};
// a[i] and b[i] belong together; equal sizes.
RelativeChange paired_change(const std::vector<double>& a, const std::vector<double>& b);
// Independent samples, after Welch.
RelativeChange independent_change(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace servesweep
