// The completion events of a world's GPUs: a time each, with the minimum of every eight times, so
// that the earliest of hundreds is two short scans away. The lanes of a group share the scans.
#pragma once

#include <cstddef>

#include "sim/core/lanes.hpp"

namespace servesweep {

struct GpuEventBlocks {
  static constexpr std::int32_t kSize = 8;
  SERVESWEEP_FUNCTION static std::int32_t count(std::int32_t n) { return (n + kSize - 1) / kSize; }
  SERVESWEEP_FUNCTION static std::int32_t padded(std::int32_t n) { return count(n) * kSize; }
  // Length of the times array that num_gpus need.
  SERVESWEEP_FUNCTION static std::int32_t num_times(std::int32_t num_gpus) {
    return padded(num_gpus) + padded(count(num_gpus));
  }
};

template <class Lanes>
class GpuEvents {
 public:
  // times_ns: [num_times(num_gpus)]
  SERVESWEEP_FUNCTION GpuEvents(const Lanes& lanes, std::int64_t* times_ns, std::int32_t num_gpus)
      : lanes_(lanes),
        times_ns_(times_ns),
        block_ns_(times_ns + Blocks::padded(num_gpus)),
        num_blocks_(Blocks::count(num_gpus)) {
    lanes_.for_each(Blocks::num_times(num_gpus), [=](std::int32_t i) { times_ns[i] = kNever; });
  }

  // The GPU was idle and starts.
  SERVESWEEP_FUNCTION void add(std::int32_t gpu, std::int64_t time_ns) {
    lanes_.once([&] {
      times_ns_[gpu] = time_ns;
      block_ns_[gpu / kBlock] = min_of(block_ns_[gpu / kBlock], time_ns);
    });
    next_time_ns_ = min_of(next_time_ns_, time_ns);
  }

  // The GPU whose event was next starts again, or with kNever stays idle.
  SERVESWEEP_FUNCTION void replace_next(std::int32_t gpu, std::int64_t time_ns) {
    const std::int32_t block = gpu / kBlock;
    lanes_.once([&] { times_ns_[gpu] = time_ns; });
    const std::int64_t block_ns = lanes_.least(times_ns_ + block * kBlock, kBlock);
    lanes_.once([&] { block_ns_[block] = block_ns; });
    next_time_ns_ = lanes_.least(block_ns_, Blocks::padded(num_blocks_));
  }

  SERVESWEEP_FUNCTION std::int64_t next_time_ns() const { return next_time_ns_; }

  // The lowest id among the GPUs that complete next.
  SERVESWEEP_FUNCTION std::int32_t next_gpu() const {
    const std::int32_t block =
        lanes_.first(num_blocks_, [&](std::int32_t b) { return block_ns_[b] == next_time_ns_; });
    const std::int32_t first = block * kBlock;
    return first + lanes_.first(kBlock, [&](std::int32_t i) {
      return times_ns_[first + i] == next_time_ns_;
    });
  }

 private:
  using Blocks = GpuEventBlocks;
  static constexpr std::int32_t kBlock = Blocks::kSize;

  const Lanes& lanes_;
  std::int64_t* times_ns_;  // [gpu], padded to whole blocks
  std::int64_t* block_ns_;  // [block], the minima, padded too
  std::int32_t num_blocks_;
  std::int64_t next_time_ns_ = kNever;
};

}  // namespace servesweep
