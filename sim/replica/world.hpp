// What all replicas of a world share, lowered: how they schedule, their KV cache, the requests and
// the service models. Trivially copyable.
#pragma once

#include <type_traits>

#include "sim/latency/iteration/registry.hpp"
#include "sim/replica/params.hpp"
#include "sim/replica/requests.hpp"

namespace servesweep {

// Different service models of a world's replicas, at most.
constexpr int kMaxServices = 8;

// Replicas below end_replica that are in no group before.
struct ReplicaGroup {
  std::int32_t end_replica = 0;
  IterationModel service;
};

struct ReplicaWorld {
  SchedulingMode mode = SchedulingModes::code_of<MixedMode>();
  QueuePolicy policy = QueuePolicies::code_of<FcfsPolicy>();
  bool chunked_prefill = true;
  bool reserve_full_isl = true;   // admission looks at the blocks of all tokens, not of the chunk
  bool async_scheduling = false;  // an iteration is scheduled when the one before it starts
  bool prefill_yields_token = true;
  bool step = false;

  bool batch_max_tokens = false;
  bool batch_timing = false;  // end-to-end latency runs to the end of the client's batch
  std::int32_t client_batch = 0;
  std::int64_t flush_ns = 0;

  std::int32_t max_sequences = 256;  // no more than there are requests
  std::int32_t max_batched_tokens = 2048;
  std::int32_t most_chunk_tokens = INT32_MAX;   // of one prompt in an iteration
  std::int32_t most_long_prefills = INT32_MAX;  // of prompts longer than that, at a time
  std::int64_t max_decode_context = INT64_MAX;

  std::int32_t block_size = 16;
  std::int64_t num_blocks = 0;
  std::int64_t watermark_blocks = 0;
  std::int64_t max_model_len = INT64_MAX;
  bool prefix_caching = false;
  bool router_looks_at_cache = false;  // at any time: no iteration may be jumped over
  std::int64_t table_blocks = 0;       // of prefix caching: most blocks of one sequence
  // A hash of the requests is of several KV blocks, or a KV block of several hashes; one of the two
  // is 1.
  std::int32_t blocks_per_hash = 1;
  std::int32_t hashes_per_block = 1;

  Ticks ttft_limit = kNeverTicks;
  Ticks e2e_limit = kNeverTicks;
  std::int64_t tpot_limit_ps = INT64_MAX;

  double load_scaling = 1.0;
  std::int32_t num_groups = 1;
  ReplicaGroup groups[kMaxServices];
  ReplicaRequests requests;

  SERVESWEEP_FUNCTION const IterationModel& service_of(std::int32_t replica) const {
    std::int32_t group = 0;
    while (replica >= groups[group].end_replica) ++group;
    return groups[group].service;
  }

  // Sequences that a replica has a place for: those that run or were preempted, and those whose
  // client waits for the rest of its batch.
  SERVESWEEP_FUNCTION std::int32_t num_slots() const {
    return max_sequences + (batch_timing ? client_batch : 0);
  }

  SERVESWEEP_FUNCTION std::int64_t arrival_ns(std::int64_t request) const {
    const std::int64_t time_ns = requests.arrival_ns[request];
    if (load_scaling == 1.0) return time_ns;
    return round_to_int64(static_cast<double>(time_ns) / load_scaling);
  }
  SERVESWEEP_FUNCTION std::int32_t prompt(std::int64_t request) const {
    return max_of(1, requests.prompt_tokens[request]);
  }
  SERVESWEEP_FUNCTION std::int32_t output(std::int64_t request) const {
    return max_of(1, requests.output_tokens[request]);
  }
  SERVESWEEP_FUNCTION std::int32_t predicted(std::int64_t request) const {
    return requests.predicted_tokens[request];
  }
  SERVESWEEP_FUNCTION std::int32_t priority(std::int64_t request) const {
    return requests.priority == nullptr ? 0 : requests.priority[request];
  }
  // Of a world with classes: the one of a request.
  SERVESWEEP_FUNCTION std::int32_t class_of(std::int64_t request) const {
    const std::int32_t wanted = priority(request);
    std::int32_t i = 0;
    while (requests.class_priority[i] != wanted) ++i;
    return i;
  }
  // Tokens that the prefill yields.
  SERVESWEEP_FUNCTION std::int32_t prefill_tokens_out() const {
    return prefill_yields_token ? 1 : 0;
  }

  // Different KV blocks that the requests' hashes tell apart.
  SERVESWEEP_FUNCTION std::int32_t num_block_hashes() const {
    return requests.num_hashes * blocks_per_hash;
  }

  SERVESWEEP_FUNCTION std::int64_t blocks_of(std::int64_t tokens) const {
    return (tokens + block_size - 1) / block_size;
  }
  // Most tokens that one sequence may have in the KV cache.
  SERVESWEEP_FUNCTION std::int64_t most_cached_tokens() const {
    return (num_blocks - watermark_blocks) * block_size;
  }
  SERVESWEEP_FUNCTION bool takes_whole_prompts() const {
    return !chunks_prompts(mode) || !chunked_prefill;
  }
  // Whether the policy's order says which sequence is preempted and where it waits.
  SERVESWEEP_FUNCTION bool policy_chooses_victims() const {
    return mixes_decodes(mode) && chooses_victims(policy);
  }
  // Whether several prompts may be partly prefilled, and decoding sequences run behind one.
  SERVESWEEP_FUNCTION bool limits_chunks() const { return most_chunk_tokens < INT32_MAX; }
  // Whether the request could never run.
  SERVESWEEP_FUNCTION bool rejects(std::int64_t request) const {
    const std::int64_t prompt_tokens = prompt(request);
    const std::int64_t output_tokens = output(request);
    return prompt_tokens + output_tokens - prefill_tokens_out() > most_cached_tokens() ||
           prompt_tokens + output_tokens > max_model_len ||
           (takes_whole_prompts() && prompt_tokens > max_batched_tokens);
  }
};

static_assert(std::is_trivially_copyable_v<ReplicaWorld>,
              "a world is copied to the device as bytes");

}  // namespace servesweep
