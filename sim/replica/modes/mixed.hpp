// Prefills and decodes share an iteration (vLLM v1; Sarathi, Agrawal et al. 2024,
// arXiv:2403.02310): in the order of the running list every decode takes one token of its budget
// and every prompt that is partly prefilled a chunk, then newly admitted prompts take theirs.
#pragma once

#include "sim/core/field.hpp"
#include "sim/latency/iteration/iteration.hpp"
#include "sim/replica/modes/mode.hpp"

namespace servesweep {

constexpr std::int32_t kMaxLongPrefills = 1 << 20;

struct ChunkParams {
  bool chunked_prefill = true;
  bool reserve_full_isl = true;
  bool async_scheduling = true;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = ChunkParams;
    visit(&P::chunked_prefill, "chunked_prefill",
          "A prompt that does not fit the iteration's budget is prefilled in chunks; false: only "
          "whole prompts are admitted.");
    visit(&P::reserve_full_isl, "reserve_full_isl",
          "A request is admitted only where the KV blocks of all its tokens are free (vLLM "
          "0.19); false: where those of its next chunk are (older servers).");
    visit(&P::async_scheduling, "async_scheduling",
          "An iteration is scheduled when the one before it starts (vLLM 0.19), so that "
          "arrivals and blocks given back count one iteration later; false: when it ends.");
  }
};

// Read where prompts are prefilled in chunks.
struct LongPrefillParams {
  std::int32_t long_prefill_token_threshold = 0;
  std::int32_t max_long_partial_prefills = 0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = LongPrefillParams;
    visit(&P::long_prefill_token_threshold, "long_prefill_token_threshold", "tokens", 0, 1e9,
          "Most tokens of one prompt in an iteration, so that others share it; 0: no limit but "
          "max_num_batched_tokens.");
    visit(&P::max_long_partial_prefills, "max_long_partial_prefills", "requests", 0,
          kMaxLongPrefills,
          "What if: no longer prompt than long_prefill_token_threshold is admitted while so many "
          "of them are being prefilled. vLLM v1 has this flag but does not enforce it; 0: nor is "
          "it here.");
  }
};

struct MixedMode : ModeDefaults {
  static constexpr const char* kName = "mixed";
  using Schedule = MixedMode;
  static constexpr bool kMixesDecodes = true;
  static constexpr bool kChunksPrompts = true;

  template <class Scheduler>
  SERVESWEEP_FUNCTION static void schedule(Scheduler& scheduler, Ticks now) {
    const auto& r = scheduler.replica();
    bool lags = scheduler.world().async_scheduling;
    if (lags) scheduler.see(r.seen);
    bool is_done = false;
    while (!is_done) {
      is_done = schedule_once(scheduler, now);
      if (!lags) continue;
      lags = false;
      is_done = is_done && r.end < kNeverTicks;
      scheduler.iterations().settle();
      if (!is_done) scheduler.see(kNeverTicks);
    }
  }

 private:
  // false: sequences were preempted, and nothing runs; the server schedules once more.
  template <class Scheduler>
  SERVESWEEP_INLINE static bool schedule_once(Scheduler& scheduler, Ticks now) {
    auto& r = scheduler.replica();
    auto& sequences = scheduler.sequences();
    const std::int32_t preempted_before = r.num_preempted;
    take_blocks(scheduler, now);
    IterationShape shape;
    std::int64_t budget = scheduler.world().max_batched_tokens - r.num_decoding;
    for (std::int32_t slot = r.partial; slot >= 0;
         slot = sequences.next_prefill(sequences[slot].next)) {
      const auto& s = sequences[slot];
      if (s.chunk > 0) shape.add_chunk(s.num_computed_tokens, s.chunk);
      budget -= s.chunk;
    }
    const bool has_preempted = r.num_preempted > preempted_before;
    if (!has_preempted && r.num_waiting > 0) scheduler.admit(now, budget, shape);
    shape.decodes = r.num_decoding;
    shape.context_sum = r.context_sum;
    if (shape.chunks > 0 || (shape.decodes > 0 && (r.num_held_up > 0 || r.partial >= 0))) {
      scheduler.start_prefill(now, shape);
      return true;
    }
    if (r.num_held_up > 0) sequences.resume_held_up();
    if (has_preempted && shape.decodes == 0) {
      scheduler.iterations().idle();
      return false;
    }
    scheduler.start_decodes(now);
    return true;
  }

  // The blocks of the running sequences, and the chunks of those that are prefilled.
  template <class Scheduler>
  SERVESWEEP_FUNCTION static void take_blocks(Scheduler& scheduler, Ticks now) {
    auto& r = scheduler.replica();
    auto& sequences = scheduler.sequences();
    const auto& w = scheduler.world();
    std::int64_t need = sequences.needed_blocks();
    if (r.partial >= 0) {
      auto& s = sequences[r.partial];
      s.chunk = static_cast<std::int32_t>(
          scheduler.chunk_of(r.partial, w.max_batched_tokens - r.num_decoding));
      need += w.blocks_of(s.num_computed_tokens + s.chunk) - w.blocks_of(s.num_computed_tokens);
    }
    if (need > sequences.free_blocks() || (w.limits_chunks() && r.partial >= 0)) {
      scheduler.take_blocks_in_order(now, w.max_batched_tokens);
      return;
    }
    sequences.take_blocks(r.num_decoding);
    if (r.partial >= 0) sequences.take_chunk_blocks(r.partial);
  }
};

}  // namespace servesweep
