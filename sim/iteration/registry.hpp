// The iteration models, and the run-time choice between them as a tagged union.
#pragma once

#include "sim/field.hpp"
#include "sim/iteration/affine.hpp"

namespace servesweep {

enum class IterationKind : std::int32_t { kAffine };
template <>
struct EnumNames<IterationKind> {
  static constexpr const char* values[] = {AffineIteration::kName};
};

struct IterationModel {
  IterationKind kind = IterationKind::kAffine;
  AffineIteration::Lowered affine;

  SERVESWEEP_FUNCTION Ticks time(const IterationShape& shape) const {
    return AffineIteration::time(affine, shape);
  }
  SERVESWEEP_FUNCTION IterationLine line(std::int32_t decodes, std::int64_t context_sum) const {
    return AffineIteration::line(affine, decodes, context_sum);
  }
};

}  // namespace servesweep
