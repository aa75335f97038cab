#include <catch2/catch.hpp>

#include <cstdint>
#include <vector>

#include "host/base/random.hpp"
#include "host/base/statistics.hpp"

using namespace servesweep;

TEST_CASE("quantiles interpolate as NumPy does") {
  // numpy.quantile([1, 2, 4, 8, 16], q)
  const std::vector<double> x = {1, 2, 4, 8, 16};
  CHECK(quantile_sorted(x, 0.0) == 1);
  CHECK(quantile_sorted(x, 0.1) == 1.4);
  CHECK(quantile_sorted(x, 0.25) == 2);
  CHECK(quantile_sorted(x, 0.5) == 4);
  CHECK(quantile_sorted(x, 0.9) == 12.8);
  CHECK(quantile_sorted(x, 0.99) == 15.68);
  CHECK(quantile_sorted(x, 1.0) == 16);
  CHECK(quantile_sorted(std::vector<std::int32_t>{3}, 0.7) == 3);
  CHECK(quantile_sorted(std::vector<std::int32_t>{1, 2}, 0.75) == 1.75);
  CHECK(std::isnan(quantile_sorted(std::vector<double>{}, 0.5)));
}

TEST_CASE("moments") {
  const std::vector<double> x = {2, 4, 4, 4, 5, 5, 7, 9};
  CHECK(mean(x) == 5);
  CHECK(sample_variance(x) == Approx(32.0 / 7).epsilon(1e-15));
  CHECK(coefficient_of_variation(x) == Approx(0.4276179870598791).epsilon(1e-15));
  CHECK(geometric_mean({1, 10, 100}) == Approx(10).epsilon(1e-15));
  CHECK(mean({1e16, 1, 1, 1, -1e16}) == 0.6);  // naive summation gives 0.8 or 0.4
  CHECK(std::isnan(mean({})));
  CHECK(std::isnan(sample_variance({1})));
}

TEST_CASE("Student's t has its quantiles") {
  CHECK(student_t_quantile(0.975, 1) == Approx(12.706204736174694).epsilon(1e-12));
  CHECK(student_t_quantile(0.975, 2) == Approx(4.302652729749462).epsilon(1e-12));
  CHECK(student_t_quantile(0.975, 9) == Approx(2.2621571627982044).epsilon(1e-12));
  CHECK(student_t_quantile(0.995, 30) == Approx(2.7499956535672237).epsilon(1e-12));
  CHECK(student_t_quantile(0.95, 4) == Approx(2.131846786326649).epsilon(1e-12));
  CHECK(student_t_quantile(0.025, 9) == -student_t_quantile(0.975, 9));
  CHECK(student_t_quantile(0.5, 3) == 0);
  CHECK(student_t_quantile(0.975, 1e6) == Approx(normal_quantile(0.975)).epsilon(1e-5));
}

TEST_CASE("a 95 % interval holds the mean 95 times in 100") {
  const RandomStream stream(42, 0, StreamId::kService);
  int held = 0;
  const int trials = 10000;
  for (int t = 0; t < trials; ++t) {
    std::vector<double> x;
    for (int i = 0; i < 5; ++i)
      x.push_back(10 + 3 * stream.normal(static_cast<std::uint64_t>(5 * t + i)));
    held += mean_interval(x).contains(10);
  }
  CHECK(std::abs(held - 0.95 * trials) < 4 * std::sqrt(0.95 * 0.05 * trials));
  const MeanInterval interval = mean_interval({1, 2, 3, 4});
  CHECK(interval.mean == 2.5);
  CHECK(interval.half_width == Approx(3.1824463052837086 * 1.2909944487358056 / 2).epsilon(1e-12));
  CHECK(std::isnan(mean_interval({1}).half_width));
}

TEST_CASE("the interval of a relative change holds it as often, also where the change is large") {
  const RandomStream stream(42, 0, StreamId::kService);
  const int trials = 10000;
  int held_paired = 0, held_independent = 0;
  for (int t = 0; t < trials; ++t) {
    std::vector<double> a, b, c;
    for (int i = 0; i < 5; ++i) {
      const auto draw = [&](int k) {
        return stream.normal(static_cast<std::uint64_t>(15 * t + k));
      };
      a.push_back(10 + draw(i));
      b.push_back(2 * a.back() + draw(5 + i));
      c.push_back(20 + 2 * draw(10 + i));
    }
    const auto holds = [](const RelativeChange& change) {
      const double t_quantile = student_t_quantile(0.975, change.degrees_of_freedom);
      return std::fabs(change.change - 1) <= t_quantile * change.standard_error;
    };
    held_paired += holds(paired_change(a, b));
    held_independent += holds(independent_change(a, c));
  }
  const double deviation = std::sqrt(0.95 * 0.05 * trials);
  CHECK(std::abs(held_paired - 0.95 * trials) < 4 * deviation);
  CHECK(held_independent > 0.95 * trials - 4 * deviation);
  CHECK(held_independent < 0.97 * trials);  // degrees of freedom are rounded down
}
