// Sorts and scans on AMD GPUs: rocPRIM.
#include <rocprim/rocprim.hpp>
#include <string>

#include "kernels/device/device.hpp"
#include "kernels/primitives/primitives.hpp"

namespace servesweep {

namespace {

void check(hipError_t error, const char* what) {
  if (error == hipSuccess) return;
  throw DeviceError(std::string("cannot ") + what + " on the GPU (" + hipGetErrorString(error) +
                    ") check that this build's architecture is the GPU's");
}

// call(temp, bytes) sets `bytes` where `temp` is null, and runs where it is not.
template <class Call>
std::size_t bytes_or_run(const char* what, void* temp, const Call& call) {
  std::size_t bytes = 0;
  check(call(nullptr, bytes), what);
  if (temp != nullptr) check(call(temp, bytes), what);
  return bytes;
}

std::size_t sort(hipStream_t stream, const std::int32_t* in, std::int32_t* out, std::uint32_t n,
                 void* temp) {
  return bytes_or_run("sort", temp, [=](void* at, std::size_t& bytes) {
    return rocprim::radix_sort_keys(at, bytes, in, out, n, 0, 32, stream);
  });
}

std::size_t sort_by_key(hipStream_t stream, const std::uint16_t* keys_in, std::uint16_t* keys_out,
                        const std::uint32_t* values_in, std::uint32_t* values_out, std::uint32_t n,
                        int key_bits, void* temp) {
  return bytes_or_run("sort by key", temp, [=](void* at, std::size_t& bytes) {
    return rocprim::radix_sort_pairs(at, bytes, keys_in, keys_out, values_in, values_out, n, 0,
                                     key_bits, stream);
  });
}

std::size_t scan(hipStream_t stream, const std::uint32_t* in, std::uint32_t* out, std::uint32_t n,
                 void* temp) {
  return bytes_or_run("scan", temp, [=](void* at, std::size_t& bytes) {
    return rocprim::exclusive_scan(at, bytes, in, out, std::uint32_t{0}, std::size_t{n},
                                   rocprim::plus<std::uint32_t>(), stream);
  });
}

std::size_t sort_segments(hipStream_t stream, const std::int64_t* in, std::int64_t* out,
                          std::uint32_t n, std::int32_t segments, const std::uint32_t* begin,
                          const std::uint32_t* end, void* temp) {
  return bytes_or_run("sort segments", temp, [=](void* at, std::size_t& bytes) {
    return rocprim::segmented_radix_sort_keys(at, bytes, in, out, n, segments, begin, end, 0, 64,
                                              stream);
  });
}

}  // namespace

std::size_t sort_ascending_bytes(std::uint32_t n) {
  return sort(nullptr, nullptr, nullptr, n, nullptr);
}

void sort_ascending(const Device& device, const std::int32_t* in, std::int32_t* out,
                    std::uint32_t n, void* temp) {
  if (n > 0) sort(device.hip_stream(), in, out, n, temp);
}

std::size_t stable_sort_by_key_bytes(std::uint32_t n, int key_bits) {
  return sort_by_key(nullptr, nullptr, nullptr, nullptr, nullptr, n, key_bits, nullptr);
}

void stable_sort_by_key(const Device& device, const std::uint16_t* keys_in, std::uint16_t* keys_out,
                        const std::uint32_t* values_in, std::uint32_t* values_out, std::uint32_t n,
                        int key_bits, void* temp) {
  if (n == 0) return;
  sort_by_key(device.hip_stream(), keys_in, keys_out, values_in, values_out, n, key_bits, temp);
}

std::size_t exclusive_scan_bytes(std::uint32_t n) {
  return scan(nullptr, nullptr, nullptr, n, nullptr);
}

void exclusive_scan(const Device& device, const std::uint32_t* in, std::uint32_t* out,
                    std::uint32_t n, void* temp) {
  if (n > 0) scan(device.hip_stream(), in, out, n, temp);
}

std::size_t segmented_sort_bytes(std::uint32_t n, std::int32_t segments) {
  return sort_segments(nullptr, nullptr, nullptr, n, segments, nullptr, nullptr, nullptr);
}

void segmented_sort(const Device& device, const std::int64_t* in, std::int64_t* out,
                    std::uint32_t n, std::int32_t segments, const std::uint32_t* begin,
                    const std::uint32_t* end, void* temp) {
  if (n == 0 || segments == 0) return;
  sort_segments(device.hip_stream(), in, out, n, segments, begin, end, temp);
}

}  // namespace servesweep
