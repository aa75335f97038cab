// Sorts and scans on the CPU: Thrust's OMP or CPP system (THRUST_DEVICE_SYSTEM).
#include <thrust/execution_policy.h>
#include <thrust/scan.h>
#include <thrust/sort.h>

#include <algorithm>

#include "kernels/primitives/primitives.hpp"

namespace servesweep {

std::size_t sort_ascending(const Device&, const std::int32_t* in, std::int32_t* out,
                           std::uint32_t n, void*) {
  if (out == nullptr) return 0;
  std::copy(in, in + n, out);
  thrust::sort(thrust::device, out, out + n);
  return 0;
}

std::size_t stable_sort_by_key(const Device&, const std::uint16_t* keys_in, std::uint16_t* keys_out,
                               const std::uint32_t* values_in, std::uint32_t* values_out,
                               std::uint32_t n, int, void*) {
  if (keys_out == nullptr) return 0;
  std::copy(keys_in, keys_in + n, keys_out);
  std::copy(values_in, values_in + n, values_out);
  thrust::stable_sort_by_key(thrust::device, keys_out, keys_out + n, values_out);
  return 0;
}

std::size_t exclusive_scan(const Device&, const std::uint32_t* in, std::uint32_t* out,
                           std::uint32_t n, void*) {
  if (out != nullptr) thrust::exclusive_scan(thrust::device, in, in + n, out);
  return 0;
}

std::size_t segmented_sort(const Device& device, const std::int64_t* in, std::int64_t* out,
                           std::uint32_t, std::int32_t segments, const std::uint32_t* begin,
                           const std::uint32_t* end, void*) {
  if (out == nullptr) return 0;
  Kokkos::parallel_for(
      "servesweep::segmented_sort",
      Kokkos::RangePolicy<Device, Kokkos::Schedule<Kokkos::Dynamic>>(device, 0, segments),
      [=](std::int32_t s) {
        std::copy(in + begin[s], in + end[s], out + begin[s]);
        thrust::sort(thrust::seq, out + begin[s], out + end[s]);
      });
  return 0;
}

}  // namespace servesweep
