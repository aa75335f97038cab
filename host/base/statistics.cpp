#include "host/base/statistics.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace servesweep {

namespace {

template <class F>
double sum(const std::vector<double>& values, F term) {
  double total = 0, lost = 0;
  for (const double value : values) {
    const double x = term(value);
    const double next = total + x;
    lost += std::fabs(total) >= std::fabs(x) ? (total - next) + x : (x - next) + total;
    total = next;
  }
  return total + lost;
}

// The continued fraction of the incomplete beta function, by Lentz's method; converges fast for
// x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300;
  const auto nonzero = [](double y) { return std::fabs(y) < tiny ? tiny : y; };
  double c = 1, d = 1 / nonzero(1 - (a + b) * x / (a + 1)), result = d;
  for (int i = 1; i < 100000; ++i) {
    const double m = i;
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonzero(1 + even * d);
    c = nonzero(1 + even / c);
    result *= c * d;
    d = 1 / nonzero(1 + odd * d);
    c = nonzero(1 + odd / c);
    result *= c * d;
    if (std::fabs(c * d - 1) < 1e-15) break;
  }
  return result;
}

// The regularised incomplete beta function I_x(a, b); y = 1 - x, given apart to keep its digits.
double incomplete_beta(double a, double b, double x, double y) {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log(y));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, y) / b;
}

// p > 0.5
double upper_student_t_quantile(double p, double degrees_of_freedom) {
  const auto upper_tail = [degrees_of_freedom](double t) {
    const double whole = degrees_of_freedom + t * t;
    return 0.5 *
           incomplete_beta(degrees_of_freedom / 2, 0.5, degrees_of_freedom / whole, t * t / whole);
  };
  double low = 0, high = 1;
  while (upper_tail(high) > 1 - p) high *= 2;
  for (;;) {
    const double middle = 0.5 * (low + high);
    if (middle <= low || middle >= high || high - low <= 1e-15 * high) return middle;
    (upper_tail(middle) > 1 - p ? low : high) = middle;
  }
}

}  // namespace

double mean(const std::vector<double>& values) {
  return sum(values, [](double x) { return x; }) / static_cast<double>(values.size());
}

double sample_variance(const std::vector<double>& values) {
  if (values.size() < 2) return std::nan("");
  const double centre = mean(values);
  return sum(values, [centre](double x) { return (x - centre) * (x - centre); }) /
         static_cast<double>(values.size() - 1);
}

double coefficient_of_variation(const std::vector<double>& values) {
  return std::sqrt(sample_variance(values)) / mean(values);
}

double geometric_mean(const std::vector<double>& values) {
  return std::exp(sum(values, [](double x) { return std::log(x); }) /
                  static_cast<double>(values.size()));
}

double student_t_quantile(double p, double degrees_of_freedom) {
  if (p == 0.5) return 0;
  if (p < 0.5) return -student_t_quantile(1 - p, degrees_of_freedom);
  // Callers go through many samples of few sizes, and a quantile takes far longer than a sample.
  thread_local std::map<std::pair<double, double>, double> known;
  const auto [at, is_new] = known.try_emplace({p, degrees_of_freedom});
  if (is_new) at->second = upper_student_t_quantile(p, degrees_of_freedom);
  return at->second;
}

MeanInterval mean_interval(const std::vector<double>& values, double level) {
  const auto n = static_cast<double>(values.size());
  if (values.size() < 2) return {mean(values), std::numeric_limits<double>::quiet_NaN()};
  const double quantile = student_t_quantile(0.5 + level / 2, n - 1);
  return {mean(values), quantile * std::sqrt(sample_variance(values) / n)};
}

RelativeChange paired_change(const std::vector<double>& a, const std::vector<double>& b) {
  const double mean_a = mean(a), mean_b = mean(b);
  if (mean_a == 0) return {std::nan(""), std::nan(""), 0};
  std::vector<double> rest(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) rest[i] = b[i] - mean_b / mean_a * a[i];
  const auto n = static_cast<double>(a.size());
  return {(mean_b - mean_a) / std::fabs(mean_a),
          std::sqrt(sample_variance(rest) / n) / std::fabs(mean_a), n - 1};
}

RelativeChange independent_change(const std::vector<double>& a, const std::vector<double>& b) {
  const double mean_a = mean(a), mean_b = mean(b);
  if (mean_a == 0) return {std::nan(""), std::nan(""), 0};
  const double n_a = static_cast<double>(a.size()), n_b = static_cast<double>(b.size());
  const double quotient = mean_b / mean_a;
  const double of_a = quotient * quotient * sample_variance(a) / n_a;
  const double of_b = sample_variance(b) / n_b;
  const double both = of_a + of_b;
  const double degrees = both * both / (of_a * of_a / (n_a - 1) + of_b * of_b / (n_b - 1));
  return {(mean_b - mean_a) / std::fabs(mean_a), std::sqrt(both) / std::fabs(mean_a),
          both == 0 ? n_a + n_b - 2 : std::max(std::floor(degrees), std::min(n_a, n_b) - 1)};
}

}  // namespace servesweep
