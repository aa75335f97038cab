// Affine time of an iteration, coefficients by regime of the number n of decoding sequences:
//   t = c0 + c_p * P + c_p2 * P2 + c_s * n + c_ctx * S
// with P prompt tokens, P2 the sum of chunk * (context + chunk), S the sum of the contexts that are
// decoded on. (DistServe, Zhong et al. 2024, arXiv:2401.09670, fits such a model to prefills and
// decodes.) Ignores everything else of a batch's shape.
#pragma once

#include "sim/core/field.hpp"
#include "sim/latency/iteration/iteration.hpp"

namespace servesweep {

constexpr double kMostCoefficient_ms = 2000.0;

// The coefficients that count where nothing decodes.
template <class P, class Visitor>
void visit_prefill_coefficients(Visitor&& visit) {
  visit(&P::base_ms, in_table("base_ms"), "ms", 1e-6, kMostCoefficient_ms,
        "Time of every iteration.");
  visit(&P::per_prompt_token_ms, in_table("per_prompt_token_ms"), "ms/token", 0,
        kMostCoefficient_ms, "Time per prompt token that is prefilled in the iteration.");
  visit(&P::per_prompt_token_pair_ms, in_table("per_prompt_token_pair_ms"), "ms", 0,
        kMostCoefficient_ms,
        "Time per pair of a prompt token and a token of its context: prompt length squared, "
        "or chunk * (context + chunk).");
}

// Per unit of what each is multiplied by.
struct AffineRegimeParams {
  double base_ms = 10.18;
  double per_prompt_token_ms = 0.0;
  double per_prompt_token_pair_ms = 0.0;
  double per_sequence_ms = 0.03;
  double per_context_token_ms = 0.0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = AffineRegimeParams;
    visit_prefill_coefficients<P>(visit);
    visit(&P::per_sequence_ms, in_table("per_sequence_ms"), "ms", 0, kMostCoefficient_ms,
          "Time per sequence that decodes.");
    visit(&P::per_context_token_ms, in_table("per_context_token_ms"), "ms/token", 0,
          kMostCoefficient_ms, "Time per token of the contexts that are decoded on.");
  }
};

// Coefficients of iterations in which nothing decodes.
struct AffinePrefillParams {
  double base_ms = 10.18;
  double per_prompt_token_ms = 0.0;
  double per_prompt_token_pair_ms = 0.0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit_prefill_coefficients<AffinePrefillParams>(visit);
  }
};

// One regime in ticks.
struct AffineRegime {
  std::int32_t from_sequences = 0;  // regime of n: the last one with from_sequences <= n
  Ticks base = 0;
  Ticks per_prompt_token = 0;
  Ticks per_prompt_token_pair = 0;
  Ticks per_sequence = 0;
  Ticks per_context_token = 0;

  SERVESWEEP_FUNCTION Ticks time(const IterationShape& shape) const {
    return base + per_prompt_token * shape.prefill_tokens +
           per_prompt_token_pair * shape.prefill_pair_tokens + per_sequence * shape.decodes +
           per_context_token * shape.context_sum;
  }
};

struct AffineIteration : IterationDefaults {
  static constexpr const char* kName = "affine";
  static constexpr int kMostRegimes = 4;

  struct Lowered {
    AffineRegime regimes[kMostRegimes];  // ascending; the first one is from 0
    std::int32_t num_regimes = 1;

    SERVESWEEP_FUNCTION const AffineRegime& of(std::int32_t decodes) const {
      std::int32_t i = num_regimes - 1;
      while (i > 0 && decodes < regimes[i].from_sequences) --i;
      return regimes[i];
    }
  };

  SERVESWEEP_FUNCTION static Ticks time(const Lowered& model, const IterationShape& shape) {
    return max_of(model.of(shape.decodes).time(shape), kShortestIteration);
  }

  // n > 0 sequences decode, with the sum of their contexts in the first iteration.
  SERVESWEEP_FUNCTION static IterationLine line(const Lowered& model, std::int32_t decodes,
                                                std::int64_t context_sum) {
    const AffineRegime& c = model.of(decodes);
    const Ticks first = c.base + c.per_sequence * decodes + c.per_context_token * context_sum;
    if (first < kShortestIteration) return {kShortestIteration, 0, 1};
    return {first, c.per_context_token * decodes, INT64_MAX};
  }
};

static_assert(kIsIterationModel<AffineIteration>,
              "an iteration model has kName, Lowered, time(Lowered, IterationShape) and "
              "line(Lowered, decodes, context_sum)");

}  // namespace servesweep
