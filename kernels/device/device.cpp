#include "kernels/device/device.hpp"

#include <Kokkos_Core.hpp>
#ifdef KOKKOS_ENABLE_OPENMP
#include <omp.h>
#endif
#include <algorithm>
#include <cstdlib>
#include <future>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "kernels/device/launch_plan.hpp"
#include "kernels/device/portability.hpp"
#include "kernels/device/profile.hpp"

namespace servesweep {
namespace {

#ifdef KOKKOS_ENABLE_OPENMP
// The number of threads to ask Kokkos for.
int checked_threads(int wanted) {
  const bool is_given = wanted > 0 || std::getenv("OMP_NUM_THREADS") != nullptr;
  if (wanted == 0) wanted = omp_get_max_threads();
  if (wanted > kMostThreads && is_given) {
    throw DeviceError("cannot start " + std::to_string(wanted) + " threads (Kokkos has room for " +
                      std::to_string(kMostThreads) + ") lower --threads or OMP_NUM_THREADS");
  }
  return std::min(wanted, kMostThreads);
}

// The OpenMP runtime ends the program where it gets no thread, so the threads are tried before.
void try_threads(int count) {
  std::vector<std::thread> threads;
  std::promise<void> all_run;
  const std::shared_future<void> end = all_run.get_future().share();
  std::string why;
  try {
    for (int i = 1; i < count; ++i) threads.emplace_back([end] { end.wait(); });
  } catch (const std::system_error& error) {
    why = error.code().message();
  } catch (const std::bad_alloc&) {
    why = "no memory";
  }
  all_run.set_value();
  const std::size_t num_threads = threads.size() + 1;
  for (std::thread& thread : threads) thread.join();
  if (why.empty()) return;
  throw DeviceError("cannot start " + std::to_string(count) + " threads (the system gives " +
                    std::to_string(num_threads) + ": " + why +
                    ") lower --threads, or raise the limits (ulimit -u, ulimit -v)");
}
#endif

}  // namespace

void start_device(int num_threads) {
  if (Kokkos::is_initialized()) return;
  const ProfileRegion region("servesweep::start_device");
#ifdef KOKKOS_ENABLE_OPENMP
  num_threads = checked_threads(num_threads);
  try_threads(num_threads);
#endif
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
