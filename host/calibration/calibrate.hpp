// Service times from a measured grid: a least-squares fit of the affine service model
//   T = alpha + beta * L * (1 + gamma * (b - 1) / b)      [ms; b = batch size, L = tokens]
// which is linear in alpha, beta and beta * gamma.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "host/calibration/least_squares.hpp"
#include "host/latency/service_grid.hpp"

namespace servesweep {

struct Calibration : FitQuality {
  double alpha_ms = 0, beta_ms_per_token = 0, gamma = 0;
  // Standard errors; gamma's to first order. NaN where the points leave no degree of freedom.
  double alpha_error_ms = 0, beta_error_ms_per_token = 0, gamma_error = 0;
  std::vector<GridPoint> points;
  std::vector<double> times_ms;  // [point]
};

// Throws InputError where the points do not determine the three coefficients.
Calibration calibrate(const std::vector<GridPoint>& points);

// The fit for people, the worst points (at most `worst`), and the TOML to paste.
std::string calibration_text(const Calibration& calibration, std::size_t worst = 5);

}  // namespace servesweep
