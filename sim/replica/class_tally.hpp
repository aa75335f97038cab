// The counts and latencies of each priority class, beside those of all requests of a world. Only
// worlds with at least two classes have them, and with no more than kMostClasses.
#pragma once

#include "sim/replica/tally.hpp"

namespace servesweep {

constexpr std::int32_t kMostClasses = 64;

// The latencies of a request; inter-token times are not told apart by class.
constexpr int kNumRequestLatencies = 4;
SERVESWEEP_FUNCTION constexpr LatencyKind request_latency(int i) {
  constexpr LatencyKind kKinds[] = {LatencyKind::kQueue, LatencyKind::kTtft, LatencyKind::kTpot,
                                    LatencyKind::kE2e};
  return kKinds[i];
}

// Of one class at one replica, or at all replicas of a world.
struct ClassTally {
  std::int64_t completed = 0;
  std::int64_t preemptions = 0;
  std::int64_t within_limits = 0;
  std::int64_t timed_outputs = 0;
  Int128 tpot_sum_ps = 0;
  Ticks queue_sum = 0;
  Ticks ttft_sum = 0;
  Ticks e2e_sum = 0;
  double largest_ns[kNumRequestLatencies] = {};

  // How many values a latency's histogram has.
  SERVESWEEP_FUNCTION std::int64_t count(int latency) const {
    return request_latency(latency) == LatencyKind::kTpot ? timed_outputs : completed;
  }
  SERVESWEEP_FUNCTION void add(const ClassTally& o) {
    completed += o.completed;
    preemptions += o.preemptions;
    within_limits += o.within_limits;
    timed_outputs += o.timed_outputs;
    tpot_sum_ps += o.tpot_sum_ps;
    queue_sum += o.queue_sum;
    ttft_sum += o.ttft_sum;
    e2e_sum += o.e2e_sum;
    for (int i = 0; i < kNumRequestLatencies; ++i) {
      largest_ns[i] = max_of(largest_ns[i], o.largest_ns[i]);
    }
  }
};

}  // namespace servesweep
