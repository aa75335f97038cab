// Service times drawn for each request, for the closed forms of queueing theory: a batch takes as
// long as its largest draw. They know no tokens: the prefill takes 0 and a decode step is the
// batch's time over its largest output. Draws are made on the host, once per (workload,
// replication), so every world sees the same; here they are only scaled.
#pragma once

#include "sim/latency/service/service.hpp"

namespace servesweep {

constexpr double kMinDrawnService_ms = 1e-6;  // one nanosecond

SERVESWEEP_FUNCTION ServiceTime drawn_service_time(double total_ms, const BatchShape& batch) {
  // Whole nanoseconds, as the clock will have it.
  total_ms = static_cast<double>(round_to_int64(max_of(kMinDrawnService_ms, total_ms) * 1e6)) / 1e6;
  const auto tokens = static_cast<double>(max_of(1, batch.longest_output));
  return {total_ms, 0.0, total_ms / tokens, false};
}

struct ExponentialServiceParams {
  double mean_ms = 1000.0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&ExponentialServiceParams::mean_ms, "mean_ms", "ms", 1e-6, 1e9,
          "Mean of the exponential service time of a request.");
  }
};

// Draws are exponential with mean 1.
struct ExponentialService : ServiceDefaults {
  static constexpr const char* kName = "exponential";
  static constexpr ServiceDraw kDraws = ServiceDraw::kExponential;
  using Lowered = ExponentialServiceParams;
  SERVESWEEP_FUNCTION static ServiceTime time(const Lowered& p, const BatchShape& batch) {
    return drawn_service_time(p.mean_ms * batch.largest_draw, batch);
  }
};

struct DeterministicServiceParams {
  double time_ms = 1000.0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&DeterministicServiceParams::time_ms, "time_ms", "ms", 1e-6, 1e9,
          "Service time of every batch.");
  }
};

struct DeterministicService : ServiceDefaults {
  static constexpr const char* kName = "deterministic";
  using Lowered = DeterministicServiceParams;
  SERVESWEEP_FUNCTION static ServiceTime time(const Lowered& p, const BatchShape& batch) {
    return drawn_service_time(p.time_ms, batch);
  }
};

struct UniformServiceParams {
  double shortest_ms = 0.0;
  double longest_ms = 2000.0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = UniformServiceParams;
    visit(&P::shortest_ms, "shortest_ms", "ms", 0, 1e9, "Lower end of the service times.");
    visit(&P::longest_ms, "longest_ms", "ms", 1e-6, 1e9, "Upper end of the service times.");
  }
};

// Draws are uniform on [0, 1).
struct UniformService : ServiceDefaults {
  static constexpr const char* kName = "uniform";
  static constexpr ServiceDraw kDraws = ServiceDraw::kUniform;
  using Lowered = UniformServiceParams;
  SERVESWEEP_FUNCTION static ServiceTime time(const Lowered& p, const BatchShape& batch) {
    return drawn_service_time(p.shortest_ms + (p.longest_ms - p.shortest_ms) * batch.largest_draw,
                              batch);
  }
};

static_assert(kIsServiceModel<ExponentialService> && kIsServiceModel<DeterministicService> &&
                  kIsServiceModel<UniformService>,
              "a service model has kName, Lowered and time(Lowered, BatchShape)");

}  // namespace servesweep
