// The iteration models, and the run-time choice between them as a tagged union.
#pragma once

#include "sim/core/registry.hpp"
#include "sim/latency/iteration/affine.hpp"
#include "sim/latency/iteration/roofline.hpp"
#include "sim/latency/iteration/table.hpp"

namespace servesweep {

enum class IterationKind : std::int32_t {};
using IterationModels = Registry<IterationKind,      //
                                 AffineIteration,    //
                                 RooflineIteration,  //
                                 TableIteration      //
                                 >;
template <>
struct EnumNames<IterationKind> : IterationModels::Names {};

struct IterationModel : Chosen<IterationModels> {
  SERVESWEEP_FUNCTION Ticks time(const IterationShape& shape) const {
    return visit([&](auto model, const auto& lowered) { return model.time(lowered, shape); });
  }
  SERVESWEEP_FUNCTION IterationLine line(std::int32_t decodes, std::int64_t context_sum) const {
    return visit(
        [&](auto model, const auto& lowered) { return model.line(lowered, decodes, context_sum); });
  }
};

}  // namespace servesweep
