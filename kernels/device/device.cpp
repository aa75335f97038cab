#include "kernels/device/device.hpp"

#include <Kokkos_Core.hpp>
#include <cstdlib>
#include <string>
#include <vector>

#include "kernels/device/launch_plan.hpp"
#include "kernels/device/portability.hpp"
#include "kernels/device/profile.hpp"

namespace servesweep {

void start_device(int num_threads) {
  if (Kokkos::is_initialized()) return;
  const ProfileRegion region("servesweep::start_device");
  // The one way to pass options that is the same from Kokkos 3.4 to 5.
  std::vector<std::string> words = {"servesweep", "--kokkos-disable-warnings"};
  if (num_threads > 0) words.push_back(kThreadsFlag + std::to_string(num_threads));
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  int count = static_cast<int>(words.size());
  try {
    Kokkos::initialize(count, pointers.data());
  } catch (const std::exception& error) {
    throw DeviceError(std::string("cannot start Kokkos (") + error.what() +
                      ") check that a device of this build's backend is visible");
  }
  std::atexit([] {
    if (Kokkos::is_initialized()) Kokkos::finalize();
  });
}

DeviceInfo device_info() {
  DeviceInfo info;
  info.kokkos_version = std::to_string(KOKKOS_VERSION / 10000) + "." +
                        std::to_string(KOKKOS_VERSION / 100 % 100) + "." +
                        std::to_string(KOKKOS_VERSION % 100);
  info.backend = Kokkos::DefaultExecutionSpace::name();
  info.concurrency = concurrency(Kokkos::DefaultExecutionSpace());
  info.free_bytes = free_device_bytes();
  return info;
}

int most_lanes() { return kOnHost ? 1 : kMostLanes; }

void check_lanes(int lanes, int lanes_of_engine) {
  const bool is_width = lanes >= 0 && lanes <= most_lanes() && (lanes & (lanes - 1)) == 0;
  const bool is_free = kOnHost || lanes_of_engine == 0;
  if (is_width && (is_free || lanes == 0 || lanes == lanes_of_engine)) return;
  throw DeviceError("invalid lanes=" + std::to_string(lanes) + " (must be " +
                    (kOnHost   ? "1 on a CPU"
                     : is_free ? "1, 2, 4, 8, 16 or 32"
                               : std::to_string(lanes_of_engine) + " with this engine") +
                    ") leave it out to have it chosen");
}

}  // namespace servesweep
