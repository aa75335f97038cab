// The service models, and the run-time choice between them as a tagged union.
#pragma once

#include "sim/core/registry.hpp"
#include "sim/latency/service/affine.hpp"
#include "sim/latency/service/drawn.hpp"
#include "sim/latency/service/grid.hpp"

namespace servesweep {

enum class ServiceKind : std::int32_t {};
using ServiceModels = Registry<ServiceKind,           //
                               AffineService,         //
                               GridService,           //
                               ExponentialService,    //
                               DeterministicService,  //
                               UniformService         //
                               >;
template <>
struct EnumNames<ServiceKind> : ServiceModels::Names {};

SERVESWEEP_FUNCTION ServiceDraw draws_of(ServiceKind kind) {
  return ServiceModels::visit(kind, [](auto model) { return model.kDraws; });
}

SERVESWEEP_FUNCTION bool reads_grid(ServiceKind kind) {
  return ServiceModels::visit(kind, [](auto model) { return model.kReadsGrid; });
}

struct ServiceModel : Chosen<ServiceModels> {
  SERVESWEEP_FUNCTION ServiceTime time(const BatchShape& batch) const {
    return visit([&](auto model, const auto& lowered) { return model.time(lowered, batch); });
  }
};

}  // namespace servesweep
