// All parameters of a world of the continuous engine, as a sweep gives them, and their lowering to
// what the kernels read.
#pragma once

#include <string>
#include <vector>

#include "host/parameter.hpp"
#include "host/request_classes.hpp"
#include "host/roofline_params.hpp"
#include "host/service_presets.hpp"
#include "host/workload_params.hpp"
#include "sim/continuous/params.hpp"
#include "sim/continuous/world.hpp"

namespace servesweep {

// Which coefficients the affine iteration model has beside those of [service].
struct AffineRegimesParams {
  bool prefill_regime = false;
  std::int32_t large_from_sequences = 0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = AffineRegimesParams;
    visit(&P::prefill_regime, "prefill_regime",
          "Iterations in which nothing decodes have coefficients of their own, service.prefill.");
    visit(&P::large_from_sequences, "large_from_sequences", "sequences", 0, kMaxSequences,
          "From so many decoding sequences on the coefficients are those of service.large; 0: "
          "never.");
  }
};

struct ReplicaServicesParams {
  Words services;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&ReplicaServicesParams::services, "services",
          "Service presets of the replicas, as in \"opt-13b-a100-tp1*2, opt-13b-a100-tp2\": the "
          "last one also serves all replicas that remain; none: all have that of [service].");
  }
};

struct ServicePresetChoice {
  ServicePreset preset = ServicePreset::kNone;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&ServicePresetChoice::preset, "preset",
          "Coefficients that others fitted, with their source in docs/service_presets.md, instead "
          "of [service]'s own.");
  }
};

struct ServiceModelChoice {
  IterationKind model = IterationKind::kAffine;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&ServiceModelChoice::model, "model",
          "Time of an iteration: affine in what it runs, or a roofline's estimate from published "
          "facts of a GPU and a model.");
  }
};

struct ContinuousParams {
  WorkloadSpec workload;
  RequestClassParams classes;
  IterationSchedulerParams scheduler;
  ChunkParams chunks;
  DecodeLimitParams decode_limit;
  ClientBatchParams client;
  KvCacheParams kv;
  KvBlockParams blocks;
  KvMemoryParams memory;
  ReplicaParams cluster;
  RouterParams router;
  ReplicaServicesParams replica_services;
  ServicePresetChoice preset;
  ServiceModelChoice service;
  AffineRegimeParams affine;
  AffineRegimesParams regimes;
  AffineRegimeParams prefill;
  AffineRegimeParams large;
  RooflineSpec roofline;
  LatencyLimitParams limits;

  std::string services;  // the text of replica_services, spelt out

  bool is_mixed() const { return scheduler.mode == SchedulingMode::kMixed; }
  // KV blocks of a replica: given, or what its memory holds beside the weights; may be below 1.
  std::int64_t num_blocks() const;
  bool needs_router_draws() const;
};

void add_continuous_parameters(ParameterSet& set);

// values: one per parameter of `set`; texts: by id.
ContinuousParams read_continuous_params(const ParameterSet& set, const double* values,
                                        const std::vector<std::string>& texts);

// What is wrong between parameters that are each in range.
std::vector<Finding> check_continuous_params(const ContinuousParams& params);

// Coefficients in ticks, each rounded once.
AffineRegime lower(const AffineRegimeParams& params, std::int32_t from_sequences);

// Everything but the requests and their load scaling. num_requests bounds how many can run.
ContinuousWorld lower(const ContinuousParams& params, std::int64_t num_requests);

}  // namespace servesweep
