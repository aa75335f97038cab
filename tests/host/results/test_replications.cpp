#include "host/results/replications.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "host/base/random.hpp"
#include "host/base/statistics.hpp"
#include "tests/support/catch.hpp"

using namespace servesweep;

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

Frame frame_of(const std::vector<std::int32_t>& replication, const std::vector<double>& rps) {
  Frame frame("f");
  frame.add({{"replication", ColumnType::kInt32, "1", "", {}}, ColumnRole::kIndex}, replication);
  frame.add({{"rps", ColumnType::kFloat64, "1/s", "", {}}, ColumnRole::kInput}, rps);
  return frame;
}

double half_width(const Change& change) { return (change.high - change.low) / 2; }

bool holds(const Change& change, double truth) {
  return change.low <= truth && truth <= change.high;
}

}  // namespace

TEST_CASE("equal values have equal codes, and rows split in order of their first ones") {
  CHECK(codes_of(std::vector<double>{2, 2, kNone, 1, kNone, 2}) == Codes{1, 1, 0, 2, 0, 1});
  CHECK(codes_of(std::vector<std::string>{"b", "", "a", "b"}) == Codes{1, 0, 2, 1});
  // A double holds neither of these two.
  CHECK(codes_of(std::vector<std::int64_t>{9007199254740993, 9007199254740992}) == Codes{1, 2});
  const Codes once = refined(Codes(5, 0), {7, 7, 3, 7, 3});
  CHECK(once == Codes{0, 0, 1, 0, 1});
  CHECK(refined(once, {1, 2, 2, 1, 2}) == Codes{0, 1, 2, 0, 2});
}

TEST_CASE("a point's worlds are in order of their replications") {
  const Frame frame = frame_of({1, 0, 0, 1, 0}, {8, 4, 8, 4, kNone});
  const auto points = replications_of(frame, codes_of(frame.numbers("rps")));
  REQUIRE(points.size() == 3);
  CHECK(std::ranges::equal(points[0].rows, std::vector<std::size_t>{2, 0}));
  CHECK(std::ranges::equal(points[0].replications, std::vector<std::int32_t>{0, 1}));
  CHECK(std::ranges::equal(points[1].rows, std::vector<std::size_t>{1, 3}));

  const auto by_key = replications_by(frame, {"rps", "no_such_column"});
  REQUIRE(by_key.size() == 3);
  CHECK(by_key[0].key[0] == 4);
  CHECK(by_key[0].rows == std::vector<std::size_t>{1, 3});
  CHECK(std::isnan(by_key[0].key[1]));
  CHECK(by_key[1].rows == std::vector<std::size_t>{2, 0});
  CHECK(std::isnan(by_key[2].key[0]));
  CHECK(replications_by(frame, {3, 4}, {"rps"})[0].rows == std::vector<std::size_t>{3});
}

TEST_CASE("a sample with a gap is no sample") {
  const std::vector<std::size_t> two = {2, 0}, all = {0, 1, 2};
  CHECK(sample_of({5, 6, 7}, two) == std::vector<double>{7, 5});
  CHECK(sample_of({5, kNone, 7}, all).empty());
  CHECK(std::isnan(mean_interval({}).mean));
}

