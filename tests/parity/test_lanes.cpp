// A world run by a lane group has the bits of the world run by one lane, whatever the group's
// width; and the engine keeps to the contract of sim/core/lanes.hpp. The group is emulated on the
// CPU.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/emulated_lanes.hpp"
#include "tests/support/emulated_warp.hpp"
#include "tests/support/host_world.hpp"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

namespace servesweep {
namespace {

using testing::EmulatedGroup;
using testing::EmulatedLanes;
using testing::LaneError;
using testing::WorldMemory;

#ifdef SERVESWEEP_BRIEF_TESTS
constexpr std::uint64_t kSmallWorlds = 110;
constexpr std::uint64_t kWideWorlds = 12;
constexpr std::int32_t kWidths[] = {4, 32};
#else
constexpr std::uint64_t kSmallWorlds = 600;
constexpr std::uint64_t kWideWorlds = 80;
constexpr std::int32_t kWidths[] = {1, 2, 4, 8, 16, 32};
#endif

void share(WorldMemory& memory, EmulatedGroup& group) {
  group.share("the state", memory.block);
  group.share("the histograms", memory.histograms);
  group.share("the exact latencies", memory.exact);
  group.share("the events", memory.events);
  group.share("the number of events", memory.num_events);
}

std::string outcome_of(const BatchWorld& world, const WorldMemory& memory,
                       const std::string& locals) {
  testing::Bytes bytes;
  bytes.add(*memory.state.result);
  for (std::int32_t g = 0; g < world.num_gpus; ++g) {
    bytes.add(GpuUse{memory.state.gpus[g].busy_ns, memory.state.gpus[g].batches});
  }
  for (std::int32_t k = 0; k < world.workload.num_bins; ++k) bytes.add(memory.state.bins[k]);
  for (std::int64_t e = 0; e < memory.num_events[0]; ++e) {
    bytes.add(memory.events[static_cast<std::size_t>(e)]);
  }
  for (const std::uint32_t count : memory.counts) bytes.add(count);
  for (const std::int64_t value : memory.exact) bytes.add(value);
  return bytes.text + locals;
}

// How far the worlds of a test went.
struct Reach {
  std::int64_t worlds = 0, calls = 0, wide_bins = 0, wide_gpus = 0, wide_batches = 0;
  std::int64_t rejecting = 0, limited = 0, full = 0, longest_queue = 0, drawn = 0;
  std::int64_t schedulers[4] = {};

