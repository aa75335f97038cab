// Least squares of a few columns, and how well what was fitted follows what was measured.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace servesweep {

struct LeastSquares {
  bool determined = false;                      // no column follows from the columns before it
  std::vector<double> x;                        // [column]
  std::vector<std::vector<double>> covariance;  // of x for unit variance: (A^T A)^-1
};

// columns: [column][row].
LeastSquares solve_least_squares(const std::vector<std::vector<double>>& columns,
                                 const std::vector<double>& y);

// How well fitted times follow measured times, which are all above 0.
struct FitQuality {
  double r_squared = 0;              // NaN where all times are the same
  double residual_squares = 0;       // their sum
  double residual_variance = 0;      // over the degrees of freedom; NaN where there is none
  double residual_error_ms = 0;      // its square root
  double max_relative_error = 0;     // largest |fitted - measured| / measured
  std::vector<double> residuals_ms;  // [row], measured - fitted
};
FitQuality quality_of(const std::vector<double>& measured_ms, const std::vector<double>& fitted_ms,
                      std::size_t coefficients);
// The quality as one line of text.
std::string quality_text(const FitQuality& quality);
// The rows with the largest |residual| / measured, that one first; at most `most`.
std::vector<std::size_t> worst_rows(const FitQuality& quality,
                                    const std::vector<double>& measured_ms, std::size_t most);

}  // namespace servesweep
