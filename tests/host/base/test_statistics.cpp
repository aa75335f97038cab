#include <cstdint>
#include <vector>

#include "host/base/statistics.hpp"
#include "tests/support/catch.hpp"

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
