// When decoding sequences need their next KV block. A sequence with c tokens in the cache needs one
// in the iteration that starts with c modulo block size = 0; as all sequences grow by one token an
// iteration, (c - iterations done) modulo block size never changes: the phase of the sequence.
#pragma once

#include "sim/core/portability.hpp"

namespace servesweep {

class BlockPhases {
 public:
  // counts: [block_size], sequences by phase. now: iterations done, modulo block_size.
  SERVESWEEP_FUNCTION BlockPhases(std::int32_t* counts, std::int32_t block_size, std::int32_t now)
      : counts_(counts), size_(block_size), now_(now) {}

  SERVESWEEP_FUNCTION std::int32_t phase_of(std::int32_t cached_tokens) const {
    const std::int32_t phase = cached_tokens % size_ - now_;
    return phase < 0 ? phase + size_ : phase;
  }

  // Blocks that the next `iterations` of n sequences take.
  SERVESWEEP_FUNCTION std::int64_t needed(std::int64_t iterations, std::int32_t n) const {
    std::int64_t blocks = 0;
    if (iterations >= size_) {  // a division is dear
      const std::int64_t rounds = iterations / size_;
      blocks = rounds * n;
      iterations -= rounds * size_;
    }
    const auto rest = static_cast<std::int32_t>(iterations);
    if (size_ > kShort) {
      std::int32_t phase = first_phase();
      for (std::int32_t i = 0; i < rest; ++i, phase = before(phase)) blocks += counts_[phase];
      return blocks;
    }
    // All phases, counting those that come in time: the end of a loop with one turn for each
    // iteration would be mispredicted.
    for (std::int32_t phase = 0; phase < size_; ++phase) {
      const std::int32_t iteration = first_phase() - phase;
      blocks += (iteration < 0 ? iteration + size_ : iteration) < rest ? counts_[phase] : 0;
    }
    return blocks;
  }

  // Blocks that the next iteration takes.
  SERVESWEEP_FUNCTION std::int64_t needed_now() const { return counts_[first_phase()]; }

  // How many iterations of n > 0 sequences `free` blocks are enough for, at most `wanted`.
  SERVESWEEP_FUNCTION std::int64_t affordable(std::int64_t wanted, std::int32_t n,
                                              std::int64_t free) const {
    if ((wanted + size_) * n <= free * size_) return wanted;
    const std::int64_t rounds = free / n;
    std::int64_t iterations = rounds * size_;
    free -= rounds * n;
    for (std::int32_t phase = first_phase(); iterations < wanted; phase = before(phase)) {
      free -= counts_[phase];
      if (free < 0) break;
      ++iterations;
    }
    return min_of(iterations, wanted);
  }

 private:
  static constexpr std::int32_t kShort = 32;

  // The phase of the sequences that need a block in the next iteration.
  SERVESWEEP_FUNCTION std::int32_t first_phase() const { return now_ == 0 ? 0 : size_ - now_; }
  SERVESWEEP_FUNCTION std::int32_t before(std::int32_t phase) const {
    return phase == 0 ? size_ - 1 : phase - 1;
  }

  std::int32_t* counts_;
  std::int32_t size_;
  std::int32_t now_;
};

}  // namespace servesweep
