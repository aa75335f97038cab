// What lets simulation code compile for the host, CUDA and HIP without knowing Kokkos.
#pragma once

#if defined(__HIPCC__)
#include <hip/hip_runtime.h>  // memcpy and the bit functions of the device
#endif

#include <cstdint>
#include <cstring>

#if defined(__CUDACC__) || defined(__HIPCC__)
#define SERVESWEEP_FUNCTION __host__ __device__ inline
#else
#define SERVESWEEP_FUNCTION inline
#endif
// For functions of the inner loop that the compiler would call: a call costs them a tenth.
#define SERVESWEEP_INLINE SERVESWEEP_FUNCTION __attribute__((always_inline))

namespace servesweep {

// Sums that can pass 9.2e18.
using Int128 = __int128;

// value * count as a 128-bit term of such a sum; both are >= 0.
SERVESWEEP_FUNCTION Int128 times(std::int64_t value, std::int32_t count) {
  return static_cast<Int128>(static_cast<unsigned __int128>(static_cast<std::uint64_t>(value)) *
                             static_cast<std::uint32_t>(count));
}

template <class T>
SERVESWEEP_FUNCTION T min_of(T a, T b) {
  return b < a ? b : a;
}

template <class T>
SERVESWEEP_FUNCTION T max_of(T a, T b) {
  return a < b ? b : a;
}

template <class T>
SERVESWEEP_FUNCTION T clamp_to(T value, T low, T high) {
  return min_of(max_of(value, low), high);
}

// Index of the lowest set bit of a word that has one.
SERVESWEEP_FUNCTION std::int32_t lowest_bit(std::uint64_t word) {
#if defined(__CUDA_ARCH__) || defined(__HIP_DEVICE_COMPILE__)
  return __ffsll(static_cast<long long>(word)) - 1;
#else
  return __builtin_ctzll(word);
#endif
}

// Index of the highest set bit of a word that has one.
SERVESWEEP_FUNCTION std::int32_t highest_bit(std::uint64_t word) {
#if defined(__CUDA_ARCH__) || defined(__HIP_DEVICE_COMPILE__)
  return 63 - __clzll(static_cast<long long>(word));
#else
  return 63 - __builtin_clzll(word);
#endif
}

// A value >= 0 as the nearest double. (Compilers for AMD GPUs cannot convert 128 bits.)
SERVESWEEP_FUNCTION double to_double(Int128 value) {
  const auto bits = static_cast<unsigned __int128>(value);
  const auto high = static_cast<std::uint64_t>(bits >> 64);
  const auto low = static_cast<std::uint64_t>(bits);
  if (high == 0) return static_cast<double>(low);
  // The first 64 bits, the last one set if any later bit is, round as all the bits would.
  const std::int32_t shift = highest_bit(high) + 1;
  const std::uint64_t first = high << (64 - shift) | low >> shift;
  const std::uint64_t rest = low << (64 - shift) != 0 ? 1 : 0;
  return static_cast<double>(first | rest) * static_cast<double>(UINT64_C(1) << shift);
}

SERVESWEEP_FUNCTION std::int32_t count_bits(std::uint32_t word) {
#if defined(__CUDA_ARCH__) || defined(__HIP_DEVICE_COMPILE__)
  return __popc(word);
#else
  return __builtin_popcount(word);
#endif
}

// Half away from zero for values >= 0: what llround does, the same on every backend.
SERVESWEEP_FUNCTION std::int64_t round_to_int64(double value) {
  const auto whole = static_cast<std::int64_t>(value);
  return whole + (value - static_cast<double>(whole) >= 0.5 ? 1 : 0);
}

// Towards minus infinity, as the controllers' integer arithmetic asks.
SERVESWEEP_FUNCTION std::int32_t floor_half(std::int32_t value) {
  return (value - (value < 0 ? 1 : 0)) / 2;
}

}  // namespace servesweep
