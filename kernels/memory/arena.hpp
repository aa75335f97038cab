// Memory whose pieces are given up all together: planned, reserved as one block, and then handed
// out without an allocation.
#pragma once

#include <Kokkos_Core.hpp>
#include <string>

#include "kernels/device/profile.hpp"
#include "kernels/memory/memory_block.hpp"

namespace servesweep {

template <class Space>
class Arena {
 public:
  explicit Arena(const char* label) : label_(label) {}

  // Makes room for this many bytes; all pieces are given up.
  void reserve(std::size_t bytes) {
    if (bytes > capacity()) {
      release();
      block_ = Kokkos::View<unsigned char*, Space>(
          Kokkos::view_alloc(std::string(label_), Kokkos::WithoutInitializing),
          MemoryBlock::padded(bytes));
      profile_count(ProfileCount::kAllocations, 1);
      profile_count(ProfileCount::kAllocatedBytes, static_cast<std::int64_t>(capacity()));
    }
    pieces_ = MemoryBlock(block_.data(), capacity());
  }
  void release() {
    block_ = {};
    pieces_ = MemoryBlock(nullptr, 0);
  }

  template <class T>
  T* take(std::size_t count) {
    T* array = nullptr;
    pieces_.take(array, static_cast<std::int64_t>(count));
    return array;
  }
  MemoryBlock& pieces() { return pieces_; }
  std::size_t capacity() const { return block_.extent(0); }

 private:
  const char* label_;
  Kokkos::View<unsigned char*, Space> block_;
  MemoryBlock pieces_{nullptr, 0};
};

}  // namespace servesweep