  void count(const BatchWorld& world, const BatchResult& result) {
    ++worlds;
    ++schedulers[static_cast<int>(world.scheduler)];
    wide_bins += world.workload.num_bins > 32;
    wide_gpus += world.num_gpus > 256;
    wide_batches += result.largest_batch > 100;
    rejecting += result.rejected > 0;
    limited += result.status == WorldStatus::kTimeLimit;
    full += world.dispatch == Dispatch::kFull;
    longest_queue += world.bin_choice == BinChoice::kLongestQueue;
    drawn += world.workload.draws != nullptr;
  }
};

void check_world(const testing::RandomWorld& random, std::uint64_t seed, Reach& reach) {
  const testing::HostWorld on_host(random);
  const BatchWorld& world = on_host.world;
  std::string expected[2];
  for (const bool observed : {false, true}) {
    WorldMemory memory(world);
    const std::string locals = run_world(OneLane(), world, observed, memory);
    expected[observed ? 1 : 0] = outcome_of(world, memory, locals);
    if (!observed) reach.count(world, *memory.state.result);
  }
  std::uint64_t turn = seed;
  for (const std::int32_t width : kWidths) {
    const bool observed = turn++ % 2 == 1;
    INFO("seed " << seed << ", width " << width << (observed ? ", observed" : ""));
    WorldMemory memory(world);
    EmulatedGroup group(width, seed);
    share(memory, group);
    std::string locals;
    REQUIRE_NOTHROW(locals = group.run([&](const EmulatedLanes& lanes) {
      return run_world(lanes, world, observed, memory);
    }));
    const bool same = outcome_of(world, memory, locals) == expected[observed ? 1 : 0];
    REQUIRE(same);
    WorldMemory warp_memory(world);
    testing::EmulatedWarpGroup warp(width, seed);
    locals =
        warp.run([&](const auto& lanes) { return run_world(lanes, world, observed, warp_memory); });
    const bool warp_is_same = outcome_of(world, warp_memory, locals) == expected[observed ? 1 : 0];
    REQUIRE(warp_is_same);
    const bool cleared = std::all_of(memory.histograms.begin(), memory.histograms.end(),
                                     [](std::uint32_t count) { return count == 0; });
    REQUIRE(cleared);
    reach.calls += group.calls();
  }
}

// One GPU that falls behind: batches of 130.
testing::RandomWorld full_batches() {
  std::uint64_t seed = 5'000'000;
  testing::RandomWorld world = testing::wide_world(seed);
  while (world.workload.size() < 400) world = testing::wide_world(++seed);
  BatchParams& p = world.params;
  p.scheduler.kind = SchedulerKind::kStaticFifo;
  p.scheduler.dispatch = Dispatch::kGreedy;
  p.static_fifo.fixed_batch_size = 130;
  p.cluster.num_gpus = 1;
  p.cluster.gpu_memory_gb = 80.0;
  p.cluster.time_limit_s = 0.0;
  p.workload.load.rps_scaling = 1e6;
  p.service.model = ServiceModels::code_of<AffineService>();
  return world;
}

}  // namespace

TEST_CASE("lane groups of every width give the bits of one lane") {
  Reach reach;
  for (std::uint64_t i = 0; i < kSmallWorlds; ++i) {
    const std::uint64_t seed = 3'000'000 + i;
    check_world(testing::random_world(seed, 100), seed, reach);
  }
  CHECK(reach.calls > 100 * reach.worlds);
  CHECK(reach.rejecting > 0);
  CHECK(reach.limited > 0);
  CHECK(reach.full > 0);
  CHECK(reach.longest_queue > 0);
  CHECK(reach.drawn > 0);
  for (const std::int64_t worlds : reach.schedulers) CHECK(worlds > 0);
}

TEST_CASE("so do worlds with more bins, GPUs and requests in a batch than lanes") {
  Reach reach;
  for (std::uint64_t i = 0; i < kWideWorlds; ++i) {
    const std::uint64_t seed = 4'000'000 + i;
    check_world(testing::wide_world(seed), seed, reach);
  }
  check_world(full_batches(), 5'000'000, reach);
  CHECK(reach.wide_bins > 0);
  CHECK(reach.wide_gpus > 0);
  CHECK(reach.wide_batches > 0);
  for (const std::int64_t worlds : reach.schedulers) CHECK(worlds > 0);
}

// -- the emulator sees what it is there for -------------------------------------------------------

namespace {

// Lanes that are abandoned in the middle of a call leak what they own: meant, so not reported.
class NoLeakReports {
 public:
#ifdef __SANITIZE_ADDRESS__
  NoLeakReports() { __lsan_disable(); }
  ~NoLeakReports() { __lsan_enable(); }
  NoLeakReports(const NoLeakReports&) = delete;
  NoLeakReports& operator=(const NoLeakReports&) = delete;
#endif
};

// What a group of 8 lanes with 100 shared numbers says to body(lanes, numbers), "" if nothing.
template <class Body>
std::string complaint(const Body& body, std::uint64_t seed = 1) {
  [[maybe_unused]] const NoLeakReports abandoned;
  std::vector<std::uint32_t> numbers(100);
  EmulatedGroup group(8, seed);
  group.share("the numbers", numbers);
  try {
    group.run([&](const EmulatedLanes& lanes) {
      body(lanes, numbers.data());
      return 0;
    });
  } catch (const LaneError& error) {
    return error.what();
  }
  return "";
}

using Numbers = std::uint32_t*;

}  // namespace

TEST_CASE("the emulated group runs what keeps to the contract") {
  CHECK(complaint([](const EmulatedLanes& lanes, Numbers numbers) {
          lanes.for_each(100, [&](std::int32_t i) { numbers[i] = static_cast<std::uint32_t>(i); });
          lanes.once([&] { ++numbers[7]; });
          lanes.for_each(50, [&](std::int32_t) { lanes.add(numbers[0], 2); });
        }) == "");

  std::vector<std::uint32_t> packed(100);
  EmulatedGroup group(8, 1);
  group.share("packed", packed);
  const auto results = group.run([&](const EmulatedLanes& lanes) {
    const std::int32_t count = lanes.pack(
        100, [](std::int32_t i) { return i % 3 == 1; },
        [&](std::int32_t rank, std::int32_t i) {
          packed[static_cast<std::size_t>(rank)] = static_cast<std::uint32_t>(i);
        });
    const std::int64_t values[16] = {9, 8, 7, 6, 5, 4, 3, 5, 6, 7, 8, 9, 9, 9, 2, 9};
    const auto sum = lanes.reduce<IntegerSum>(count, [&](std::int32_t i, IntegerSum& s) {
      s.value += packed[static_cast<std::size_t>(i)];
    });
    return std::vector<std::int64_t>{
        count,
        sum.value,
        lanes.first(100, [](std::int32_t i) { return i >= 37; }),
        lanes.first(100, [](std::int32_t) { return false; }),
        lanes.count_leading(100, [](std::int32_t i) { return i < 41; }),
        lanes.least(values, 16)};
  });
  CHECK(results == std::vector<std::int64_t>{33, 1617, 37, 100, 41, 2});
  CHECK(packed[32] == 97);
  CHECK(packed[33] == 0);
}

TEST_CASE("the emulated group sees violations of the contract") {
  using Catch::Matchers::ContainsSubstring;

  // Two lanes write one place.
  CHECK_THAT(complaint([](const EmulatedLanes& lanes, Numbers numbers) {
               lanes.once([&] { numbers[2] = 5; });
               lanes.for_each(9, [&](std::int32_t) { ++numbers[3]; });
             }),
             ContainsSubstring("call 1, for_each(9)") &&
                 ContainsSubstring("write byte 12 of the numbers"));
  CHECK_THAT(complaint([](const EmulatedLanes& lanes, Numbers numbers) {
               lanes.for_each(100, [&](std::int32_t i) { numbers[i / 2] = 1; });
             }),
             ContainsSubstring("of the numbers"));
  CHECK_THAT(complaint([](const EmulatedLanes& lanes, Numbers numbers) {
               lanes.pack(
                   20, [](std::int32_t) { return true; },
                   [&](std::int32_t rank, std::int32_t) { numbers[rank % 15] += 1; });
             }),
             ContainsSubstring("of the numbers"));
  CHECK_THAT(complaint([](const EmulatedLanes& lanes, Numbers numbers) {
               lanes.first(100, [&](std::int32_t i) { return ++numbers[0] > 50 && i > 0; });
             }),
             ContainsSubstring("the numbers") || ContainsSubstring("what other lanes write"));
  CHECK_THAT(complaint([](const EmulatedLanes& lanes, Numbers numbers) {
               lanes.for_each(9, [&](std::int32_t i) {
                 lanes.add(numbers[0], 1);
                 if (i == 4) numbers[0] = 7;
               });
             }),
             ContainsSubstring("written and added to: byte 0 of the numbers"));

  // A lane reads what another writes.
  CHECK_THAT(complaint([](const EmulatedLanes& lanes, Numbers numbers) {
               lanes.for_each(99, [&](std::int32_t i) { numbers[i + 1] = numbers[i] + 1; });
             }),
             ContainsSubstring("the order of lanes decides about byte"));

  // Writes outside calls.
  CHECK_THAT(complaint([](const EmulatedLanes& lanes, Numbers numbers) {
               ++numbers[1];
               lanes.once([] {});
             }),
             ContainsSubstring("outside a call, before this one: byte 4 of the numbers"));
  CHECK_THAT(complaint([](const EmulatedLanes&, Numbers numbers) { numbers[1] = 1; }),
             ContainsSubstring("outside a call"));
  CHECK_THAT(
      complaint([](const EmulatedLanes& lanes, Numbers numbers) { lanes.add(numbers[1], 1); }),
      ContainsSubstring("add() outside a call"));
  CHECK_THAT(complaint([](const EmulatedLanes& lanes, Numbers) {
               std::uint32_t own = 0;
               lanes.for_each(9, [&](std::int32_t) { lanes.add(own, 1); });
             }),
             ContainsSubstring("not shared"));

  // Lanes that part.
  CHECK_THAT(complaint([](const EmulatedLanes& lanes, Numbers) {
               std::int32_t runs = 0;
               lanes.once([&] { ++runs; });
               if (runs == 0) lanes.for_each(5, [](std::int32_t) {});
             }),
             ContainsSubstring("lanes part") && ContainsSubstring("for_each(5)") &&
                 ContainsSubstring("end(0)"));
  CHECK_THAT(complaint([](const EmulatedLanes& lanes, Numbers) {
               std::int32_t count = 3;
               lanes.once([&] { ++count; });
               lanes.for_each(count, [](std::int32_t) {});
             }),
             ContainsSubstring("lanes part") && ContainsSubstring("for_each(3)") &&
                 ContainsSubstring("for_each(4)"));
  CHECK_THAT(complaint([](const EmulatedLanes& lanes, Numbers) {
               lanes.for_each(9, [&](std::int32_t) { lanes.once([] {}); });
             }),
             ContainsSubstring("a call inside another"));

  // What a search or a minimum is not made for.
  CHECK_THAT(complaint([](const EmulatedLanes& lanes, Numbers) {
               lanes.count_leading(50, [](std::int32_t i) { return i != 20; });
             }),
             ContainsSubstring("comes after one that failed"));
  CHECK_THAT(complaint([](const EmulatedLanes& lanes, Numbers) {
               const std::int64_t values[9] = {};
               lanes.least(values, 9);
             }),
             ContainsSubstring("no multiple of 8"));

  EmulatedGroup group(8, 1);
  CHECK_THROWS_WITH(group.run([](const EmulatedLanes& lanes) {
    std::int32_t runs = 0;
    lanes.for_each(9, [&](std::int32_t) { ++runs; });
    return runs;
  }),
                    ContainsSubstring("different results"));
}

TEST_CASE("the emulated group joins partial results in every order") {
  struct Sum {
    double value = 0.0;
    void join(const Sum& other) { value += other.value; }
  };
  EmulatedGroup group(8, 1);
  CHECK_THROWS_AS(group.run([](const EmulatedLanes& lanes) {
    return lanes.reduce<Sum>(100, [](std::int32_t i, Sum& sum) { sum.value += 1.0 / (i + 1); })
        .value;
  }),
                  LaneError);
}

}  // namespace servesweep
