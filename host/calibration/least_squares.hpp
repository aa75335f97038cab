// Least squares of times that are measured, and how well what was fitted follows them. Residuals
// are relative: a prefill of a second counts as much as a decode of 30 ms.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "host/parameters/parameter.hpp"

namespace servesweep {

using FitColumns = std::vector<std::vector<double>>;  // [column][row]

struct RelativeFit {
  bool determined = false;  // no column follows from the columns before it
  std::vector<double> x;    // [column], none below 0
  // Of x for unit variance of the relative residuals; NaN for what is held at 0.
  std::vector<std::vector<double>> covariance;

  bool is_held(std::size_t column) const;
};

// The coefficients without a negative one whose fitted times have the least sum of squares of
// (measured - fitted) / measured. Measured times are above 0.
RelativeFit fit_relative(const FitColumns& columns, const std::vector<double>& measured_ms);

// How |measured - fitted| / measured is distributed over rows; NaN without rows.
struct ErrorDistribution {
  std::size_t rows = 0;
  double median = 0, p90 = 0, largest = 0;
};
ErrorDistribution distribution_of(std::vector<double> errors);  // NaN is left out
nlohmann::ordered_json distribution_json(const ErrorDistribution& errors);
// "median 1.2 %, 90th percentile 3.4 %, largest 8 %"
std::string distribution_text(const ErrorDistribution& errors);

// " +- 0.12", or "" where it is not known.
std::string standard_error_text(double error);

struct FitQuality {
  double r_squared = 0;       // NaN where all times are the same
  double relative_error = 0;  // standard error of the relative residuals; NaN without freedom
  std::vector<double> residuals_ms;  // [row], measured - fitted
  std::vector<double> errors;        // [row], |residual| / measured
  std::vector<double>
      held_out_errors;  // [row], of a fit without the row: 10-fold cross-validation;
                        // NaN where the other rows do not determine one
};
FitQuality quality_of(const FitColumns& columns, const std::vector<double>& measured_ms,
                      const RelativeFit& fit);

// The rows with the largest errors, that one first; at most `most`.
std::vector<std::size_t> worst_rows(const std::vector<double>& errors, std::size_t most);

// InputError where a run would not take these values of `parameters` (by key).
void check_usable(const std::vector<std::pair<std::string, double>>& coefficients,
                  const ParameterSet& parameters);

}  // namespace servesweep
