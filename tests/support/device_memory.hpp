// Arrays in device memory, for tests of functions that take pointers to them.
#pragma once

#include <Kokkos_Core.hpp>
#include <vector>

#include "kernels/device/portability.hpp"

namespace servesweep {

template <class T>
class OnDevice {
 public:
  explicit OnDevice(std::size_t count) : view_("servesweep::test", count) {}
  explicit OnDevice(const std::vector<T>& values) : OnDevice(values.size()) {
    Kokkos::deep_copy(
        view_, Kokkos::View<const T*, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>(
                   values.data(), values.size()));
  }

  T* data() const { return view_.data(); }

  // Once the device has done what is queued.
  std::vector<T> values() const {
    Kokkos::fence();
    std::vector<T> copy(view_.extent(0));
    Kokkos::deep_copy(Kokkos::View<T*, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>(
                          copy.data(), copy.size()),
                      view_);
    return copy;
  }

 private:
  Kokkos::View<T*, DeviceMemory> view_;
};

}  // namespace servesweep
