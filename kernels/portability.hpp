// Every difference between Kokkos 3.4.1 and 5.x that the kernels meet.
#pragma once

#include <Kokkos_Core.hpp>

namespace servesweep {

using Device = Kokkos::DefaultExecutionSpace;
using DeviceMemory = Device::memory_space;

// True of CPU backends: what the host has prepared is where the device reads it.
constexpr bool kDeviceReadsHost =
    Kokkos::SpaceAccessibility<Kokkos::HostSpace, DeviceMemory>::accessible;

#if KOKKOS_VERSION < 30700
constexpr const char* kThreadsFlag = "--kokkos-threads=";
#else
constexpr const char* kThreadsFlag = "--kokkos-num-threads=";
#endif

// A static member function in 3.x, a plain one later; both answer this call.
inline int concurrency(const Device& device) { return static_cast<int>(device.concurrency()); }

}  // namespace servesweep
