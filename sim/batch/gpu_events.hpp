// The completion events of a world's GPUs: a time each, with the minimum of every eight of them, so
// that the earliest of hundreds is two short scans away. Scans are vector loops on a CPU and can be
// shared by the lanes on a GPU.
#pragma once

#include <cstddef>

#include "sim/clock.hpp"

namespace servesweep {

class GpuEvents {
 public:
  // Length of the times array that num_gpus need.
  SERVESWEEP_FUNCTION static std::size_t num_times(std::int32_t num_gpus) {
    const std::int32_t blocks = num_blocks(num_gpus);
    return std::size_t{kBlock} * static_cast<std::size_t>(blocks + num_blocks(blocks));
  }

  // times_ns: [num_times(num_gpus)]
  SERVESWEEP_FUNCTION GpuEvents(std::int64_t* times_ns, std::int32_t num_gpus)
      : times_ns_(times_ns),
        block_ns_(times_ns + kBlock * num_blocks(num_gpus)),
        num_tops_(num_blocks(num_blocks(num_gpus))) {
    const std::size_t count = num_times(num_gpus);
    for (std::size_t i = 0; i < count; ++i) times_ns_[i] = kNever;
  }

  // The GPU was idle and starts.
  SERVESWEEP_FUNCTION void add(std::int32_t gpu, std::int64_t time_ns) {
    times_ns_[gpu] = time_ns;
    block_ns_[gpu / kBlock] = min_of(block_ns_[gpu / kBlock], time_ns);
    next_time_ns_ = min_of(next_time_ns_, time_ns);
  }

  // The GPU whose event was next starts again, or with kNever stays idle.
  SERVESWEEP_FUNCTION void replace_next(std::int32_t gpu, std::int64_t time_ns) {
    const std::int32_t block = gpu / kBlock;
    times_ns_[gpu] = time_ns;
    block_ns_[block] = minimum(times_ns_ + block * kBlock);
    next_time_ns_ = minimum(block_ns_);
    for (std::int32_t top = 1; top < num_tops_; ++top) {
      next_time_ns_ = min_of(next_time_ns_, minimum(block_ns_ + top * kBlock));
    }
  }

  SERVESWEEP_FUNCTION std::int64_t next_time_ns() const { return next_time_ns_; }

  // The lowest id among the GPUs that complete next.
  SERVESWEEP_FUNCTION std::int32_t next_gpu() const {
    std::int32_t block = 0;
    while (block_ns_[block] != next_time_ns_) ++block;
    std::int32_t gpu = block * kBlock;
    while (times_ns_[gpu] != next_time_ns_) ++gpu;
    return gpu;
  }

 private:
  static constexpr std::int32_t kBlock = 8;

  SERVESWEEP_FUNCTION static std::int32_t num_blocks(std::int32_t n) {
    return (n + kBlock - 1) / kBlock;
  }

  SERVESWEEP_FUNCTION static std::int64_t minimum(const std::int64_t* times_ns) {
    std::int64_t least_ns = times_ns[0];
    for (std::int32_t i = 1; i < kBlock; ++i) least_ns = min_of(least_ns, times_ns[i]);
    return least_ns;
  }

  std::int64_t* times_ns_;  // [gpu], padded to whole blocks
  std::int64_t* block_ns_;  // [block], the minima, padded too
  std::int32_t num_tops_;
  std::int64_t next_time_ns_ = kNever;
};

}  // namespace servesweep
