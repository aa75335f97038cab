#include "host/base/statistics.hpp"

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

}  // namespace servesweep
