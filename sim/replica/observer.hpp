// What leaves a replica: its runs of iterations and completed requests, for an observer; and, for
// an owner that uses the ports, prefills that are complete and evictions.
#pragma once

#include <type_traits>

#include "sim/core/ticks.hpp"

namespace servesweep {

// A run of iterations that are alike: one with prefills, or decodes of the same sequences.
struct IterationRun {
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

// A sequence with its KV, between two replicas. Its prefill is complete: prompt + generated tokens
// are in the KV cache, the last generated one not yet.
struct KvSequence {
  std::uint32_t request = 0;
  std::int32_t generated = 0;  // tokens
  Ticks first_scheduled = 0;
  Ticks first_token = 0;
  Ticks last_token = 0;
};

// A request that leaves a replica before its end.
struct UnfinishedRequest {
  std::uint32_t request = 0;
  std::int32_t generated = 0;  // tokens, whose KV is lost
};

// An observer sees every run of iterations and every completed request, and where kSeesSequences is
// true the sequences of each run. This one costs nothing.
//
// An observer with static constexpr bool kSeesGaps = true sees every inter-token time:
//   void gap(Ticks span, n)                            an inter-token time of n sequences
//
// An owner that uses a replica's ports (sim/replica/replica.hpp) is an observer with
//   static constexpr bool kUsesPorts = true;
//   bool prefilled(replica, const KvSequence&, time)   a prefill is complete and its sequence has
//                                                      tokens to decode; true: the sequence leaves
//   void evicted(replica, request, time)               a sequence lost its KV and waits again
struct NoServedObserver {
  static constexpr bool kSeesSequences = false;
  SERVESWEEP_FUNCTION void ran(const IterationRun&) {}
  SERVESWEEP_FUNCTION void request(const CompletedRequest&) {}
};

// Whether an observer takes what leaves a replica by its ports; where not, the ports cost nothing.
template <class Observer, class = void>
constexpr bool kUsesPorts = false;
template <class Observer>
constexpr bool kUsesPorts<Observer, std::enable_if_t<Observer::kUsesPorts>> = true;

template <class Observer, class = void>
constexpr bool kSeesGaps = false;
template <class Observer>
constexpr bool kSeesGaps<Observer, std::enable_if_t<Observer::kSeesGaps>> = true;

}  // namespace servesweep
