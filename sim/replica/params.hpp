// A replica's parameters in human units, as a sweep file gives them; those of one scheduling mode
// are in its header (sim/replica/modes/). Names and defaults are vLLM's where it has them
// (docs/continuous_engine.md).
#pragma once

#include <cstdint>

#include "sim/core/field.hpp"
#include "sim/replica/modes/registry.hpp"
#include "sim/replica/policies/registry.hpp"

namespace servesweep {

enum class KvSizing : std::int32_t { kMemory, kBlocks };
template <>
struct EnumNames<KvSizing> {
  static constexpr const char* values[] = {"memory", "blocks"};
};

constexpr std::int32_t kMaxBlockSize = 1024;

struct IterationSchedulerParams {
  SchedulingMode mode = SchedulingModes::code_of<MixedMode>();
  std::int32_t max_num_seqs = 256;
  std::int32_t max_num_batched_tokens = 2048;
  QueuePolicy queue_policy = QueuePolicies::code_of<FcfsPolicy>();
  bool prefill_yields_token = true;
  bool step = false;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = IterationSchedulerParams;
    visit(&P::mode, FieldName{"mode", "scheduler_mode"},
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
    visit(&P::step, FieldName{"step", "scheduler_step"},
          "Runs every iteration by itself instead of many at once: the same results, slower.");
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
    visit(&P::sizing, FieldName{"sizing", "kv_cache_sizing"},
          "memory: the KV cache takes what the weights leave of the GPUs' memory. blocks: it has "
          "num_blocks.");
    visit(&P::block_size, "block_size", "tokens", 1, kMaxBlockSize, "Tokens of a KV block.");
    visit(&P::watermark, FieldName{"watermark", "kv_cache_watermark"}, "", 0, 0.99,
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
    visit(&P::gpu_memory_gb, FieldName{"gpu_memory_gb", "kv_cache_gpu_memory_gb"}, "GB", 1e-3, 1e6,
          "Memory of a replica's GPUs, in 10^9 bytes; a card of 24 GiB has 25.77.");
    visit(&P::gpu_memory_utilization, "gpu_memory_utilization", "", 0.01, 1,
          "Share of it that the server uses.");
    visit(&P::weights_gb, "weights_gb", "GB", 0, 1e6,
          "Memory that the weights take, in 10^9 bytes.");
    visit(&P::activation_gb, "activation_gb", "GB", 0, 1e6,
          "Memory that is kept for activations, in 10^9 bytes.");
    visit(&P::kv_bytes_per_token, "kv_bytes_per_token", "bytes/token", 1, 1e9,
          "KV cache of one token: 2 * layers * KV heads * head size * bytes of a number.");
  }
};

}  // namespace servesweep
