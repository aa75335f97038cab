#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "host/base/random.hpp"
#include "host/base/statistics.hpp"
#include "tests/support/catch.hpp"

using namespace servesweep;

namespace {

constexpr int kDraws = 200000;

template <class Draw>
std::vector<double> sample(Draw draw) {
  std::vector<double> values;
  for (int i = 0; i < kDraws; ++i) values.push_back(draw(static_cast<std::uint64_t>(i)));
  return values;
}

RandomStream stream(std::uint64_t seed = 42, std::uint32_t replication = 0,
                    StreamId id = StreamId::kService) {
  return RandomStream(seed, replication, id);
}

}  // namespace

// Known answers for philox4x32-10 from Random123's kat_vectors file. Our words: counter = counter
// low, high, replication, stream | attempt << 16; key = seed low, high.
TEST_CASE("Philox gives its known answers") {
  using Words = std::array<std::uint64_t, 2>;
  CHECK(RandomStream(0, 0, StreamId{0}).block(0, 0) ==
        Words{0xe169c58d6627e8d5, 0x9b00dbd8bc57ac4c});
  CHECK(RandomStream(~0ull, ~0u, StreamId{0xffff}).block(~0ull, 0xffff) ==
        Words{0x41c83b0e408f276d, 0x6d5451fda20bc7c6});
  CHECK(RandomStream(0x299f31d0a4093822, 0x13198a2e, StreamId{0x7344})
            .block(0x85a308d3243f6a88, 0x0370) == Words{0x94fdccebd16cfe09, 0x24126ea15001e420});
}

TEST_CASE("a draw depends on seed, replication, stream, counter and attempt, and on nothing else") {
  std::set<double> values;
  for (const std::uint64_t seed : {1ull, 2ull, 1ull << 32})
    for (const std::uint32_t replication : {0u, 1u})
      for (const StreamId id : {StreamId::kArrivals, StreamId::kService})
        for (const std::uint64_t counter : {0ull, 1ull, 1ull << 32})
          for (const std::uint16_t attempt : {0, 1})
            values.insert(stream(seed, replication, id).uniform(counter, attempt));
  CHECK(values.size() == 3 * 2 * 2 * 3 * 2);

  const RandomStream s = stream();
  const double before = s.gamma(7, 0.5);
  for (std::uint64_t i = 0; i < 100; ++i) s.gamma(i, 3.0);
  CHECK(s.gamma(7, 0.5) == before);
}

TEST_CASE("uniform draws lie in [0, 1) and are uniform") {
  const auto values = sample([s = stream()](auto i) { return s.uniform(i); });
  std::vector<double> bins(100, 0.0);
  for (const double x : values) {
    REQUIRE(x >= 0);
    REQUIRE(x < 1);
    bins[static_cast<std::size_t>(x * 100)] += 1;
  }
  double chi2 = 0;
  for (const double n : bins)
    chi2 += (n - kDraws / 100.0) * (n - kDraws / 100.0) / (kDraws / 100.0);
  CHECK(chi2 > 57);  // 99 degrees of freedom: 1 in 4000 below, 1 in 4000 above
  CHECK(chi2 < 152);
}

TEST_CASE("the normal quantile inverts the normal distribution") {
  CHECK(normal_quantile(0.5) == 0);
  CHECK(normal_quantile(0.975) == Approx(1.959963984540054).epsilon(1e-15));
  CHECK(normal_quantile(0.25) == Approx(-0.6744897501960817).epsilon(1e-15));
  CHECK(normal_quantile(1e-3) == Approx(-3.090232306167813).epsilon(1e-14));
  CHECK(normal_quantile(1e-20) == Approx(-9.262340089798408).epsilon(1e-14));
  for (double z = -37; z < 8; z += 0.0625) {
    const double p = normal_cdf(z);
    // Above 0 the round trip is limited by the spacing of p near 1.
    const double spacing = z > 0 ? 1.2e-16 * std::sqrt(2 * M_PI) * std::exp(z * z / 2) : 0;
    CHECK(std::fabs(normal_quantile(p) - z) <= 1e-13 * std::fabs(z) + 2e-15 + 2 * spacing);
  }
}

// Bounds: 4 standard errors of the moment at hand.
TEST_CASE("draws have the moments of their distributions") {
  const double n = kDraws;
  const auto normal = sample([s = stream()](auto i) { return s.normal(i); });
  CHECK(std::fabs(mean(normal)) < 4 / std::sqrt(n));
  CHECK(std::fabs(sample_variance(normal) - 1) < 4 * std::sqrt(2 / n));

  const auto exponential = sample([s = stream()](auto i) { return s.exponential(i); });
  CHECK(std::fabs(mean(exponential) - 1) < 4 / std::sqrt(n));
  CHECK(std::fabs(sample_variance(exponential) - 1) < 4 * std::sqrt(8 / n));

  for (const double shape : {0.05, 0.36, 0.5, 1.0, 2.5, 40.0}) {
    CAPTURE(shape);
    const auto gamma = sample([s = stream(), shape](auto i) { return s.gamma(i, shape); });
    CHECK(std::fabs(mean(gamma) - shape) < 4 * std::sqrt(shape / n));
    // Var(sample variance) = (mu4 - sigma^4) / n, mu4 = 3 k^2 + 6 k
    CHECK(std::fabs(sample_variance(gamma) - shape) <
          4 * std::sqrt((2 * shape * shape + 6 * shape) / n));
  }
}

TEST_CASE("gamma draws of shape 1/2 follow half a squared normal") {
  const auto values = sample([s = stream()](auto i) { return s.gamma(i, 0.5); });
  for (const double p : {0.01, 0.1, 0.5, 0.9, 0.99}) {
    const double z = normal_quantile(0.5 + p / 2);
    double below = 0;
    for (const double x : values) below += x <= 0.5 * z * z;
    CHECK(std::fabs(below / kDraws - p) < 4 * std::sqrt(p * (1 - p) / kDraws));
  }
}
