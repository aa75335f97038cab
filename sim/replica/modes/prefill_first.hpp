// An iteration either prefills or decodes (vLLM v0): while waiting requests can be admitted their
// prompts are prefilled, else all running sequences decode.
#pragma once

#include "sim/core/field.hpp"
#include "sim/latency/iteration/iteration.hpp"
#include "sim/replica/modes/mode.hpp"

namespace servesweep {

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

struct PrefillFirstMode : ModeDefaults {
  static constexpr const char* kName = "prefill_first";
  using Schedule = PrefillFirstMode;

  template <class Scheduler>
  SERVESWEEP_FUNCTION static void schedule(Scheduler& scheduler, Ticks now) {
    IterationShape shape;
    if (scheduler.replica().num_waiting > 0) {
      scheduler.admit(now, scheduler.world().max_batched_tokens, shape);
    }
    if (shape.chunks > 0) {
      scheduler.start_prefill(now, shape);
    } else {
      decode(scheduler, now);
    }
  }

  // The decodes of an iteration without prefills, for other modes, too. Preempts until their blocks
  // are free.
  template <class Scheduler>
  SERVESWEEP_FUNCTION static void decode(Scheduler& scheduler, Ticks now) {
    auto& r = scheduler.replica();
    auto& sequences = scheduler.sequences();
    for (;;) {
      std::int64_t need = 0;
      if (r.context_sum > scheduler.world().max_decode_context && r.num_decoding > 1) {
        std::int64_t context = 0;
        r.num_chosen = sequences.choose(context, need);
        if (need <= sequences.free_blocks()) {
          sequences.take_blocks(r.num_chosen);
          scheduler.start_some_decodes(now, context);
          return;
        }
      } else if (r.num_decoding > 0) {
        need = sequences.needed_blocks();
      }
      if (need <= sequences.free_blocks()) break;
      scheduler.preempt_last(now);
    }
    sequences.take_blocks(r.num_decoding);
    scheduler.start_decodes(now);
  }
};

}  // namespace servesweep
