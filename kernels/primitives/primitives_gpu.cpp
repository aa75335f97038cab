// Sorts and scans on GPUs: CUB with CUDA, rocPRIM with HIP. Both take calls of one form, which
// without temporary memory only say how many bytes of it there must be.
#include <Kokkos_Core.hpp>
#include <string>

#if defined(KOKKOS_ENABLE_CUDA)
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_scan.cuh>
#include <cub/device/device_segmented_sort.cuh>
#else
#include <rocprim/rocprim.hpp>
#endif

#include "kernels/device/device.hpp"
#include "kernels/primitives/primitives.hpp"

namespace servesweep {

namespace {

#if defined(KOKKOS_ENABLE_CUDA)
bool is_good(cudaError_t code) { return code == cudaSuccess; }
const char* text_of(cudaError_t code) { return cudaGetErrorString(code); }
#else
bool is_good(hipError_t code) { return code == hipSuccess; }
const char* text_of(hipError_t code) { return hipGetErrorString(code); }
#endif

// `call(temp, bytes)` is the library's, of n things that go to `out`.
template <class Call>
std::size_t bytes_or_run(const char* what, std::uint32_t n, const void* out, void* temp,
                         const Call& call) {
  std::size_t bytes = 0;
  auto code = call(nullptr, bytes);
  if (is_good(code) && out != nullptr && n > 0) code = call(temp, bytes);
  if (is_good(code)) return bytes;
  throw DeviceError(std::string("cannot ") + what + " on the GPU (" + text_of(code) +
                    ") check that this build's architecture is the GPU's");
}

}  // namespace

std::size_t sort_ascending(const Device& device, const std::int32_t* in, std::int32_t* out,
                           std::uint32_t n, void* temp) {
  return bytes_or_run("sort", n, out, temp, [&](void* at, std::size_t& bytes) {
#if defined(KOKKOS_ENABLE_CUDA)
    return cub::DeviceRadixSort::SortKeys(at, bytes, in, out, n, 0, 32, device.cuda_stream());
#else
    return rocprim::radix_sort_keys(at, bytes, in, out, n, 0, 32, device.hip_stream());
#endif
  });
}

std::size_t stable_sort_by_key(const Device& device, const std::uint16_t* keys_in,
                               std::uint16_t* keys_out, const std::uint32_t* values_in,
                               std::uint32_t* values_out, std::uint32_t n, int key_bits,
                               void* temp) {
  return bytes_or_run("sort by key", n, keys_out, temp, [&](void* at, std::size_t& bytes) {
#if defined(KOKKOS_ENABLE_CUDA)
    return cub::DeviceRadixSort::SortPairs(at, bytes, keys_in, keys_out, values_in, values_out, n,
                                           0, key_bits, device.cuda_stream());
#else
    return rocprim::radix_sort_pairs(at, bytes, keys_in, keys_out, values_in, values_out, n, 0,
                                     key_bits, device.hip_stream());
#endif
  });
}

std::size_t exclusive_scan(const Device& device, const std::uint32_t* in, std::uint32_t* out,
                           std::uint32_t n, void* temp) {
  return bytes_or_run("scan", n, out, temp, [&](void* at, std::size_t& bytes) {
#if defined(KOKKOS_ENABLE_CUDA)
    return cub::DeviceScan::ExclusiveSum(at, bytes, in, out, n, device.cuda_stream());
#else
    return rocprim::exclusive_scan(at, bytes, in, out, std::uint32_t{0}, std::size_t{n},
                                   rocprim::plus<std::uint32_t>(), device.hip_stream());
#endif
  });
}

std::size_t segmented_sort(const Device& device, const std::int64_t* in, std::int64_t* out,
                           std::uint32_t n, std::int32_t segments, const std::uint32_t* begin,
                           const std::uint32_t* end, void* temp) {
  const std::uint32_t most = segments > 0 ? n : 0;
  return bytes_or_run("sort segments", most, out, temp, [&](void* at, std::size_t& bytes) {
#if defined(KOKKOS_ENABLE_CUDA)
    return cub::DeviceSegmentedSort::SortKeys(at, bytes, in, out, n, segments, begin, end,
                                              device.cuda_stream());
#else
    return rocprim::segmented_radix_sort_keys(at, bytes, in, out, n, segments, begin, end, 0, 64,
                                              device.hip_stream());
#endif
  });
}

}  // namespace servesweep
