// The iteration models, and the run-time choice between them as a tagged union.
#pragma once

#include "sim/core/field.hpp"
#include "sim/latency/iteration/affine.hpp"
#include "sim/latency/iteration/roofline.hpp"
#include "sim/latency/iteration/table.hpp"

namespace servesweep {

enum class IterationKind : std::int32_t { kAffine, kRoofline, kTable };
template <>
struct EnumNames<IterationKind> {
  static constexpr const char* values[] = {AffineIteration::kName, RooflineIteration::kName,
                                           TableIteration::kName};
};

struct IterationModel {
  IterationKind kind = IterationKind::kAffine;
  union {
    AffineIteration::Lowered affine;
    RooflineIteration::Lowered roofline;
    TableIteration::Lowered table;
  };

  SERVESWEEP_FUNCTION IterationModel() : affine() {}

  // Calls visitor(Model{}, what the chosen model was lowered to).
  template <class Visitor>
  SERVESWEEP_FUNCTION decltype(auto) visit(Visitor&& visitor) const {
    switch (kind) {
      case IterationKind::kRoofline:
        return visitor(RooflineIteration{}, roofline);
      case IterationKind::kTable:
        return visitor(TableIteration{}, table);
      case IterationKind::kAffine:
        break;
    }
    return visitor(AffineIteration{}, affine);
  }

  SERVESWEEP_FUNCTION Ticks time(const IterationShape& shape) const {
    return visit([&](auto model, const auto& lowered) { return model.time(lowered, shape); });
  }
  SERVESWEEP_FUNCTION IterationLine line(std::int32_t decodes, std::int64_t context_sum) const {
    return visit(
        [&](auto model, const auto& lowered) { return model.line(lowered, decodes, context_sum); });
  }
};

}  // namespace servesweep
