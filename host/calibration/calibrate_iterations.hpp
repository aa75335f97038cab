// The affine iteration model from measured iterations, by least squares:
//   t = c0 + c_p * P + c_p2 * P2 + c_s * n + c_ctx * S
// with no coefficient below 0. A coefficient that the rows cannot tell is 0, and said
// to be; so is what a usual run needs and no row has.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sim/latency/iteration/affine.hpp"

namespace servesweep {

struct MeasuredIteration {
  double prefill_tokens = 0;       // P, over chunks: q
  double prefill_pair_tokens = 0;  // P2, over chunks: q * (computed before + q)
  double sequences = 0;            // n, that decode
  double context_tokens = 0;       // S, over those: tokens computed before, + 1
  double time_ms = 0;
};

struct MeasuredIterations {
  std::vector<MeasuredIteration> rows;
  bool has_pairs = false;  // P2 is known
};

struct IterationFit {
  AffineRegimeParams coefficients;
  AffineRegimeParams errors;         // standard errors; NaN for what was not fitted
  double r_squared = 0;              // NaN where all times are the same
  double residual_error_ms = 0;      // sqrt(sum of squares / degrees of freedom)
  double max_relative_error = 0;     // largest |fitted - measured| / measured
  std::vector<double> residuals_ms;  // [row], measured - fitted
  std::vector<std::string> warnings;
};

// Throws InputError where there are fewer rows than a fit needs.
IterationFit calibrate_iterations(const MeasuredIterations& measured);

// The fit for people, the worst rows (at most `worst`), and the TOML to paste.
std::string iteration_fit_text(const MeasuredIterations& measured, const IterationFit& fit,
                               std::size_t worst = 5);

// The same for programs, with every row.
std::string iteration_fit_json(const MeasuredIterations& measured, const IterationFit& fit);

}  // namespace servesweep
