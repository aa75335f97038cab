// The vector lanes of a team thread as a Warp (sim/core/lanes.hpp). Kokkos lays the lanes of a
// thread next to each other in a CUDA warp (32) or an AMD wavefront (64); a group has blockDim.x
// lanes. Kokkos' own shuffles are not used: they go through memory for anything longer than 8
// bytes, and fence the whole device on HIP. On the host a group has one lane.
//
// kWidth: the lanes of a group where the code is compiled for one width, which then is no value to
// keep or to compute with; 0: any width, found at run time.
#pragma once

#include "sim/core/portability.hpp"

namespace servesweep {

#if defined(__CUDA_ARCH__) || defined(__HIP_DEVICE_COMPILE__)

template <std::int32_t kWidth = 0>
class DeviceWarp {
 public:
  SERVESWEEP_FUNCTION std::int32_t width() const {
    return kWidth > 0 ? kWidth : static_cast<std::int32_t>(blockDim.x);
  }
  SERVESWEEP_FUNCTION std::int32_t lane() const { return static_cast<std::int32_t>(threadIdx.x); }

#ifdef __CUDA_ARCH__
  SERVESWEEP_FUNCTION void sync() const { __syncwarp(mask()); }
  SERVESWEEP_FUNCTION std::uint32_t ballot(bool b) const {
    return (__ballot_sync(mask(), b) & mask()) >> first_lane();
  }
  template <class T>
  SERVESWEEP_FUNCTION T exchange(T value, std::int32_t lane_mask) const {
    return __shfl_xor_sync(mask(), value, lane_mask);
  }
  template <class T>
  SERVESWEEP_FUNCTION T of_first_lane(T value) const {
    return __shfl_sync(mask(), value, 0, width());
  }
#else
  SERVESWEEP_FUNCTION void sync()
      const {  // a wavefront runs in step: only the compiler may reorder
    __builtin_amdgcn_fence(__ATOMIC_ACQ_REL, "wavefront");
    __builtin_amdgcn_wave_barrier();
  }
  SERVESWEEP_FUNCTION std::uint32_t ballot(bool b) const {
    return static_cast<std::uint32_t>(__ballot(b) >> first_lane()) & low_mask();
  }
  template <class T>
  SERVESWEEP_FUNCTION T exchange(T value, std::int32_t lane_mask) const {
    return __shfl_xor(value, lane_mask);
  }
  template <class T>
  SERVESWEEP_FUNCTION T of_first_lane(T value) const {
    return __shfl(value, 0, width());
  }
#endif
  SERVESWEEP_FUNCTION Int128 exchange(Int128 value, std::int32_t lane_mask) const {
    const auto low = static_cast<unsigned long long>(value);
    const auto high = static_cast<long long>(value >> 64);
    return static_cast<Int128>(exchange(high, lane_mask)) << 64 | exchange(low, lane_mask);
  }

  SERVESWEEP_FUNCTION void atomic_add(std::uint32_t& counter, std::uint32_t n) const {
    atomicAdd(&counter, n);
  }

 private:
  SERVESWEEP_FUNCTION std::uint32_t low_mask() const {
    return width() == 32 ? ~0U : (1U << width()) - 1;
  }
#ifdef __CUDA_ARCH__
  static constexpr unsigned kHardwareWidth = 32;
  SERVESWEEP_FUNCTION std::uint32_t mask() const { return low_mask() << first_lane(); }
#else
  static constexpr unsigned kHardwareWidth = 64;
#endif
  SERVESWEEP_FUNCTION unsigned first_lane() const {
    return threadIdx.y * static_cast<unsigned>(width()) % kHardwareWidth;
  }
};

#else

template <std::int32_t kWidth = 0>
class DeviceWarp {
 public:
  SERVESWEEP_FUNCTION std::int32_t width() const { return 1; }
  SERVESWEEP_FUNCTION std::int32_t lane() const { return 0; }
  SERVESWEEP_FUNCTION void sync() const {}
  SERVESWEEP_FUNCTION std::uint32_t ballot(bool b) const { return b ? 1 : 0; }
  template <class T>
  SERVESWEEP_FUNCTION T exchange(T value, std::int32_t) const {
    return value;
  }
  template <class T>
  SERVESWEEP_FUNCTION T of_first_lane(T value) const {
    return value;
  }
  SERVESWEEP_FUNCTION void atomic_add(std::uint32_t& counter, std::uint32_t n) const {
    counter += n;
  }
};

#endif

// Adds to a counter that the lanes of a world share; returns what it was before.
SERVESWEEP_FUNCTION std::uint32_t fetch_add(std::uint32_t& counter, std::uint32_t n) {
#if defined(__CUDA_ARCH__) || defined(__HIP_DEVICE_COMPILE__)
  return atomicAdd(&counter, n);
#else
  const std::uint32_t before = counter;
  counter += n;
  return before;
#endif
}

}  // namespace servesweep
