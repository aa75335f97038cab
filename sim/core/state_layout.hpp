// Lays the arrays of a world's working memory out in one block, one after the other.
#pragma once

#include <cstddef>

#include "sim/core/portability.hpp"

namespace servesweep {

class StateLayout {
 public:
  static constexpr std::size_t kAlignment = 16;

  // memory: aligned to kAlignment; null: arrays are null, and only their bytes are counted.
  SERVESWEEP_FUNCTION explicit StateLayout(unsigned char* memory) : memory_(memory) {}

  template <class T>
  SERVESWEEP_FUNCTION void take(T*& array, std::size_t count) {
    static_assert(alignof(T) <= kAlignment);
    array = memory_ == nullptr || count == 0 ? nullptr : reinterpret_cast<T*>(memory_ + bytes_);
    bytes_ += (count * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
  }

  SERVESWEEP_FUNCTION std::size_t bytes() const { return bytes_; }

 private:
  unsigned char* memory_;
  std::size_t bytes_ = 0;
};

}  // namespace servesweep
