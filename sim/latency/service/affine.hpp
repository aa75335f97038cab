// Affine service time of a whole batch, fitted to a measured grid (Guldogan et al. 2024,
// arXiv:2412.04504; coefficients: published grid of Qwen3-1.7B on an RTX 4080, R^2 = 0.9995):
//   T(b, L) = max(min_service, alpha + beta * L * h(b)),  h(b) = 1 + gamma * (b - 1) / b
// with b requests and L the largest total length among them. The prefill takes alpha, a decode step
// takes beta * h(b). Ignores how lengths differ inside the batch.
#pragma once

#include "sim/core/field.hpp"
#include "sim/latency/service/service.hpp"

namespace servesweep {

struct AffineServiceParams {
  double alpha_ms = 59.65277758291415;
  double beta_ms_per_token = 5.741996985241534;
  double gamma = 0.31568071039597756;
  double min_service_ms = 1.0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = AffineServiceParams;
    visit(&P::alpha_ms, "alpha_ms", "ms", 0, 1e9, "Fixed time of a batch, its prefill.");
    visit(&P::beta_ms_per_token, "beta_ms_per_token", "ms/token", 0, 1e6,
          "Time per token of the longest request, at batch size 1.");
    visit(&P::gamma, FieldName{"gamma", "service_gamma"}, "", 0, 1e3,
          "How much slower a token gets in a large batch.");
    visit(&P::min_service_ms, "min_service_ms", "ms", 1e-6, 1e9, "Shortest time of a batch.");
  }
};

struct AffineService : ServiceDefaults {
  static constexpr const char* kName = "affine";
  using Lowered = AffineServiceParams;

  SERVESWEEP_FUNCTION static ServiceTime time(const Lowered& p, const BatchShape& batch) {
    const auto b = static_cast<double>(batch.size);
    const double h = 1.0 + p.gamma * (b - 1.0) / b;
    const double total_ms =
        p.alpha_ms + p.beta_ms_per_token * static_cast<double>(batch.longest_tokens) * h;
    return {max_of(p.min_service_ms, total_ms), p.alpha_ms, p.beta_ms_per_token * h, false};
  }
};

static_assert(kIsServiceModel<AffineService>,
              "a service model has kName, Lowered and time(Lowered, BatchShape)");

}  // namespace servesweep
