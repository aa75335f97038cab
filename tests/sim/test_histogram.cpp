// Histogram buckets on all of their edges, quantiles against the list of bucket middles, merging.
#include "sim/core/clock.hpp"
#include "sim/core/histogram.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace servesweep {
namespace {

using Layout = HistogramLayout;

struct OwnHistogram {
  std::vector<std::uint32_t> counts = std::vector<std::uint32_t>(Layout::kNumBuckets, 0);
  Histogram view;

  OwnHistogram() { view.counts = counts.data(); }
  void add(double value_ns, std::uint32_t count = 1) {
    const std::int32_t bucket = Layout::bucket(value_ns);
    view.touch(bucket);
    view.add(bucket, count);
  }
};

}  // namespace

TEST_CASE("every bucket is within its error of all its values") {
  double worst = 0;
  int wrong = 0;
  for (std::int32_t b = 1; b + 1 < Layout::kNumBuckets; ++b) {
    const double first_ns = Layout::lower_edge_ns(b);
    const double end_ns = Layout::lower_edge_ns(b + 1);
    const double last_ns = std::nextafter(end_ns, 0.0);
    const double middle_ns = Layout::value_ns(b);
    wrong += !(first_ns < middle_ns && middle_ns < end_ns);
    wrong += Layout::bucket(first_ns) != b || Layout::bucket(last_ns) != b ||
             Layout::bucket(middle_ns) != b;
    wrong += Layout::bucket(std::nextafter(first_ns, 0.0)) != b - 1;
    wrong += Layout::bucket(end_ns) != b + 1;
    worst = std::max({worst, std::fabs(middle_ns - first_ns) / first_ns,
                      std::fabs(middle_ns - last_ns) / last_ns});
  }
  CHECK(wrong == 0);
  CHECK(worst <= Layout::kMaxRelativeError);
  CHECK(Layout::kMaxRelativeError <= 0.004);
}

TEST_CASE("the buckets span 1 ns to the end of the clock; what is shorter is taken for 0") {
  constexpr std::int32_t kLast = Layout::kNumBuckets - 1;
  const auto end_ns = static_cast<double>(kClockEnd_ns);
  for (const double below_ns : {0.0, 1e-9, 0.5, 0.999}) CHECK(Layout::bucket(below_ns) == 0);
  CHECK(Layout::value_ns(0) == 0.0);
  CHECK(Layout::bucket(1.0) == 1);
  CHECK(Layout::lower_edge_ns(1) == 1.0);
  CHECK(Layout::lower_edge_ns(kLast) == end_ns);
  CHECK(Layout::bucket(std::nextafter(end_ns, 0.0)) == kLast - 1);
  for (const double above_ns : {end_ns, 9.2e18, 1e300}) CHECK(Layout::bucket(above_ns) == kLast);
}

TEST_CASE("buckets ascend with the values") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 100'000; ++i) {
    const double a_ns = std::exp(std::uniform_real_distribution<>(0, 40)(random));
    const double b_ns = a_ns * (1 + 1e-3 * static_cast<double>(random() % 10));
    REQUIRE(Layout::bucket(a_ns) <= Layout::bucket(b_ns));
  }
}

TEST_CASE("quantiles are NumPy's linear ones of the bucket middles") {
  std::mt19937_64 random(11);
  for (int round = 0; round < 300; ++round) {
    OwnHistogram histogram;
    std::vector<double> middles_ns;
    const int values = 1 + static_cast<int>(random() % 40);
    const double spread = round % 3 == 0 ? 0.01 : 30.0;
    for (int i = 0; i < values; ++i) {
      const double value_ns = std::exp(8 + std::uniform_real_distribution<>(0, spread)(random));
      const auto count = static_cast<std::uint32_t>(1 + random() % 3);
      histogram.add(value_ns, count);
      middles_ns.insert(middles_ns.end(), count, Layout::value_ns(Layout::bucket(value_ns)));
    }
    std::sort(middles_ns.begin(), middles_ns.end());
    const double quantiles[] = {0.0, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0};
    constexpr int kQuantiles = 7;
    double ours_ns[kQuantiles];
    const auto total = static_cast<std::int64_t>(middles_ns.size());
    histogram_quantiles(OneLane(), histogram.view, total, quantiles, kQuantiles, ours_ns);
    for (int q = 0; q < kQuantiles; ++q) {
      INFO("round " << round << " quantile " << quantiles[q]);
      const double position = quantiles[q] * static_cast<double>(total - 1);
      const auto below = static_cast<std::size_t>(position);
      const std::size_t above = std::min(below + 1, middles_ns.size() - 1);
      const double fraction = position - static_cast<double>(below);
      CHECK(ours_ns[q] ==
            Approx(middles_ns[below] + fraction * (middles_ns[above] - middles_ns[below]))
                .epsilon(1e-14));
    }
  }
}

TEST_CASE("the counts of two histograms add up to that of all values") {
  std::mt19937_64 random(13);
  OwnHistogram first, second, both;
  for (int i = 0; i < 10'000; ++i) {
    const double value_ns = std::exp(std::uniform_real_distribution<>(0, 42)(random));
    (i % 3 == 0 ? first : second).add(value_ns);
    both.add(value_ns);
  }
  std::vector<std::uint32_t> merged(first.counts);
  for (std::size_t b = 0; b < merged.size(); ++b) merged[b] += second.counts[b];
  CHECK(merged == both.counts);
}

TEST_CASE("begin and end enclose what was counted, clear leaves zeros") {
  std::mt19937_64 random(17);
  const std::vector<std::uint32_t> zeros(Layout::kNumBuckets, 0);
  OwnHistogram histogram;
  CHECK(histogram.view.begin() == histogram.view.end());
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 1 + round % 5; ++i) {
      const auto low = static_cast<std::int32_t>(random() % Layout::kNumBuckets);
      const std::int32_t high =
          low + static_cast<std::int32_t>(random() %
                                          static_cast<std::uint64_t>(Layout::kNumBuckets - low));
      histogram.view.touch(low, high);
      ++histogram.counts[static_cast<std::size_t>(low)];
      ++histogram.counts[static_cast<std::size_t>(high)];
    }
    const auto begin = histogram.counts.begin() + histogram.view.begin();
    const auto end = histogram.counts.begin() + histogram.view.end();
    const auto counted = [](std::uint32_t count) { return count != 0; };
    CHECK(std::none_of(histogram.counts.begin(), begin, counted));
    CHECK(std::none_of(end, histogram.counts.end(), counted));
    histogram.view.clear(OneLane());
    REQUIRE(histogram.counts == zeros);
    CHECK(histogram.view.touched == 0);
  }
}

}  // namespace servesweep
