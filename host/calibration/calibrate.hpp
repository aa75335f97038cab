// Service times from a measured grid: a fit of the affine service model
//   T = alpha + beta * L * (1 + gamma * (b - 1) / b)      [ms; b = batch size, L = tokens]
// by least squares of the relative residuals, linear in alpha, beta and beta * gamma, of which none
// is below 0.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "host/calibration/least_squares.hpp"
#include "host/latency/service_grid.hpp"

namespace servesweep {

struct Calibration : FitQuality {
  double alpha_ms = 0, beta_ms_per_token = 0, gamma = 0;
  // Standard errors; gamma's to first order. NaN where the points leave no degree of freedom, and
  // for what is held at 0.
  double alpha_error_ms = 0, beta_error_ms_per_token = 0, gamma_error = 0;
  std::vector<GridPoint> points;
};

// Throws InputError where the points do not determine the three coefficients, and where a run would
// not take them.
Calibration calibrate(const std::vector<GridPoint>& points);

// The fit for people, the worst points (at most `worst`), and the TOML to paste.
std::string calibration_text(const Calibration& calibration, std::size_t worst = 5);

}  // namespace servesweep
