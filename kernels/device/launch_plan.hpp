// How a wave's worlds are spread over a device. Free of Kokkos, so that it can be computed for
// devices that are not here (scripts/launch_plan.cpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "sim/core/state_layout.hpp"

namespace servesweep {

constexpr std::int32_t kMostLanes = 32;     // of a world
constexpr std::int32_t kTeamThreads = 128;  // of a team on a GPU: the lanes of all its worlds

// What a plan depends on.
struct DeviceLimits {
  bool is_host = true;
  std::size_t threads = 1;        // resident at a time
  std::size_t scratch_bytes = 0;  // most of a team, in the multiprocessor's memory
};

// What a running world takes.
struct SlotNeeds {
  std::size_t state_bytes = 0;
  std::size_t histogram_bytes = 0;
  bool fits_scratch = false;  // whether team scratch may hold its state
};

// What the running worlds take, used again by one after the other.
struct SlotArrays {
  unsigned char* states;      // [slot][state_bytes], or null: in team scratch
  std::uint32_t* histograms;  // [slot][histogram][bucket], kept zero
  std::size_t state_bytes;

  // Team scratch is 8-byte aligned, and handed out in multiples of that.
  static constexpr std::size_t kScratchSlack = StateLayout::kAlignment;
};

struct Launch {
  int lanes = 1;      // a world
  int team_size = 1;  // worlds a team
  int teams = 1;
  SlotNeeds slot;
  bool in_scratch = false;

  std::size_t slots() const {
    return static_cast<std::size_t>(teams) * static_cast<std::size_t>(team_size);
  }
  std::size_t scratch_bytes() const { return slot.state_bytes + SlotArrays::kScratchSlack; }
  std::size_t histograms_bytes() const { return slots() * slot.histogram_bytes; }
  std::size_t states_bytes() const { return in_scratch ? 0 : slots() * slot.state_bytes; }
};

// The lanes of a world, a power of two: the average world has work for that many (sharable_work is
// a sum over worlds). Lanes that would be idle otherwise are taken too.
inline int choose_lanes(std::int64_t worlds, std::int64_t sharable_work,
                        const DeviceLimits& device) {
  if (device.is_host) return 1;
  const auto half = static_cast<std::int64_t>(device.threads / 2);
  int lanes = 1;
  while (lanes < kMostLanes &&
         (2 * lanes * worlds <= sharable_work || 2 * lanes * worlds <= half)) {
    lanes *= 2;
  }
  return lanes;
}

inline Launch plan_launch(std::int64_t worlds, const SlotNeeds& slot, int lanes,
                          std::size_t limit_bytes, const DeviceLimits& device) {
  Launch launch;
  launch.lanes = lanes;
  launch.slot = slot;
  std::size_t resident = device.threads;
  if (!device.is_host) {
    launch.team_size = kTeamThreads / lanes;
    // Half of the threads: a kernel with this many registers does not fill the device.
    resident = std::max<std::size_t>(1, resident / 2 / static_cast<std::size_t>(lanes));
    // With more scratch, too few teams would fit a multiprocessor to hide that memory is waited
    // for.
    const std::size_t most = device.scratch_bytes / 2;
    launch.in_scratch = slot.fits_scratch &&
                        launch.scratch_bytes() * static_cast<std::size_t>(launch.team_size) <= most;
  }
  const std::size_t fitting = limit_bytes / 4 / (slot.histogram_bytes + slot.state_bytes);
  const std::size_t slots = std::min({static_cast<std::size_t>(worlds), resident, fitting});
  const auto team = static_cast<std::size_t>(launch.team_size);
  launch.teams = static_cast<int>(std::max<std::size_t>(1, (slots + team - 1) / team));
  return launch;
}

}  // namespace servesweep
