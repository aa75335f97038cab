// The batch engine's parameters in human units, as a sweep file gives them. Defaults are those of
// the public Python simulator that the engine reproduces (docs/batch_engine.md).
#pragma once

#include <cstdint>

#include "sim/core/field.hpp"

namespace servesweep {

enum class SchedulerKind : std::int32_t {
  kStaticFifo,
  kMultiBinOnly,
  kDynamicNoBins,
  kMultiBinDynamic
};
template <>
struct EnumNames<SchedulerKind> {
  static constexpr const char* values[] = {"static_fifo", "multi_bin_only", "dynamic_no_bins",
                                           "multi_bin_dynamic"};
};

enum class BinChoice : std::int32_t { kRoundRobin, kLongestQueue };
template <>
struct EnumNames<BinChoice> {
  static constexpr const char* values[] = {"round_robin", "longest_queue"};
};

enum class Dispatch : std::int32_t { kGreedy, kFull };
template <>
struct EnumNames<Dispatch> {
  static constexpr const char* values[] = {"greedy", "full"};
};

constexpr std::int32_t kMaxBatchSize = 1024;
constexpr std::int32_t kMaxBins = 1024;
constexpr std::int32_t kMaxGpus = 4096;

struct SchedulerParams {
  SchedulerKind kind = SchedulerKind::kMultiBinDynamic;
  Dispatch dispatch = Dispatch::kGreedy;
  std::int32_t max_candidates = kMaxBatchSize;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = SchedulerParams;
    visit(&P::kind, FieldName{"kind", "scheduler_kind"},
          "static_fifo: one queue, batches of fixed_batch_size. multi_bin_only: K queues by "
          "predicted length, batches of b_fixed. dynamic_no_bins: one queue, batch size from "
          "memory and SLA. multi_bin_dynamic: K queues, a batch size for each.");
    visit(&P::dispatch, FieldName{"dispatch", "scheduler_dispatch"},
          "greedy: an idle GPU takes what is queued. full: a batch waits until it has reached its "
          "target size; the rest is flushed when arrivals end.");
    visit(&P::max_candidates, "max_candidates", "requests", 1, kMaxBatchSize,
          "Most requests that are looked at for one batch.");
  }
};

struct StaticFifoParams {
  std::int32_t fixed_batch_size = 8;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&StaticFifoParams::fixed_batch_size, "fixed_batch_size", "requests", 1, kMaxBatchSize,
          "Batch size of static_fifo.");
  }
};

struct MultiBinOnlyParams {
  std::int32_t b_fixed = 32;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&MultiBinOnlyParams::b_fixed, "b_fixed", "requests", 1, kMaxBatchSize,
          "Batch size of multi_bin_only.");
  }
};

// Read by both multi-bin schedulers.
struct BinParams {
  IntegerList bin_edges;
  BinChoice bin_choice = BinChoice::kRoundRobin;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = BinParams;
    visit(&P::bin_edges, "bin_edges",
          "Explicit edges of the length bins [tokens], ascending, one more than there are bins. "
          "Not given: k_bins bins of equal mass.");
    visit(&P::bin_choice, "bin_choice",
          "Which bin an idle GPU serves: round_robin takes the next non-empty one, longest_queue "
          "the one with most requests.");
  }
};

// Read where bin_edges is not given.
struct EqualMassBinParams {
  std::int32_t k_bins = 4;
  std::int32_t last_edge_tokens = 10000;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = EqualMassBinParams;
    visit(&P::k_bins, "k_bins", "bins", 1, kMaxBins,
          "Number of bins K, of equal mass in predicted output length.");
    visit(&P::last_edge_tokens, "last_edge_tokens", "tokens", 1, 1e9,
          "Upper edge of the last bin.");
  }
};

// Read by multi_bin_dynamic alone.
struct BinLimitParams {
  std::int32_t bin_limit_cap_tokens = 4096;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&BinLimitParams::bin_limit_cap_tokens, "bin_limit_cap_tokens", "tokens", 1, 1e9,
          "A bin's batch limit is computed with its upper edge cut to this length.");
  }
};

