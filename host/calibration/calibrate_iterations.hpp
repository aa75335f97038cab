// The affine iteration model from measured iterations, by least squares of the relative residuals:
//   t = c0 + c_p * P + c_p2 * P2 + c_s * n + c_ctx * S
// with no coefficient below 0. Iterations in which nothing decodes have a regime of their own, as
// in the model, where there are rows enough. A coefficient that the rows cannot tell is 0, and said
// to be; so is what a usual run needs and no row has.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "host/calibration/least_squares.hpp"
#include "sim/latency/iteration/affine.hpp"

namespace servesweep {

struct MeasuredIteration {
  double prefill_tokens = 0;       // P, over chunks: q
  double prefill_pair_tokens = 0;  // P2, over chunks: q * (computed before + q)
  double sequences = 0;            // n, that decode
  double context_tokens = 0;       // S, over the n decodes: tokens computed before, + 1
  double time_ms = 0;
};

struct MeasuredIterations {
  std::vector<MeasuredIteration> rows;
  bool has_pairs = false;  // P2 is known
};

// The coefficients of some rows.
struct RegimeFit {
  AffineRegimeParams coefficients;
  AffineRegimeParams errors;      // standard errors; NaN for what was not fitted
  std::vector<std::size_t> rows;  // of the measured ones
  FitQuality quality;             // of these rows
};

struct IterationFit {
  RegimeFit regime;
  std::optional<RegimeFit> prefill;  // of iterations in which nothing decodes
  std::vector<std::string> warnings;
};

// Throws InputError where there are fewer rows than a fit needs, and where a run would not take
// what is fitted.
IterationFit calibrate_iterations(const MeasuredIterations& measured);

// The fit for people, the worst rows (at most `worst`), and the TOML to paste.
std::string iteration_fit_text(const MeasuredIterations& measured, const IterationFit& fit,
                               std::size_t worst = 5);

// The fit as JSON, with every row.
std::string iteration_fit_json(const MeasuredIterations& measured, const IterationFit& fit);

}  // namespace servesweep
