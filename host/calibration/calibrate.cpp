#include "host/calibration/calibrate.hpp"

#include <fmt/format.h>
#include <cmath>

#include "host/base/error.hpp"
#include "sim/latency/service/affine.hpp"

namespace servesweep {

Calibration calibrate(const std::vector<GridPoint>& points) {
  constexpr std::size_t kTerms = 3;  // alpha, beta, beta * gamma
  FitColumns columns(kTerms);
  std::vector<double> times_ms;
  for (const GridPoint& p : points) {
    columns[0].push_back(1);
    columns[1].push_back(p.length);
    columns[2].push_back(p.length * (p.batch_size - 1) / p.batch_size);
    times_ms.push_back(p.time_ms);
  }
  const RelativeFit fit = fit_relative(columns, times_ms);
  const auto refuse = [&](const char* why) {
    throw InputError(
        fmt::format("cannot fit the service model to {} points with {} batch sizes "
                    "and {} lengths ({}) measure more points",
                    points.size(), distinct_values(points, &GridPoint::batch_size).size(),
                    distinct_values(points, &GridPoint::length).size(), why));
  };
  if (!fit.determined) refuse("alpha, beta and gamma need at least two of each");
  if (fit.x[1] == 0) refuse("times do not grow with the length: beta_ms_per_token would be 0");

  Calibration c;
  static_cast<FitQuality&>(c) = quality_of(columns, times_ms, fit);
  c.alpha_ms = fit.x[0];
  c.beta_ms_per_token = fit.x[1];
  c.gamma = fit.x[2] / fit.x[1];
  c.points = points;
  const auto& v = fit.covariance;
  c.alpha_error_ms = c.relative_error * std::sqrt(v[0][0]);
  c.beta_error_ms_per_token = c.relative_error * std::sqrt(v[1][1]);
  c.gamma_error = c.relative_error *
                  std::sqrt(v[2][2] - 2 * c.gamma * v[1][2] + c.gamma * c.gamma * v[1][1]) /
                  fit.x[1];
  ParameterSet parameters;
  parameters.add<AffineServiceParams>("service");
  check_usable({{"service.alpha_ms", c.alpha_ms},
                {"service.beta_ms_per_token", c.beta_ms_per_token},
                {"service.gamma", c.gamma}},
               parameters);
  return c;
}

std::string calibration_text(const Calibration& c, std::size_t worst) {
  std::string text = fmt::format(
      "{} points, {} batch sizes, {} lengths\n"
      "T = alpha + beta * L * (1 + gamma * (b - 1) / b)\n"
      "  alpha  {:>12.6g} ms       {}\n"
      "  beta   {:>12.6g} ms/token {}\n"
      "  gamma  {:>12.6g}          {}\n",
      c.points.size(), distinct_values(c.points, &GridPoint::batch_size).size(),
      distinct_values(c.points, &GridPoint::length).size(), c.alpha_ms,
      standard_error_text(c.alpha_error_ms), c.beta_ms_per_token,
      standard_error_text(c.beta_error_ms_per_token), c.gamma, standard_error_text(c.gamma_error));
  text += "Errors, |measured - fitted| / measured\n  of the fit  " +
          distribution_text(distribution_of(c.errors)) + "\n  held out    " +
          distribution_text(distribution_of(c.held_out_errors)) + "  (10-fold cross-validation)\n";
  if (c.alpha_ms == 0) {
    text +=
        "warning: alpha came out negative and is held at 0: check the grid's shortest lengths\n";
  }
  if (c.gamma == 0) {
    text +=
        "warning: gamma came out negative (larger batches would be faster) and is held at 0: check "
        "the grid\n";
  }
  const std::vector<std::size_t> rows = worst_rows(c.errors, worst);
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
