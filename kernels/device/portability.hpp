// Every difference between Kokkos 3.4.1 and 5.x, and between backends, that the kernels meet.
#pragma once

#include <Kokkos_Core.hpp>

namespace servesweep {

using Device = Kokkos::DefaultExecutionSpace;
using DeviceMemory = Device::memory_space;

// A world runs in one thread of a CPU, or in a group of a GPU's lanes.
constexpr bool kOnHost = Kokkos::SpaceAccessibility<Device, Kokkos::HostSpace>::accessible;

// Host memory that a GPU copies from and to while kernels run.
#if defined(KOKKOS_ENABLE_CUDA)
using StagingMemory = Kokkos::CudaHostPinnedSpace;
#elif defined(KOKKOS_ENABLE_HIP) && KOKKOS_VERSION < 40000
using StagingMemory = Kokkos::Experimental::HIPHostPinnedSpace;
#elif defined(KOKKOS_ENABLE_HIP)
using StagingMemory = Kokkos::HIPHostPinnedSpace;
#else
using StagingMemory = Kokkos::HostSpace;
#endif

#if KOKKOS_VERSION < 30700
constexpr const char* kThreadsFlag = "--kokkos-threads=";
#else
constexpr const char* kThreadsFlag = "--kokkos-num-threads=";
#endif

// The second number of Kokkos::LaunchBounds for at least `teams` teams of `threads` threads on a
// multiprocessor. CUDA counts the teams, HIP the wavefronts (of 64) on each of its four SIMDs.
constexpr unsigned min_teams_bound(unsigned threads, unsigned teams) {
#if defined(KOKKOS_ENABLE_HIP)
  return threads / 64 * teams / 4;
#else
  static_cast<void>(threads);
  return teams;
#endif
}

// A static member function in 3.x, a plain one later; both answer this call.
inline int concurrency(const Device& device) { return static_cast<int>(device.concurrency()); }

// An instance with a queue of its own, where the backend has queues. Lives until the program ends.
inline Device make_instance() {
#if defined(KOKKOS_ENABLE_CUDA)
  cudaStream_t stream = nullptr;
  cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  return Device(stream);
#elif defined(KOKKOS_ENABLE_HIP)
  hipStream_t stream = nullptr;
  if (hipStreamCreateWithFlags(&stream, hipStreamNonBlocking) != hipSuccess) return Device();
  return Device(stream);
#else
  return Device();
#endif
}

// Bytes of device memory that are free now; 0 where the device has none of its own.
inline std::size_t free_device_bytes() {
  std::size_t free = 0;
  [[maybe_unused]] std::size_t total = 0;
#if defined(KOKKOS_ENABLE_CUDA)
  cudaMemGetInfo(&free, &total);
#elif defined(KOKKOS_ENABLE_HIP)
  if (hipMemGetInfo(&free, &total) != hipSuccess) free = 0;
#endif
  return free;
}

}  // namespace servesweep
