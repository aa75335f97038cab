// Prefills and decodes share an iteration (vLLM v1; Sarathi, Agrawal et al. 2024,
// arXiv:2403.02310): of its token budget every decode takes one, then the prompt that is partly
// prefilled, then newly admitted prompts.
#pragma once

#include "sim/core/field.hpp"
#include "sim/latency/iteration/iteration.hpp"
#include "sim/replica/modes/mode.hpp"

namespace servesweep {

struct ChunkParams {
  bool chunked_prefill = true;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&ChunkParams::chunked_prefill, "chunked_prefill",
          "A prompt that does not fit the iteration's budget is prefilled in chunks; false: only "
          "whole prompts are admitted.");
  }
};

struct MixedMode : ModeDefaults {
  static constexpr const char* kName = "mixed";
  using Schedule = MixedMode;
  static constexpr bool kMixesDecodes = true;
  static constexpr bool kChunksPrompts = true;

  template <class Scheduler>
  SERVESWEEP_FUNCTION static void schedule(Scheduler& scheduler, Ticks now) {
    auto& r = scheduler.replica();
    auto& sequences = scheduler.sequences();
    const auto& w = scheduler.world();
    for (;;) {
      std::int64_t need = sequences.needed_blocks();
      if (r.partial >= 0) {
        auto& s = sequences[r.partial];
        s.chunk = static_cast<std::int32_t>(min_of<std::int64_t>(
            s.num_tokens - s.num_computed_tokens, w.max_batched_tokens - r.num_decoding));
        need += w.blocks_of(s.num_computed_tokens + s.chunk) - w.blocks_of(s.num_computed_tokens);
      }
      if (need <= sequences.free_blocks()) break;
      scheduler.preempt_last(now);
    }
    IterationShape shape;
    std::int64_t budget = w.max_batched_tokens - r.num_decoding;
    if (r.partial >= 0) {
      const auto& s = sequences[r.partial];
      shape.add_chunk(s.num_computed_tokens, s.chunk);
      budget -= s.chunk;
    }
    sequences.take_blocks(r.num_decoding);
    if (r.partial >= 0) sequences.take_chunk_blocks(r.partial);
    if (r.num_preempted == 0 && r.num_waiting > 0) scheduler.admit(now, budget, shape);
    if (shape.chunks > 0) {
      shape.decodes = r.num_decoding;
      shape.context_sum = r.context_sum;
      scheduler.start_prefill(now, shape);
    } else {
      scheduler.start_decodes(now);
    }
  }
};

}  // namespace servesweep
