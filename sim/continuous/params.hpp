// The continuous engine's parameters in human units, as a sweep file gives them. Names and defaults
// are vLLM's where it has them (docs/continuous_engine.md).
#pragma once

#include <cstdint>

#include "sim/core/field.hpp"

namespace servesweep {

enum class SchedulingMode : std::int32_t { kMixed, kPrefillFirst, kStatic };
template <>
struct EnumNames<SchedulingMode> {
  static constexpr const char* values[] = {"mixed", "prefill_first", "static"};
};

enum class QueuePolicy : std::int32_t {
  kFcfs,
  kShortestPrompt,
  kShortestPredictedOutput,
  kPriority
};
template <>
struct EnumNames<QueuePolicy> {
  static constexpr const char* values[] = {"fcfs", "shortest_prompt", "shortest_predicted_output",
                                           "priority"};
};

enum class ClientTiming : std::int32_t { kServer, kBatch };
template <>
struct EnumNames<ClientTiming> {
  static constexpr const char* values[] = {"server", "batch"};
};

enum class KvSizing : std::int32_t { kMemory, kBlocks };
template <>
struct EnumNames<KvSizing> {
  static constexpr const char* values[] = {"memory", "blocks"};
};

enum class Router : std::int32_t {
  kRoundRobin,
  kRandom,
  kLeastOutstanding,
  kLeastKv,
  kPowerOfTwo,
  kPrefixAffinity
};
template <>
struct EnumNames<Router> {
  static constexpr const char* values[] = {"round_robin", "random",       "least_outstanding",
                                           "least_kv",    "power_of_two", "prefix_affinity"};
};

constexpr std::int32_t kMaxSequences = 1 << 20;
constexpr std::int32_t kMaxReplicas = 4096;
constexpr std::int32_t kMaxBlockSize = 1024;

struct IterationSchedulerParams {
  SchedulingMode mode = SchedulingMode::kMixed;
  std::int32_t max_num_seqs = 256;
  std::int32_t max_num_batched_tokens = 2048;
  QueuePolicy queue_policy = QueuePolicy::kFcfs;
  bool prefill_yields_token = true;
  bool step = false;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = IterationSchedulerParams;
    visit(&P::mode, "mode",
          "mixed: prefills and decodes share an iteration (vLLM v1, Sarathi). prefill_first: an "
          "iteration is either (vLLM v0). static: a client sends batches and waits for their end.");
    visit(&P::max_num_seqs, "max_num_seqs", "sequences", 1, kMaxSequences,
          "Most sequences that run on a replica at a time.");
    visit(&P::max_num_batched_tokens, "max_num_batched_tokens", "tokens", 1, 1e9,
          "Token budget of an iteration; of the prompts in it where the mode is not mixed. Where "
          "prompts are taken whole, longer ones are rejected.");
    visit(&P::queue_policy, "queue_policy", "Order of the waiting requests; ties by arrival.");
    visit(&P::prefill_yields_token, "prefill_yields_token",
          "A prefill yields the first output token, as on every real server; false: it yields none "
          "(the simulator of DistServe).");
    visit(&P::step, "step",
          "Runs every iteration by itself instead of many at once: the same results, slower.");
  }
};

// Read by mixed.
struct ChunkParams {
  bool chunked_prefill = true;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&ChunkParams::chunked_prefill, "chunked_prefill",
          "A prompt that does not fit the iteration's budget is prefilled in chunks; false: only "
          "whole prompts are admitted.");
  }
};

// Read by prefill_first.
struct DecodeLimitParams {
  std::int64_t max_decode_context_tokens = 0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&DecodeLimitParams::max_decode_context_tokens, "max_decode_context_tokens", "tokens", 0,
          1e12,
          "Most tokens of context that one iteration decodes on; the other sequences wait their "
          "turn. 0: no limit.");
  }
};

// Read by static.
struct ClientBatchParams {
  std::int32_t client_batch = 16;
  bool batch_max_tokens = false;
  double flush_s = 0.0;
  ClientTiming client_timing = ClientTiming::kServer;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = ClientBatchParams;
    visit(&P::client_batch, "client_batch", "requests", 1, kMaxSequences,
          "Requests that the client sends at a time.");
    visit(&P::batch_max_tokens, "batch_max_tokens",
          "Every member of a batch generates as many tokens as the one with most.");
    visit(&P::flush_s, "flush_s", "s", 0, 4e9,
          "A smaller batch is sent when no request has come for so long.");
    visit(
        &P::client_timing, "client_timing",
        "Where a request's end-to-end latency ends: with the request (server) or with its batch.");
  }
};

struct KvCacheParams {
  KvSizing sizing = KvSizing::kMemory;
  std::int32_t block_size = 16;
  double watermark = 0.0;
  std::int32_t max_model_len = 0;
  bool prefix_caching = false;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = KvCacheParams;
    visit(&P::sizing, "sizing",
          "memory: the KV cache takes what the weights leave of the GPUs' memory. blocks: it has "
          "num_blocks.");
    visit(&P::block_size, "block_size", "tokens", 1, kMaxBlockSize, "Tokens of a KV block.");
    visit(&P::watermark, "watermark", "", 0, 0.99,
          "Share of the blocks that admissions leave free.");
    visit(&P::max_model_len, "max_model_len", "tokens", 0, 1e9,
          "Longer requests (prompt + output) are rejected, and one of this length must fit the "
          "cache; 0: any length.");
    visit(&P::prefix_caching, "prefix_caching",
          "Blocks of prompts that are cached already are not computed again.");
  }
};

// Read where sizing is blocks.
struct KvBlockParams {
  std::int64_t num_blocks = 4096;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&KvBlockParams::num_blocks, "num_blocks", "blocks", 1, 2e9, "KV blocks of a replica.");
  }
};

// Read where sizing is memory.
struct KvMemoryParams {
  double gpu_memory_gb = 40.0;
  double gpu_memory_utilization = 0.9;
  double weights_gb = 15.2;
  double activation_gb = 2.0;
  double kv_bytes_per_token = 57344.0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = KvMemoryParams;
    visit(&P::gpu_memory_gb, "gpu_memory_gb", "GB", 1e-3, 1e6, "Memory of a replica's GPUs.");
    visit(&P::gpu_memory_utilization, "gpu_memory_utilization", "", 0.01, 1,
          "Share of it that the server uses.");
    visit(&P::weights_gb, "weights_gb", "GB", 0, 1e6, "Memory that the weights take.");
    visit(&P::activation_gb, "activation_gb", "GB", 0, 1e6, "Memory that is kept for activations.");
    visit(&P::kv_bytes_per_token, "kv_bytes_per_token", "bytes/token", 1, 1e9,
          "KV cache of one token: 2 * layers * KV heads * head size * bytes of a number.");
  }
};

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
  Router router = Router::kLeastOutstanding;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&RouterParams::router, "router",
          "Which replica an arriving request goes to: in turn, at random, the one with fewest "
          "requests, with fewest KV blocks in use, the better of two random ones, or the one that "
          "has cached most of its prefix.");
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