TEST_CASE("Student's t has its quantiles") {
  CHECK(student_t_quantile(0.975, 1) == Approx(12.706204736174694).epsilon(1e-12));
  CHECK(student_t_quantile(0.975, 2) == Approx(4.302652729749462).epsilon(1e-12));
  CHECK(student_t_quantile(0.975, 9) == Approx(2.2621571627982044).epsilon(1e-12));
  CHECK(student_t_quantile(0.995, 30) == Approx(2.7499956535672237).epsilon(1e-12));
  CHECK(student_t_quantile(0.95, 4) == Approx(2.131846786326649).epsilon(1e-12));
  CHECK(student_t_quantile(0.025, 9) == Approx(-2.2621571627982044).epsilon(1e-12));
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

TEST_CASE("a change is that of the means, and rises or falls beyond its interval") {
  const Change up = paired_change({-2, -4}, {-1, -2});
  CHECK(up.change == 0.5);
  CHECK(up.rises());
  CHECK_FALSE(up.falls());
  const Change wide = paired_change({1, 1, 1, 1, 1}, {0.9, 1.2, 0.9, 1.2, 0.9});
  // Mean +- t(4) s / sqrt(5) by hand
  CHECK(wide.change == Approx(0.02));
  CHECK(half_width(wide) == Approx(2.7764451051977987 * std::sqrt(0.027 / 5)));
  CHECK_FALSE((wide.rises() || wide.falls()));
  const Change alone = paired_change({10}, {12});
  CHECK(alone.rises());
  CHECK_FALSE(alone.has_interval());
  CHECK_FALSE(alone.excludes_zero());
  const Change points = paired_difference({0.5, 0.6}, {0.4, 0.4});
  CHECK(points.change == Approx(-0.15));
  CHECK(half_width(points) == Approx(12.706204736174694 * 0.05));
  CHECK(paired_difference({0, 0, 0}, {0.1, 0.1, 0.1}).rises());
}

TEST_CASE("rounding takes no degree of freedom from Welch's interval") {
  // All spread is in b: its n - 1 degrees of freedom are Welch's, but for the last digit of a
  // quotient, which rounding down must not turn into a whole one.
  const RandomStream stream(42, 0, StreamId::kService);
  std::uint64_t draw = 0;
  for (const std::size_t n : {2, 3, 4, 6, 7, 8, 10, 11}) {
    const double t = student_t_quantile(0.975, static_cast<double>(n - 1));
    for (int trial = 0; trial < 1000; ++trial) {
      const std::vector<double> a(n, 5);
      std::vector<double> b;
      for (std::size_t i = 0; i < n; ++i) b.push_back(10 + stream.normal(draw++));
      const double error = std::sqrt(sample_variance(b) / static_cast<double>(n)) / 5;
      CAPTURE(n, trial);
      REQUIRE(half_width(independent_change(a, b)) == Approx(t * error).epsilon(1e-9));
    }
  }
  // Without any spread there is no error.
  CHECK(half_width(independent_change({5, 5}, {6, 6})) == 0);
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
    held_paired += holds(paired_change(a, b), 1);
    held_independent += holds(independent_change(a, c), 1);
  }
  const double deviation = std::sqrt(0.95 * 0.05 * trials);
  CHECK(std::abs(held_paired - 0.95 * trials) < 4 * deviation);
  CHECK(held_independent > 0.95 * trials - 4 * deviation);
  CHECK(held_independent < 0.97 * trials);  // degrees of freedom are rounded down
}

// Why the quotient of means: docs/statistics.md.
TEST_CASE("the quotient of means finds the change of the means where quotients' means do not") {
  // Latencies are skewed, and B's spread is larger. The expected values are equal.
  const RandomStream stream(7, 0, StreamId::kService);
  const auto lognormal = [](double z, double variation) {
    const double sigma2 = std::log1p(variation * variation);
    return std::exp(std::sqrt(sigma2) * z - sigma2 / 2);  // mean 1
  };
  const int trials = 10000, replications = 20;
  int held = 0, held_by_quotients = 0;
  std::uint64_t draw = 0;
  for (int t = 0; t < trials; ++t) {
    std::vector<double> a, b, logs;
    for (int r = 0; r < replications; ++r) {
      const double common = stream.normal(draw++), own = stream.normal(draw++);
      a.push_back(lognormal(common, 0.2));
      b.push_back(lognormal(0.9 * common + std::sqrt(1 - 0.81) * own, 0.4));
      logs.push_back(std::log(b.back() / a.back()));
    }
    held += holds(paired_change(a, b), 0);
    held_by_quotients += mean_interval(logs).contains(0);
  }
  CHECK(held > 0.92 * trials);
  CHECK(held_by_quotients < 0.85 * trials);
}
