// The continuous engine's parameters beside those of a replica (sim/replica/params.hpp), in human
// units, as a sweep file gives them (docs/continuous_engine.md).
#pragma once

#include <cstdint>

#include "sim/core/field.hpp"
#include "sim/routers/registry.hpp"

namespace servesweep {

constexpr std::int32_t kMaxReplicas = 4096;
struct ReplicaParams {
  std::int32_t num_replicas = 1;
  double time_limit_s = 0.0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = ReplicaParams;
    visit(&P::num_replicas, "num_replicas", "replicas", 1, kMaxReplicas,
          "Replicas of the model, each with its own queue.");
    visit(&P::time_limit_s, "time_limit_s", "s", 0, 4e9,
          "The world ends at this simulated time; what is not completed by then is counted as "
          "unfinished. 0: no limit.");
  }
};

struct RouterParams {
  Router router = Routers::code_of<LeastOutstandingRouter>();

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&RouterParams::router, FieldName{"router", "cluster_router"},
          "Which replica an arriving request goes to, by the rule of this name "
          "(docs/continuous_engine.md).");
  }
};

// Goodput counts requests that keep all of these.
struct LatencyLimitParams {
  double ttft_s = 1.0;
  double tpot_ms = 50.0;
  double e2e_s = 30.0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = LatencyLimitParams;
    visit(&P::ttft_s, "ttft_s", "s", 1e-6, 1e9, "Limit of a request's time to first token.");
    visit(&P::tpot_ms, "tpot_ms", "ms", 1e-6, 1e9,
          "Limit of its time per output token after the first.");
    visit(&P::e2e_s, "e2e_s", "s", 1e-6, 1e9, "Limit of its end-to-end latency.");
  }
};

}  // namespace servesweep
