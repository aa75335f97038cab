// The parts of a report's data: packed arrays, points, fronts, samples.
#include <cmath>
#include <limits>

#include "io/report/packed_array.hpp"
#include "io/report/points.hpp"
#include "io/report/selection.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/packed_arrays.hpp"

using namespace servesweep;
using testing::unpack;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
using Rows = std::vector<std::size_t>;

}  // namespace

TEST_CASE("packed arrays unpack to what they were") {
  const std::vector<std::int32_t> codes = {-1, 0, 1, 70'000, -2'000'000'000, 2'147'483'647};
  CHECK(unpack<std::int32_t>(pack(codes), codes.size()) == codes);
  CHECK(unpack<std::int32_t>(pack(std::vector<std::int32_t>{}), 0).empty());

  std::vector<float> numbers;
  for (int i = 0; i < 10'000; ++i) numbers.push_back(std::exp(static_cast<float>(i % 97) - 50));
  CHECK(unpack<float>(pack(numbers), numbers.size()) == numbers);
  CHECK(std::isnan(unpack<float>(pack(std::vector<float>{NAN}), 1).at(0)));
}

TEST_CASE("the zlib stream is of shuffled bytes") {
  // 1 and 2 as little-endian bytes 01 00 00 00, 02 00 00 00
  CHECK(unpack<std::uint32_t>(pack(std::vector<std::int32_t>{1, 2}), 2) ==
        std::vector<std::uint32_t>{1, 2});
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("foobar") == "Zm9vYmFy");  // RFC 4648, section 10
}

TEST_CASE("rounding keeps a number's leading bits") {
  for (int i = 0; i < 1000; ++i) {
    const float value = std::exp(0.37f * static_cast<float>(i) - 80) * (i % 2 == 0 ? 1 : -1);
    if (!std::isfinite(value)) continue;
    const float rounded = round_mantissa(value, 12);
    INFO(value);
    CHECK(std::fabs(rounded - value) <= std::ldexp(std::fabs(value), -13));
    CHECK(round_mantissa(rounded, 12) == rounded);
  }
  CHECK(round_mantissa(1 + 3 * 0x1p-13f, 12) == 1 + 0x1p-11f);
  CHECK(round_mantissa(0, 12) == 0);
  CHECK(std::isnan(round_mantissa(NAN, 12)));
  CHECK(round_mantissa(INFINITY, 12) == INFINITY);
  CHECK(round_mantissa(std::numeric_limits<float>::max(), 12) ==
        std::numeric_limits<float>::max());  // not infinity
}

TEST_CASE("the mean of a point is over all its replications, or there is none") {
  Points points;
  points.of_world = {0, 0, 1, 0, 1, 2};
  points.worlds = {{0, 1, 3}, {2, 4}, {5}};
  const PointMeans means = point_means(points, {1, 2, 5, 6, 7, 8});
  CHECK(means.mean[0] == 3);
  // Variance 7, t(0.975, 2) = 4.30265
  CHECK(means.half_width[0] == Approx(4.302652730 * std::sqrt(7.0 / 3)));
  // Another number of values: t(0.975, 1) = 12.7062, then again of three
  CHECK(means.mean[1] == 6);
  CHECK(means.half_width[1] == Approx(12.706204736));
  CHECK(means.mean[2] == 8);
  CHECK(std::isnan(means.half_width[2]));
  CHECK(point_means(points, {1, 2, 5, 6, 0, 0}).half_width[0] == means.half_width[0]);
  const PointMeans lacking = point_means(points, {1, kNaN, 5, 2, 7, kNaN});
  CHECK(std::isnan(lacking.mean[0]));
  CHECK(std::isnan(lacking.half_width[0]));
  CHECK(lacking.mean[1] == 6);
  CHECK(std::isnan(lacking.mean[2]));
}

TEST_CASE("a front has the points that no cheaper one beats") {
  const std::vector<double> cost = {2, 1, 2, 4, 8, 1, 4, kNaN};
  const std::vector<double> value = {5, 9, 6, 5, 3, kNaN, 7, 0};
  CHECK(pareto_front(cost, value, false) == Rows{0, 1, 4});
  CHECK(pareto_front(cost, value, true) == Rows{1});
  CHECK(pareto_front({}, value, false) == Rows{7});
  CHECK(pareto_front(cost, {1, 1, 1, 2, 1, 1, 2, 2}, true) == Rows{1, 3});
}

TEST_CASE("a sample is spread evenly and has what must be in it") {
  const Rows sample = even_sample(10'000, 100, {7, 9'999});
  REQUIRE(sample.size() == 100);
  CHECK(std::is_sorted(sample.begin(), sample.end()));
  CHECK(std::binary_search(sample.begin(), sample.end(), 7u));
  CHECK(sample.back() == 9'999);
  for (std::size_t i = 1; i < sample.size(); ++i) CHECK(sample[i] - sample[i - 1] < 300);
  // No axis of a grid whose values take turns is seen at a few of its values only.
  for (const std::size_t period : {2u, 5u, 8u, 10u, 16u}) {
    std::vector<int> seen(period, 0);
    for (const std::size_t i : sample) ++seen[i % period];
    INFO(period);
    CHECK(*std::min_element(seen.begin(), seen.end()) > 0);
  }
  CHECK(even_sample(5, 5, {}) == Rows{0, 1, 2, 3, 4});
  CHECK(even_sample(5, 2, {4, 1, 0}) == Rows{1, 4});
  CHECK(even_sample(0, 0, {}).empty());
}
