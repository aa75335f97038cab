#include "host/calibration/calibrate.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>

#include "host/base/error.hpp"
#include "host/calibration/least_squares.hpp"

namespace servesweep {

namespace {

constexpr std::size_t kTerms = 3;  // alpha, beta, beta * gamma

template <class... Args>
std::string format(const char* pattern, Args... args) {
  char text[256];
  std::snprintf(text, sizeof text, pattern, args...);
  return text;
}

}  // namespace

Calibration calibrate(const std::vector<GridPoint>& points) {
  const std::size_t n = points.size();
  std::vector<std::vector<double>> columns(kTerms);
  std::vector<double> y;
  for (const GridPoint& p : points) {
    columns[0].push_back(1);
    columns[1].push_back(p.length);
    columns[2].push_back(p.length * (p.batch_size - 1) / p.batch_size);
    y.push_back(p.time_ms);
  }
  const LeastSquares fit = solve_least_squares(columns, y);
  if (n < kTerms || !fit.determined || fit.x[1] == 0) {
    throw InputError("cannot fit the service model to " + std::to_string(n) + " points with " +
                     std::to_string(distinct_values(points, &GridPoint::batch_size).size()) +
                     " batch sizes and " +
                     std::to_string(distinct_values(points, &GridPoint::length).size()) +
                     " lengths (alpha, beta and gamma need at least two of each, and a time that "
                     "grows with length) measure more points");
  }

  Calibration c;
  const double beta = fit.x[1], slope = fit.x[2];
  c.alpha_ms = fit.x[0];
  c.beta_ms_per_token = beta;
  c.gamma = slope / beta;
  c.points = points;
  const double mean = std::accumulate(y.begin(), y.end(), 0.0) / static_cast<double>(n);
  double residual_squares = 0, total_squares = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double fitted = fit.x[0] + beta * columns[1][i] + slope * columns[2][i];
    const double residual = y[i] - fitted;
    c.residuals_ms.push_back(residual);
    residual_squares += residual * residual;
    total_squares += (y[i] - mean) * (y[i] - mean);
    c.max_relative_error = std::max(c.max_relative_error, std::fabs(residual) / y[i]);
  }
  c.r_squared = 1 - residual_squares / total_squares;

  const double variance = n > kTerms ? residual_squares / static_cast<double>(n - kTerms)
                                     : std::numeric_limits<double>::quiet_NaN();
  const auto& v = fit.covariance;
  c.residual_error_ms = std::sqrt(variance);
  c.alpha_error_ms = std::sqrt(variance * v[0][0]);
  c.beta_error_ms_per_token = std::sqrt(variance * v[1][1]);
  c.gamma_error =
      std::sqrt(variance * (v[2][2] - 2 * c.gamma * v[1][2] + c.gamma * c.gamma * v[1][1])) /
      std::fabs(beta);
  return c;
}

std::string calibration_text(const Calibration& c, std::size_t worst) {
  std::string text =
      format("%zu points, %zu batch sizes, %zu lengths\n", c.points.size(),
             distinct_values(c.points, &GridPoint::batch_size).size(),
             distinct_values(c.points, &GridPoint::length).size()) +
      "T = alpha + beta * L * (1 + gamma * (b - 1) / b)\n" +
      format("  alpha  %12.6g ms        +- %.3g\n", c.alpha_ms, c.alpha_error_ms) +
      format("  beta   %12.6g ms/token  +- %.3g\n", c.beta_ms_per_token,
             c.beta_error_ms_per_token) +
      format("  gamma  %12.6g           +- %.3g\n", c.gamma, c.gamma_error) +
      format("R^2 %.6f, residual standard error %.4g ms, largest relative error %.3g %%\n",
             c.r_squared, c.residual_error_ms, 100 * c.max_relative_error);
  if (c.alpha_ms < 0) {
    text +=
        "warning: alpha is negative (short batches would take no time): check the grid's "
        "shortest lengths\n";
  }
  if (c.gamma < 0) {
    text += "warning: gamma is negative (larger batches would be faster): check the grid\n";
  }

  std::vector<std::size_t> order(c.points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto relative = [&c](std::size_t i) {
    return std::fabs(c.residuals_ms[i]) / c.points[i].time_ms;
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return relative(a) > relative(b); });
  order.resize(std::min(worst, order.size()));
  if (!order.empty()) text += "Largest residuals (measured - fitted):\n";
  for (const std::size_t i : order) {
    const GridPoint& p = c.points[i];
    text += format(
        "  batch size %6g  length %7g  measured %10.6g ms  residual %+9.4g ms %+7.2f %%\n",
        p.batch_size, p.length, p.time_ms, c.residuals_ms[i], 100 * c.residuals_ms[i] / p.time_ms);
  }
  return text + "\n[service]\nmodel = \"affine\"\n" + format("alpha_ms = %.17g\n", c.alpha_ms) +
         format("beta_ms_per_token = %.17g\n", c.beta_ms_per_token) +
         format("gamma = %.17g\n", c.gamma);
}

}  // namespace servesweep
