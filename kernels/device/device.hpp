// Starting Kokkos, and what it found. Free of Kokkos headers.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

namespace servesweep {

// No device of the backend that this build was made for: exit code 4.
class DeviceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct DeviceInfo {
  std::string kokkos_version;  // "3.4.1"
  std::string backend;         // "OpenMP", "Serial", "Cuda", "HIP", ...
  int concurrency = 1;         // CPU threads, or threads resident on the GPU
  std::size_t free_bytes = 0;  // of a GPU's memory; 0 on a CPU
};

// What Kokkos' OpenMP backend has room for; it does not check.
inline constexpr int kMostThreads = 512;

// Starts Kokkos unless it runs already, and ends it when the process exits. num_threads = 0 takes
// all cores; it counts on CPU backends, and on the first call only. Throws DeviceError, also where
// the system gives fewer threads than that.
void start_device(int num_threads = 0);

DeviceInfo device_info();

// Lanes of the largest group that runs a world: 1 on a CPU.
int most_lanes();
// Throws DeviceError where the device has no groups of this width, or the engine another one width;
// 0 lanes: chosen for each wave, 0 for the engine: any width.
void check_lanes(int lanes, int lanes_of_engine = 0);

}  // namespace servesweep
