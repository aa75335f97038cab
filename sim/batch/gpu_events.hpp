// The completion events of a world's GPUs: a tournament tree over (time, GPU id). Setting one GPU's
// time replays the matches on its path, log2(G) selects without a branch; the winner is at the root.
#pragma once

#include "sim/clock.hpp"

namespace servesweep {

class GpuEvents {
 public:
  struct Match {
    std::int64_t time_ns;
    std::int64_t gpu;
  };

  SERVESWEEP_FUNCTION static std::int32_t num_leaves(std::int32_t num_gpus) {
    std::int32_t leaves = 1;
    while (leaves < num_gpus) leaves *= 2;
    return leaves;
  }

  // matches: [2 * num_leaves(num_gpus)]
  SERVESWEEP_FUNCTION GpuEvents(Match* matches, std::int32_t num_gpus)
      : matches_(matches), leaves_(num_leaves(num_gpus)) {
    for (std::int32_t i = 1; i < 2 * leaves_; ++i) {
      std::int32_t leaf = i;
      while (leaf < leaves_) leaf *= 2;
      matches_[i] = {kNever, leaf - leaves_};
    }
  }

  SERVESWEEP_FUNCTION void set(std::int32_t gpu, std::int64_t time_ns) {
    std::int32_t i = leaves_ + gpu;
    Match winner{time_ns, gpu};
    matches_[i] = winner;
    while (i > 1) {
      const Match other = matches_[i ^ 1];
      // The left one of two equal times has the lower id and wins.
      const bool wins = winner.time_ns - other.time_ns < (i & 1 ? 0 : 1);
      winner.time_ns = wins ? winner.time_ns : other.time_ns;
      winner.gpu = wins ? winner.gpu : other.gpu;
      i /= 2;
      matches_[i] = winner;
    }
  }

  SERVESWEEP_FUNCTION std::int64_t next_time_ns() const { return matches_[1].time_ns; }
  SERVESWEEP_FUNCTION std::int32_t next_gpu() const {
    return static_cast<std::int32_t>(matches_[1].gpu);
  }

 private:
  Match* matches_;
  std::int32_t leaves_;
};

}  // namespace servesweep
