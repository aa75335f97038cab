// The decoding sequences of a replica by the decode iteration in which they end: a ring of lists,
// one for each of the next kSize iterations, and a bit for each list that is not empty. What ends
// later lies in the list of an earlier turn of the ring, where no sequence ends in that turn.
#pragma once

#include "sim/replica/state.hpp"

namespace servesweep {

class FinishRing {
 public:
  SERVESWEEP_FUNCTION explicit FinishRing(const ReplicaMemory& memory)
      : ring_(*memory.ring), sequences_(memory.sequences) {}

  SERVESWEEP_FUNCTION void reset() {
    for (std::int32_t& head : ring_.heads) head = kNoSlot;
    for (std::uint64_t& bits : ring_.used) bits = 0;
  }

  SERVESWEEP_FUNCTION void add(std::int32_t slot) {
    Sequence& s = sequences_[slot];
    const std::int32_t list = list_of(s.finish_at);
    s.ring_previous = kNoSlot;
    s.ring_next = ring_.heads[list];
    if (s.ring_next != kNoSlot) sequences_[s.ring_next].ring_previous = slot;
    ring_.heads[list] = slot;
    ring_.used[list / 64] |= UINT64_C(1) << (list % 64);
  }

  SERVESWEEP_FUNCTION void remove(std::int32_t slot) {
    const Sequence& s = sequences_[slot];
    if (s.ring_next != kNoSlot) sequences_[s.ring_next].ring_previous = s.ring_previous;
    if (s.ring_previous != kNoSlot) {
      sequences_[s.ring_previous].ring_next = s.ring_next;
      return;
    }
    const std::int32_t list = list_of(s.finish_at);
    ring_.heads[list] = s.ring_next;
    if (s.ring_next == kNoSlot) ring_.used[list / 64] &= ~(UINT64_C(1) << (list % 64));
  }

  // A sequence that ends with iteration `now`, or kNoSlot.
  SERVESWEEP_FUNCTION std::int32_t ends_at(std::int64_t now) const {
    std::int32_t slot = ring_.heads[list_of(now)];
    while (slot != kNoSlot && sequences_[slot].finish_at != now) slot = sequences_[slot].ring_next;
    return slot;
  }

  // Iterations after `now`, from 1 on, before which no sequence ends. Needs a decoding
  // sequence.
  SERVESWEEP_FUNCTION std::int64_t until_next(std::int64_t now) const {
    const std::int32_t first = list_of(now + 1);
    std::int32_t word = first / 64;
    std::uint64_t bits = ring_.used[word] >> (first % 64) << (first % 64);
    while (bits == 0) {
      word = word + 1 == FinishLists::kWords ? 0 : word + 1;
      bits = ring_.used[word];
    }
    const std::int32_t next = word * 64 + lowest_bit(bits);
    return list_of(next - first) + 1;
  }

 private:
  SERVESWEEP_FUNCTION static std::int32_t list_of(std::int64_t iteration) {
    return static_cast<std::int32_t>(iteration & (FinishLists::kSize - 1));
  }

  FinishLists& ring_;
  Sequence* sequences_;
};

}  // namespace servesweep
