// All parameters of a world of the continuous engine, as a sweep gives them, and their lowering to
// what the kernels read.
#pragma once

#include <string>
#include <vector>

#include "host/latency/roofline_params.hpp"
#include "host/latency/service_presets.hpp"
#include "host/parameters/parameter.hpp"
#include "host/workload/workload_params.hpp"
#include "sim/continuous/params.hpp"
#include "sim/continuous/world.hpp"

namespace servesweep {

// Read by table.
struct KernelProfileFiles {
  ProfileFolder profile;
  std::int32_t layers = 32;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&KernelProfileFiles::profile, FieldName{"profile", "service_profile"},
          "Folder of measured kernel times: dense.csv, per_sequence.csv, attention.csv.");
    visit(&KernelProfileFiles::layers, FieldName{"layers", "service_layers"}, "layers", 1, 1000,
          "Layers of the model; the profile is of one.");
  }
};

// Which coefficients the affine iteration model has beside those of [service].
struct AffineRegimeChoice {
  bool prefill_regime = false;
  bool large_regime = false;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = AffineRegimeChoice;
    visit(&P::prefill_regime, "prefill_regime",
          "Iterations in which nothing decodes have coefficients of their own, service.prefill.");
    visit(&P::large_regime, "large_regime",
          "Iterations in which many sequences decode have coefficients of their own, "
          "service.large.");
  }
};

struct LargeRegimeParams {
  std::int32_t from_sequences = 64;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&LargeRegimeParams::from_sequences, "from_sequences", "sequences", 1, kMaxSequences,
          "The coefficients hold from this number of decoding sequences on.");
  }
};

struct ReplicaServicesParams {
  Words services;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&ReplicaServicesParams::services, FieldName{"services", "cluster_services"},
          "Services of the replicas, each a preset or \"service\", what [service] says, as in "
          "\"opt-13b-a100-tp1*2, service\": the last one also serves all replicas that remain; "
          "none: all have that of [service].");
  }
};

struct ServicePresetChoice {
  ServicePreset preset = ServicePreset::kNone;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&ServicePresetChoice::preset, FieldName{"preset", "service_preset"},
          "Iteration times that others measured, with their source in docs/service_presets.md, "
          "instead of [service]'s own.");
  }
};

struct ServiceModelChoice {
  IterationKind model = IterationModels::code_of<AffineIteration>();

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(
        &ServiceModelChoice::model, FieldName{"model", "iteration_model"},
        "Time of an iteration: affine in what it runs, a roofline's estimate from published facts "
        "of a GPU and a model, or interpolated in a table of measured kernel times.");
  }
};

struct ContinuousParams {
  WorkloadSpec workload;
  IterationSchedulerParams scheduler;
  ChunkParams chunks;
  LongPrefillParams long_prefills;
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
  AffineRegimeChoice regimes;
  AffinePrefillParams prefill;
  LargeRegimeParams large_from;
  AffineRegimeParams large;
  RooflineSpec roofline;
  KernelProfileFiles table;
  LatencyLimitParams limits;

  // Text parameters, spelt out.
  std::string services;
  std::string profile_path;

  // KV blocks of a replica: given, or what its memory holds beside the weights; may be below 1.
  std::int64_t num_blocks() const;
  std::int64_t kv_tokens() const { return num_blocks() * kv.block_size; }
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

// Everything but the requests, their load scaling and a profile's table. num_requests bounds how
// many can run.
ContinuousWorld lower(const ContinuousParams& params, std::int64_t num_requests);

}  // namespace servesweep
