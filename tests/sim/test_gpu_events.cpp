// The completion events of GPUs against a plain search through a list, under random operations.
#include "sim/batch/gpu_events.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <random>
#include <vector>

namespace servesweep {
namespace {

constexpr OneLane kLane;

std::size_t num_times(std::int32_t num_gpus) {
  return static_cast<std::size_t>(GpuEventBlocks::num_times(num_gpus));
}

}  // namespace

TEST_CASE("the next completion is the earliest, of equal ones that of the lowest GPU") {
  std::mt19937_64 random(5);
  for (std::int32_t num_gpus = 1; num_gpus <= 300; ++num_gpus) {
    INFO(num_gpus << " GPUs");
    const auto count = static_cast<std::size_t>(num_gpus);
    // A canary behind the array: nothing may be written there.
    std::vector<std::int64_t> memory(num_times(num_gpus) + 1, -7);
    GpuEvents events(kLane, memory.data(), num_gpus);
    std::vector<std::int64_t> naive(count, kNever);
    REQUIRE(events.next_time_ns() == kNever);
    std::int64_t now_ns = 0;
    int wrong = 0;
    for (int step = 0; step < 2000; ++step) {
      const std::uint64_t kind = random() % 3;
      const std::int64_t time_ns = now_ns + static_cast<std::int64_t>(random() % 6);  // many ties
      const bool any = *std::min_element(naive.begin(), naive.end()) != kNever;
      if (!any || kind == 0) {
        const auto gpu = static_cast<std::size_t>(random() % count);
        if (naive[gpu] != kNever) continue;
        events.add(static_cast<std::int32_t>(gpu), time_ns);
        naive[gpu] = time_ns;
      } else {
        const std::int32_t gpu = events.next_gpu();
        now_ns = events.next_time_ns();
        const std::int64_t again_ns = kind == 1 ? kNever : std::max(time_ns, now_ns);
        events.replace_next(gpu, again_ns);
        naive[static_cast<std::size_t>(gpu)] = again_ns;
      }
      const auto earliest = std::min_element(naive.begin(), naive.end());  // the first of equals
      wrong += events.next_time_ns() != *earliest;
      if (*earliest != kNever) wrong += events.next_gpu() != earliest - naive.begin();
      if (wrong != 0) break;
    }
    REQUIRE(wrong == 0);
    REQUIRE(memory.back() == -7);
  }
}

TEST_CASE("events of the largest cluster") {
  constexpr std::int32_t kGpus = 4096;
  std::vector<std::int64_t> memory(num_times(kGpus));
  GpuEvents events(kLane, memory.data(), kGpus);
  for (std::int32_t gpu = 0; gpu < kGpus; ++gpu) events.add(gpu, 10'000 - gpu);
  for (std::int32_t gpu = kGpus - 1; gpu >= 0; --gpu) {
    REQUIRE(events.next_gpu() == gpu);
    REQUIRE(events.next_time_ns() == 10'000 - gpu);
    events.replace_next(gpu, kNever);
  }
  CHECK(events.next_time_ns() == kNever);
}

}  // namespace servesweep
