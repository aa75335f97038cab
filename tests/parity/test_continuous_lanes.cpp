// A world of the continuous engine run by a lane group has the bits of the world run by one lane,
// whatever the group's width; and the engine keeps to the contract of sim/core/lanes.hpp. The group
// is emulated on the CPU (tests/parity/test_lanes.cpp shows what the emulator sees).
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/continuous_worlds.hpp"
#include "tests/support/emulated_lanes.hpp"
#include "tests/support/emulated_warp.hpp"

namespace servesweep {
namespace {

using testing::ContinuousCase;
using testing::ContinuousMemory;
using testing::EmulatedGroup;
using testing::EmulatedLanes;

#ifdef SERVESWEEP_BRIEF_TESTS
constexpr std::uint64_t kSmallWorlds = 100;
constexpr std::uint64_t kWideWorlds = 15;
#else
constexpr std::uint64_t kSmallWorlds = 250;
constexpr std::uint64_t kWideWorlds = 30;
#endif
constexpr std::int32_t kWidths[] = {1, 2, 4, 8, 16, 32};

std::string run(const ContinuousWorld& world, ContinuousMemory& memory) {
  NoServedObserver unobserved;
  const std::string locals = run_continuous(OneLane(), world, unobserved, memory);
  return outcome_of(world, memory) + locals;
}

std::string run_together(const ContinuousWorld& world, ContinuousMemory& memory,
                         EmulatedGroup& group) {
  group.share("the state", memory.block);
  group.share("the histograms", memory.histograms);
  const std::string locals = group.run([&](const EmulatedLanes& lanes) {
    NoServedObserver unobserved;
    return run_continuous(lanes, world, unobserved, memory);
  });
  return outcome_of(world, memory) + locals;
}

std::string run_as_warp(const ContinuousWorld& world, ContinuousMemory& memory, std::int32_t width,
                        std::uint64_t seed) {
  testing::EmulatedWarpGroup warp(width, seed);
  const std::string locals = warp.run([&](const auto& lanes) {
    NoServedObserver unobserved;
    return run_continuous(lanes, world, unobserved, memory);
  });
  return outcome_of(world, memory) + locals;
}

bool is_cleared(const ContinuousMemory& memory) {
  return std::all_of(memory.histograms.begin(), memory.histograms.end(),
                     [](std::uint32_t count) { return count == 0; });
}

// How far the worlds of a test went.
struct Reach {
  std::int64_t worlds = 0, calls = 0, rejecting = 0, limited = 0, preempting = 0, several = 0;
  std::int64_t wide = 0, grouped = 0, cached = 0;
  std::int64_t modes[3] = {}, policies[4] = {}, routers[6] = {};

  void count(const ContinuousWorld& world, const ContinuousResult& result) {
    ++worlds;
    rejecting += result.rejected > 0;
    limited += result.status == WorldStatus::kTimeLimit;
    preempting += result.tally.preemptions > 0;
    several += world.num_replicas > 1;
    wide += world.num_replicas > 32;
    grouped += world.num_groups > 1;
    cached += result.tally.cached_tokens > 0;
    ++modes[static_cast<int>(world.mode)];
    ++policies[static_cast<int>(world.policy)];
    if (world.num_replicas > 1) ++routers[static_cast<int>(world.router)];
  }
  void check_all_kinds() const {
    for (const std::int64_t count : modes) CHECK(count > 0);
    for (const std::int64_t count : policies) CHECK(count > 0);
    for (const std::int64_t count : routers) CHECK(count > 0);
    CHECK(calls > 100 * worlds);
    CHECK(preempting > 0);
    CHECK(several > worlds / 4);
    CHECK(wide > 0);
    CHECK(grouped > 0);
    CHECK(cached > 0);
  }
};

void check_world(const ContinuousCase& random, std::uint64_t seed, Reach& reach) {
  const ContinuousWorld world = random.view();
  ContinuousMemory alone(world);
  const std::string expected = run(world, alone);
  REQUIRE(is_cleared(alone));
  reach.count(world, *alone.state.result);
  for (const std::int32_t width : kWidths) {
    INFO("seed " << seed << ", width " << width);
    ContinuousMemory memory(world);
    EmulatedGroup group(width, seed);
    std::string outcome;
    REQUIRE_NOTHROW(outcome = run_together(world, memory, group));
    const bool same = outcome == expected;
    REQUIRE(same);
    REQUIRE(is_cleared(memory));
    ContinuousMemory warp_memory(world);
    const bool warp_is_same = run_as_warp(world, warp_memory, width, seed) == expected;
    REQUIRE(warp_is_same);
    reach.calls += group.calls();
  }
}

}  // namespace

TEST_CASE("lane groups of every width give the bits of one lane") {
  Reach reach;
  for (std::uint64_t i = 0; i < kSmallWorlds; ++i) {
    const std::uint64_t seed = 8'000'000 + i;
    check_world(testing::random_continuous(seed, 100), seed, reach);
  }
  reach.check_all_kinds();
  CHECK(reach.rejecting > 0);
  CHECK(reach.limited > 0);
}

TEST_CASE("so do worlds with more replicas than lanes, and no multiple of the lanes") {
  Reach reach;
  for (std::uint64_t i = 0; i < kWideWorlds; ++i) {
    const std::uint64_t seed = 8'100'000 + i;
    ContinuousCase random = testing::random_continuous(seed, 200);
    testing::Dice dice(seed);
    ContinuousWorld& w = random.world;
    w.num_replicas = dice.pick({33, 47, 65});
    w.router = static_cast<Router>(i % 6);
    w.groups[w.num_groups - 1].end_replica = w.num_replicas;
    check_world(random, seed, reach);
  }
  CHECK(reach.wide == reach.worlds);
  for (const std::int64_t worlds : reach.routers) CHECK(worlds > 0);
}

TEST_CASE("a world in memory that another one used has the same bits") {
  for (std::uint64_t i = 0; i < kSmallWorlds; ++i) {
    const std::uint64_t seed = 8'200'000 + i;
    INFO("seed " << seed);
    const ContinuousCase random = testing::random_continuous(seed, 100);
    const ContinuousWorld world = random.view();
    ContinuousMemory fresh(world);
    const std::string expected = run(world, fresh);
    ContinuousMemory used(world);
    for (auto& piece : used.block) std::fill_n(piece.bytes, sizeof piece.bytes, 0xa5);
    const bool same = run(world, used) == expected;
    REQUIRE(same);
  }
}

}  // namespace servesweep
