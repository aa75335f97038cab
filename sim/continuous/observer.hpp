// What a replica shows to those who watch it: its flights and the requests that it completed.
#pragma once

#include "sim/core/ticks.hpp"

namespace servesweep {

// One flight, for observers.
struct FlightEvent {
  Ticks start = 0;
  Ticks end = 0;
  std::int64_t iterations = 0;
  std::int64_t context_sum = 0;  // over decodes, in the first iteration
  std::int64_t prefill_tokens = 0;
  std::int64_t used_blocks = 0;  // in the last iteration
  std::int32_t replica = 0;
  std::int32_t decodes = 0;
  std::int32_t chunks = 0;
  std::int32_t waiting = 0;  // when it was scheduled
  std::int32_t preemptions = 0;
};

// One completed request. Times since the first arrival of the world.
struct CompletedRequest {
  std::uint32_t request = 0;
  std::int32_t replica = 0;
  std::int32_t prompt_tokens = 0;
  std::int32_t output_tokens = 0;
  Ticks arrival = 0;
  Ticks first_scheduled = 0;
  Ticks first_token = 0;      // end of the first prefill
  Ticks end = 0;              // as the client sees it
  std::int64_t tpot_ps = -1;  // -1: the prefill was all
};

// Observers see every flight, every completed request, and the sequences of every flight; this one
// costs nothing.
struct NoServedObserver {
  static constexpr bool kSeesSequences = false;
  SERVESWEEP_FUNCTION void flight(const FlightEvent&) {}
  SERVESWEEP_FUNCTION void request(const CompletedRequest&) {}
};

}  // namespace servesweep
