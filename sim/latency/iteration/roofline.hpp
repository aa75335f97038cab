// Roofline time of an iteration: the longer of the time that memory traffic takes and the time that
// the arithmetic takes (Williams et al. 2009, doi:10.1145/1498765.1498785), each an affine form of
// the iteration's shape. A memory form counts every context token that is read, of sequences that
// decode and of earlier chunks of prompts. Ignores everything that the two forms do not share
// perfectly: kernels overlap as if one bound held for the whole iteration.
#pragma once

#include "sim/latency/iteration/affine.hpp"

namespace servesweep {

struct RooflineIteration : IterationDefaults {
  static constexpr const char* kName = "roofline";
  static constexpr bool kIsEstimate = true;

  // What an iteration takes beside both is in both bases.
  struct Lowered {
    AffineRegime memory;
    AffineRegime compute;
  };

  SERVESWEEP_FUNCTION static Ticks time(const Lowered& model, const IterationShape& shape) {
    const Ticks memory =
        model.memory.time(shape) + model.memory.per_context_token * shape.prefill_context;
    return max_of(max_of(memory, model.compute.time(shape)), kShortestIteration);
  }

  // n > 0 sequences decode, with the sum of their contexts in the first iteration. The line of the
  // bound that is the longer one, up to where the other overtakes it.
  SERVESWEEP_FUNCTION static IterationLine line(const Lowered& model, std::int32_t decodes,
                                                std::int64_t context_sum) {
    const IterationLine memory = line_of(model.memory, decodes, context_sum);
    const IterationLine compute = line_of(model.compute, decodes, context_sum);
    const bool by_memory = memory.first >= compute.first;
    const IterationLine& longer = by_memory ? memory : compute;
    const IterationLine& other = by_memory ? compute : memory;
    if (longer.first < kShortestIteration) return {kShortestIteration, 0, 1};
    return {longer.first, longer.step,
            iterations_ahead(longer.first - other.first, other.step - longer.step)};
  }

 private:
  SERVESWEEP_FUNCTION static IterationLine line_of(const AffineRegime& bound, std::int32_t decodes,
                                                   std::int64_t context_sum) {
    return {bound.base + bound.per_sequence * decodes + bound.per_context_token * context_sum,
            bound.per_context_token * decodes};
  }

  // How many iterations are not overtaken: those with i * gain <= lead. Estimated in floating
  // point, settled in integers; a count beyond kMostAhead may be less than it could be.
  SERVESWEEP_FUNCTION static std::int64_t iterations_ahead(Ticks lead, Ticks gain) {
    if (gain <= 0) return INT64_MAX;
    constexpr std::int64_t kMostAhead = INT64_C(1) << 40;
    auto last = static_cast<std::int64_t>(
        clamp_to(to_double(lead) / to_double(gain), 0.0, static_cast<double>(kMostAhead)));
    while (last < kMostAhead && gain * (last + 1) <= lead) ++last;
    while (gain * last > lead) --last;
    return last + 1;
  }
};

static_assert(kIsIterationModel<RooflineIteration>,
              "an iteration model has kName, Lowered, time(Lowered, IterationShape) and "
              "line(Lowered, decodes, context_sum)");

}  // namespace servesweep
