// Plain statistics of samples, each in one stated operation order.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace servesweep {

// Compensated (Neumaier) summation. NaN of an empty sample.
double mean(const std::vector<double>& values);
// The variance with n - 1 in the denominator; NaN below two values.
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

}  // namespace servesweep
