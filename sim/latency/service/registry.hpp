// The service models, and the run-time choice between them as a tagged union.
#pragma once

#include "sim/core/field.hpp"
#include "sim/latency/service/affine.hpp"
#include "sim/latency/service/drawn.hpp"
#include "sim/latency/service/grid.hpp"

namespace servesweep {

enum class ServiceKind : std::int32_t { kAffine, kGrid, kExponential, kDeterministic, kUniform };
template <>
struct EnumNames<ServiceKind> {
  static constexpr const char* values[] = {AffineService::kName, GridService::kName,
                                           ExponentialService::kName, DeterministicService::kName,
                                           UniformService::kName};
};

// Which draws a model needs for every request.
enum class ServiceDraw : std::int32_t { kNone, kExponential, kUniform };

SERVESWEEP_FUNCTION ServiceDraw draws_of(ServiceKind kind) {
  if (kind == ServiceKind::kExponential) return ServiceDraw::kExponential;
  if (kind == ServiceKind::kUniform) return ServiceDraw::kUniform;
  return ServiceDraw::kNone;
}

struct ServiceModel {
  ServiceKind kind = ServiceKind::kAffine;
  union {
    AffineServiceParams affine;
    GridServiceParams grid;
    ExponentialServiceParams exponential;
    DeterministicServiceParams deterministic;
    UniformServiceParams uniform;
  };

  SERVESWEEP_FUNCTION ServiceModel() : affine() {}

  // Calls visitor(Model{}, params of the chosen model).
  template <class Visitor>
  SERVESWEEP_FUNCTION decltype(auto) visit(Visitor&& visitor) const {
    switch (kind) {
      case ServiceKind::kGrid:
        return visitor(GridService{}, grid);
      case ServiceKind::kExponential:
        return visitor(ExponentialService{}, exponential);
      case ServiceKind::kDeterministic:
        return visitor(DeterministicService{}, deterministic);
      case ServiceKind::kUniform:
        return visitor(UniformService{}, uniform);
      case ServiceKind::kAffine:
        break;
    }
    return visitor(AffineService{}, affine);
  }

  SERVESWEEP_FUNCTION ServiceTime time(const BatchShape& batch) const {
    return visit([&batch](auto model, const auto& params) { return model.time(params, batch); });
  }
};

}  // namespace servesweep
