#include <cmath>
#include <string>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/random.hpp"
#include "host/calibration/calibrate.hpp"
#include "tests/support/catch.hpp"

using namespace servesweep;

namespace {

constexpr double kAlpha = 59.65277758291415, kBeta = 5.741996985241534,
                 kGamma = 0.31568071039597756;

double affine(double b, double length) {
  return kAlpha + kBeta * length * (1 + kGamma * (b - 1) / b);
}

// sigma: of the relative noise.
std::vector<GridPoint> grid(double sigma = 0, std::uint64_t seed = 0) {
  const RandomStream stream(seed, 0, StreamId::kService);
  std::vector<GridPoint> points;
  for (const double b : {1, 2, 4, 8, 16, 32})
    for (const double length : {64, 128, 256, 512, 1024}) {
      const double noise = sigma * stream.normal(points.size());
      points.push_back({b, length, affine(b, length) * (1 + noise)});
    }
  return points;
}

}  // namespace

TEST_CASE("noise-free points give their coefficients back") {
  const Calibration c = calibrate(grid());
  CHECK(c.alpha_ms == Approx(kAlpha).epsilon(1e-11));
  CHECK(c.beta_ms_per_token == Approx(kBeta).epsilon(1e-12));
  CHECK(c.gamma == Approx(kGamma).epsilon(1e-11));
  CHECK(c.r_squared == Approx(1).epsilon(1e-14));
  CHECK(distribution_of(c.errors).largest < 1e-12);
  CHECK(distribution_of(c.held_out_errors).rows == 30);
  CHECK(distribution_of(c.held_out_errors).largest < 1e-11);

  // Three points that determine them: no degree of freedom is left for errors.
  const Calibration three =
      calibrate({{1, 10, affine(1, 10)}, {1, 20, affine(1, 20)}, {2, 20, affine(2, 20)}});
  CHECK(three.gamma == Approx(kGamma).epsilon(1e-11));
  CHECK(std::isnan(three.gamma_error));
}

TEST_CASE("a fit agrees with the normal equations of its relative residuals") {
  const std::vector<GridPoint> points = {{1, 1, 4}, {1, 2, 5}, {2, 1, 5}, {2, 2, 8}};
  const Calibration c = calibrate(points);
  // The residuals, each over its time squared, are orthogonal to 1, L and L (b - 1) / b.
  double with_one = 0, with_length = 0, with_batch = 0, squares = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const GridPoint& p = points[i];
    const double fitted = c.alpha_ms + c.beta_ms_per_token * p.length *
                                           (1 + c.gamma * (p.batch_size - 1) / p.batch_size);
    CHECK(c.residuals_ms[i] == Approx(p.time_ms - fitted).margin(1e-12));
    CHECK(c.errors[i] == Approx(std::fabs(p.time_ms - fitted) / p.time_ms).margin(1e-12));
    const double weighted = c.residuals_ms[i] / (p.time_ms * p.time_ms);
    with_one += weighted;
    with_length += weighted * p.length;
    with_batch += weighted * p.length * (p.batch_size - 1) / p.batch_size;
    squares += c.errors[i] * c.errors[i];
  }
  CHECK(with_one == Approx(0).margin(1e-12));
  CHECK(with_length == Approx(0).margin(1e-12));
  CHECK(with_batch == Approx(0).margin(1e-12));
  CHECK(c.relative_error == Approx(std::sqrt(squares)));  // one degree of freedom
  CHECK(squares > 1e-4);
}

TEST_CASE("what may not be negative is held at 0, or refused") {
  std::vector<GridPoint> faster_in_batches, falling, huge;
  for (const double b : {1, 2, 4}) {
    for (const double length : {10, 20, 40}) {
      faster_in_batches.push_back({b, length, 50 + length * (1 - 0.3 * (b - 1) / b)});
      falling.push_back({b, length, 1000 - b * length});
      huge.push_back({b, length, 1e308});
    }
  }
  const Calibration c = calibrate(faster_in_batches);
  CHECK(c.gamma == 0);
  CHECK(std::isnan(c.gamma_error));
  CHECK(c.beta_ms_per_token > 0.5);
  CHECK(calibration_text(c).find("gamma came out negative") != std::string::npos);
  CHECK_THROWS_WITH(calibrate(falling),
                    Catch::Matchers::ContainsSubstring("beta_ms_per_token would be 0"));
  CHECK_THROWS_AS(calibrate(huge), InputError);
}

