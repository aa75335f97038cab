// What a scheduling mode is: how a replica chooses its next iteration. A mode is a struct with
// kName and
//   Schedule                   the type whose schedule() it has: itself, or another mode
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

  // Whether there is something to schedule; where it says no it has idled or waits.
  template <class Scheduler>
  SERVESWEEP_FUNCTION static bool is_ready(Scheduler& /*scheduler*/, Ticks /*now*/) {
    return true;
  }
};

}  // namespace servesweep
