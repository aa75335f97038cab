// Arrays laid out one after the other in a block of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>

namespace servesweep {

class MemoryBlock {
 public:
  static constexpr std::size_t kAlign = 256;  // what device-wide primitives ask of their memory

  // null: arrays are null, and only their bytes are counted.
  explicit MemoryBlock(void* block = nullptr, std::size_t capacity = SIZE_MAX)
      : base_(static_cast<unsigned char*>(block)), capacity_(capacity) {}

  static std::size_t padded(std::size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

  // Uninitialized. Throws where what was planned is too little.
  template <class T>
  void take(T*& array, std::int64_t count) {
    array = base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + bytes_);
    bytes_ += padded(static_cast<std::size_t>(count) * sizeof(T));
    if (bytes_ > capacity_) throw std::logic_error("more memory is taken than was planned");
  }

  std::size_t bytes() const { return bytes_; }
  std::size_t left() const { return capacity_ - bytes_; }

 private:
  unsigned char* base_;
  std::size_t capacity_;
  std::size_t bytes_ = 0;
};

}  // namespace servesweep