TEST_CASE("a long batch that is off does not drown the short ones") {
  std::vector<GridPoint> points = grid();
  points.back().time_ms *= 1.5;  // the longest of all
  const Calibration c = calibrate(points);
  CHECK(distribution_of(c.errors).median < 0.05);
  CHECK(std::fabs(affine(1, 64) - (c.alpha_ms + 64 * c.beta_ms_per_token)) < 0.1 * affine(1, 64));
}

TEST_CASE("noisy points give them back within their standard errors") {
  // Pulls of 500 fits: mean 0 and deviation 1 if the errors are right.
  double sum[3] = {}, squares[3] = {};
  const int trials = 500;
  for (int t = 0; t < trials; ++t) {
    const Calibration c = calibrate(grid(0.05, static_cast<std::uint64_t>(t)));
    const double pulls[3] = {(c.alpha_ms - kAlpha) / c.alpha_error_ms,
                             (c.beta_ms_per_token - kBeta) / c.beta_error_ms_per_token,
                             (c.gamma - kGamma) / c.gamma_error};
    for (int i = 0; i < 3; ++i) {
      sum[i] += pulls[i];
      squares[i] += pulls[i] * pulls[i];
    }
    CHECK(c.r_squared > 0.97);
  }
  for (int i = 0; i < 3; ++i) {
    CAPTURE(i);
    CHECK(std::fabs(sum[i] / trials) < 4 / std::sqrt(trials));
    CHECK(std::sqrt(squares[i] / trials) == Approx(1.04).epsilon(0.13));  // Student's t, 27 d.o.f.
  }
}

TEST_CASE("points that do not determine the coefficients are refused") {
  CHECK_THROWS_AS(calibrate({}), InputError);
  CHECK_THROWS_AS(calibrate({{1, 10, 5}, {2, 20, 9}}), InputError);
  CHECK_THROWS_WITH(
      calibrate({{4, 10, 5}, {4, 20, 9}, {4, 30, 12}, {4, 40, 16}}),
      Catch::Matchers::ContainsSubstring("4 points with 1 batch sizes and 4 lengths"));
  CHECK_THROWS_AS(calibrate({{1, 10, 5}, {2, 10, 9}, {3, 10, 12}}), InputError);
}

TEST_CASE("the text holds the TOML with every digit") {
  const Calibration c = calibrate(grid(0.02, 1));
  const std::string text = calibration_text(c, 2);
  const auto value = [&text](const std::string& key) {
    const auto at = text.find("\n" + key + " = ");
    REQUIRE(at != std::string::npos);
    return std::stod(text.substr(at + key.size() + 4));
  };
  CHECK(text.find("[service]\nmodel = \"affine\"\n") != std::string::npos);
  CHECK(value("alpha_ms") == c.alpha_ms);
  CHECK(value("beta_ms_per_token") == c.beta_ms_per_token);
  CHECK(value("gamma") == c.gamma);
  CHECK(text.find("30 points, 6 batch sizes, 5 lengths") != std::string::npos);
}

TEST_CASE("points become a complete table") {
  const ServiceGrid g = to_grid({{4, 20, 7}, {1, 10, 1}, {1, 20, 3}, {4, 10, 5}, {1, 10, 2}});
  CHECK(g.batch_sizes == std::vector<double>{1, 4});
  CHECK(g.lengths == std::vector<double>{10, 20});
  CHECK(g.time_ms == std::vector<double>{1.5, 3, 5, 7});
  CHECK_THROWS_WITH(to_grid({{1, 10, 1}, {4, 20, 2}}),
                    Catch::Matchers::ContainsSubstring(
                        "missing: batch_size 1 at length 20, batch_size 4 at length 10"));
  CHECK_THROWS_AS(to_grid({}), InputError);
}
