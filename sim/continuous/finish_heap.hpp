// The decoding sequences of a replica by the decode iteration in which they end:
// a heap of four children a node, so that a node's children share a cache line. Sequences know
// their place in it.
#pragma once

#include "sim/continuous/state.hpp"

namespace servesweep {

class FinishHeap {
 public:
  SERVESWEEP_FUNCTION explicit FinishHeap(const ReplicaMemory& memory)
      : entries_(memory.finishing),
        sequences_(memory.sequences),
        size_(memory.replica->num_finishing) {}

  SERVESWEEP_FUNCTION bool is_empty() const { return size_ == 0; }
  SERVESWEEP_FUNCTION const FinishEntry& least() const { return entries_[0]; }

  SERVESWEEP_FUNCTION void push(std::int64_t finish_at, std::int32_t slot) {
    rise(size_++, {finish_at, slot});
  }
  SERVESWEEP_FUNCTION void remove(std::int32_t slot) {
    const std::int32_t place = sequences_[slot].heap_place;
    const FinishEntry moved = entries_[--size_];
    if (place == size_) return;
    if (place > 0 && moved.finish_at < entries_[(place - 1) / kChildren].finish_at) {
      rise(place, moved);
    } else {
      sink(place, moved);
    }
  }
  // Later than before.
  SERVESWEEP_FUNCTION void postpone(std::int32_t slot, std::int64_t finish_at) {
    sink(sequences_[slot].heap_place, {finish_at, slot});
  }

 private:
  static constexpr std::int32_t kChildren = 4;

  SERVESWEEP_FUNCTION void put(std::int32_t place, const FinishEntry& entry) {
    entries_[place] = entry;
    sequences_[entry.slot].heap_place = place;
  }
  SERVESWEEP_FUNCTION void rise(std::int32_t place, const FinishEntry& entry) {
    while (place > 0) {
      const std::int32_t parent = (place - 1) / kChildren;
      if (entries_[parent].finish_at <= entry.finish_at) break;
      put(place, entries_[parent]);
      place = parent;
    }
    put(place, entry);
  }
  SERVESWEEP_FUNCTION void sink(std::int32_t place, const FinishEntry& entry) {
    for (;;) {
      const std::int32_t begin = place * kChildren + 1;
      if (begin >= size_) break;
      const std::int32_t end = min_of(begin + kChildren, size_);
      std::int32_t least = begin;
      for (std::int32_t child = begin + 1; child < end; ++child) {
        if (entries_[child].finish_at < entries_[least].finish_at) least = child;
      }
      if (entry.finish_at <= entries_[least].finish_at) break;
      put(place, entries_[least]);
      place = least;
    }
    put(place, entry);
  }

  FinishEntry* entries_;
  Sequence* sequences_;
  std::int32_t& size_;
};

}  // namespace servesweep
