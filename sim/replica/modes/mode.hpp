// What a scheduling mode is: how a replica chooses its next iteration. A mode is a struct with
// kName and
//   schedule(scheduler, now)   ends in one of ReplicaScheduler's start_decodes(), start_prefill(),
//                              start_some_decodes() or idle() (sim/replica/scheduler.hpp)
// What the engine asks beside that, a mode overrides where its answer differs.
#pragma once

#include "sim/core/ticks.hpp"

namespace servesweep {

struct ModeDefaults {
  static constexpr bool kMixesDecodes = false;   // an iteration with prefills decodes, too
  static constexpr bool kChunksPrompts = false;  // a prompt may be prefilled in several iterations
  static constexpr bool kSendsBatches = false;   // a client sends batches and waits for their end
};

}  // namespace servesweep