// Read by the two dynamic schedulers: memory target, SLA controller and their feedback.
struct DynamicParams {
  std::int32_t b_min = 1;
  std::int32_t b_max = 128;
  std::int32_t expand_step = 4;
  std::int32_t shrink_step = 2;
  std::int32_t min_updates = 3;
  double smoothing = 0.2;
  double memory_reserve = 0.1;
  double initial_mean_prompt_tokens = 300.0;
  double initial_mean_output_tokens = 200.0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = DynamicParams;
    visit(&P::b_min, "b_min", "requests", 1, kMaxBatchSize, "Smallest target batch size.");
    visit(&P::b_max, "b_max", "requests", 1, kMaxBatchSize, "Largest target batch size.");
    visit(&P::expand_step, "expand_step", "requests", 0, kMaxBatchSize,
          "Width that the SLA controller's search interval keeps on the side it moves.");
    visit(&P::shrink_step, "shrink_step", "requests", 0, kMaxBatchSize,
          "How far the SLA controller's other bound follows.");
    visit(&P::min_updates, "min_updates", "batches", 0, 1e9,
          "Completed batches before the SLA controller acts.");
    visit(&P::smoothing, FieldName{"smoothing", "scheduler_smoothing"}, "", 1e-6, 1,
          "Weight of the newest batch in the running averages.");
    visit(&P::memory_reserve, "memory_reserve", "", 0, 0.999999,
          "Share of the KV cache that the memory target leaves free (L0 = memory_reserve * eta).");
    visit(&P::initial_mean_prompt_tokens, "initial_mean_prompt_tokens", "tokens", 1, 1e9,
          "Running mean of the prompt length before the first batch has ended.");
    visit(&P::initial_mean_output_tokens, "initial_mean_output_tokens", "tokens", 1, 1e9,
          "Running mean of the output length before the first batch has ended.");
  }
};

struct ClusterParams {
  std::int32_t num_gpus = 1;
  double gpu_memory_gb = 12.0;
  double model_memory_gb = 4.0;
  double memory_margin_gb = 1.0;
  double kv_gb_per_token = 0.0001875;
  double time_limit_s = 0.0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = ClusterParams;
    visit(&P::num_gpus, "num_gpus", "GPUs", 1, kMaxGpus, "GPUs, each with the whole model.");
    visit(&P::gpu_memory_gb, "gpu_memory_gb", "GB", 1e-3, 1e6, "Memory of one GPU, in 10^9 bytes.");
    visit(&P::model_memory_gb, "model_memory_gb", "GB", 0, 1e6,
          "Memory that the weights take, in 10^9 bytes.");
    visit(&P::memory_margin_gb, "memory_margin_gb", "GB", 0, 1e6,
          "Memory that is kept free, in 10^9 bytes.");
    visit(&P::kv_gb_per_token, "kv_gb_per_token", "GB/token", 1e-12, 1e3,
          "KV cache of one token, in 10^9 bytes.");
    visit(&P::time_limit_s, "time_limit_s", "s", 0, 4e9,
          "The world ends at this simulated time; what is not completed by then is counted as "
          "unfinished. 0: no limit.");
  }
};

struct SlaParams {
  double token_ms = 10.0;
  double request_s = 20.0;
  double target_violation_rate = 0.05;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = SlaParams;
    visit(&P::token_ms, "token_ms", "ms", 1e-6, 1e9,
          "Limit of the decode time per token (TBT): the SLA controller's aim, and what counts as "
          "a token SLA violation.");
    visit(&P::request_s, "request_s", "s", 1e-6, 1e7, "Limit of a request's latency.");
    visit(&P::target_violation_rate, "target_violation_rate", "", 1e-6, 1,
          "Token SLA violation rate that capacity_threshold_per_s leaves headroom to.");
  }
};

struct SlaControllerParams {
  double epsilon_ms = 1.0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&SlaControllerParams::epsilon_ms, "epsilon_ms", "ms", 0, 1e9,
          "Band around token_ms in which the SLA controller settles.");
  }
};

}  // namespace servesweep
