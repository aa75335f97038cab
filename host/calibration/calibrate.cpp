#include "host/calibration/calibrate.hpp"

#include <fmt/format.h>
#include <cmath>

#include "host/base/error.hpp"

namespace servesweep {

Calibration calibrate(const std::vector<GridPoint>& points) {
  constexpr std::size_t kTerms = 3;  // alpha, beta, beta * gamma
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
  std::vector<double> fitted;
  for (std::size_t i = 0; i < n; ++i) {
    fitted.push_back(fit.x[0] + beta * columns[1][i] + slope * columns[2][i]);
  }
  static_cast<FitQuality&>(c) = quality_of(y, fitted, kTerms);
  c.alpha_ms = fit.x[0];
  c.beta_ms_per_token = beta;
  c.gamma = slope / beta;
  c.points = points;
  c.times_ms = y;
  const double variance = c.residual_variance;
  const auto& v = fit.covariance;
  c.alpha_error_ms = std::sqrt(variance * v[0][0]);
  c.beta_error_ms_per_token = std::sqrt(variance * v[1][1]);
  c.gamma_error =
      std::sqrt(variance * (v[2][2] - 2 * c.gamma * v[1][2] + c.gamma * c.gamma * v[1][1])) /
      std::fabs(beta);
  return c;
}

std::string calibration_text(const Calibration& c, std::size_t worst) {
  std::string text = fmt::format(
      "{} points, {} batch sizes, {} lengths\n"
      "T = alpha + beta * L * (1 + gamma * (b - 1) / b)\n"
      "  alpha  {:>12.6g} ms        +- {:.3g}\n"
      "  beta   {:>12.6g} ms/token  +- {:.3g}\n"
      "  gamma  {:>12.6g}           +- {:.3g}\n",
      c.points.size(), distinct_values(c.points, &GridPoint::batch_size).size(),
      distinct_values(c.points, &GridPoint::length).size(), c.alpha_ms, c.alpha_error_ms,
      c.beta_ms_per_token, c.beta_error_ms_per_token, c.gamma, c.gamma_error);
  text += quality_text(c);
  if (c.alpha_ms < 0) {
    text +=
        "warning: alpha is negative (short batches would take no time): check the grid's "
        "shortest lengths\n";
  }
  if (c.gamma < 0) {
    text += "warning: gamma is negative (larger batches would be faster): check the grid\n";
  }
  const std::vector<std::size_t> rows = worst_rows(c, c.times_ms, worst);
  if (!rows.empty()) text += "Largest residuals (measured - fitted):\n";
  for (const std::size_t i : rows) {
    const GridPoint& p = c.points[i];
    text += fmt::format(
        "  batch size {:>6g}  length {:>7g}  measured {:>10.6g} ms  residual {:>+9.4g} ms "
        "{:>+7.2f} %\n",
        p.batch_size, p.length, p.time_ms, c.residuals_ms[i], 100 * c.residuals_ms[i] / p.time_ms);
  }
  return text + fmt::format(
                    "\n[service]\nmodel = \"affine\"\n"
                    "alpha_ms = {:.17g}\nbeta_ms_per_token = {:.17g}\ngamma = {:.17g}\n",
                    c.alpha_ms, c.beta_ms_per_token, c.gamma);
}

}  // namespace servesweep
