// Sorts and scans of device memory: Thrust on the CPU, CUB with CUDA, rocPRIM with HIP. Their types
// stay in primitives_cpu.cpp and primitives_gpu.cpp: the CUDA compiler brings another Thrust than
// the host's.
//
// A call without `out` returns how many bytes of temporary memory it takes; one with it runs, in
// `temp` (256-byte aligned device memory), which is not used on the CPU. Work is queued on the
// given execution-space instance. Input and output do not overlap. Nothing is allocated, but for
// what Thrust takes itself on the CPU.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/device/portability.hpp"

namespace servesweep {

std::size_t sort_ascending(const Device& device, const std::int32_t* in, std::int32_t* out,
                           std::uint32_t n, void* temp);

// Equal keys keep their order. Only the lowest `key_bits` of a key are set.
std::size_t stable_sort_by_key(const Device& device, const std::uint16_t* keys_in,
                               std::uint16_t* keys_out, const std::uint32_t* values_in,
                               std::uint32_t* values_out, std::uint32_t n, int key_bits,
                               void* temp);

// out[i] = in[0] + .. + in[i - 1]
std::size_t exclusive_scan(const Device& device, const std::uint32_t* in, std::uint32_t* out,
                           std::uint32_t n, void* temp);

// Sorts each in[begin[s] .. end[s]) into the same places of `out`, ascending. Segments lie in
// [0, n), apart from each other, in any order; what lies in none is left undefined in `out`.
std::size_t segmented_sort(const Device& device, const std::int64_t* in, std::int64_t* out,
                           std::uint32_t n, std::int32_t segments, const std::uint32_t* begin,
                           const std::uint32_t* end, void* temp);

}  // namespace servesweep
