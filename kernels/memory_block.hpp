// Arrays laid out one after the other in a block of memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace servesweep {

class MemoryBlock {
 public:
  static constexpr std::size_t kAlign = 256;  // what device-wide primitives ask of their memory

  // null: arrays are null, and only their bytes are counted.
  explicit MemoryBlock(void* block) : base_(static_cast<unsigned char*>(block)) {}

  template <class T>
  void take(T*& array, std::int64_t count) {
    array = base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + bytes_);
    bytes_ += (static_cast<std::size_t>(count) * sizeof(T) + kAlign - 1) / kAlign * kAlign;
  }

  std::size_t bytes() const { return bytes_; }

 private:
  unsigned char* base_;
  std::size_t bytes_ = 0;
};

}  // namespace servesweep
