// How the lane groups of a launch take worlds. Worlds run in slots: as many as the device holds
// groups (one per thread on a CPU). A slot's group takes the next world that nobody has started, so
// that uneven worlds balance.
#pragma once

#include <type_traits>

#include "kernels/device/device_warp.hpp"
#include "kernels/device/launch_plan.hpp"
#include "kernels/device/portability.hpp"
#include "sim/core/lanes.hpp"

namespace servesweep {

using WorldLanes = std::conditional_t<kOnHost, OneLane, GroupLanes<DeviceWarp>>;

// At least so many teams of these a multiprocessor: four leave a thread 128 registers (256 on AMD),
// two 255 (512).
template <unsigned kTeams>
using TeamPolicyOf =
    Kokkos::TeamPolicy<Device,
                       Kokkos::LaunchBounds<kTeamThreads, min_teams_bound(kTeamThreads, kTeams)>>;
using TeamMember = TeamPolicyOf<1>::member_type;

template <class Lanes = WorldLanes>
KOKKOS_INLINE_FUNCTION Lanes lanes_of(const DeviceWarp& warp) {
  if constexpr (std::is_same_v<Lanes, OneLane>) {
    return OneLane();
  } else {
    return Lanes(warp);
  }
}

// The state of a slot's world in team scratch.
KOKKOS_INLINE_FUNCTION unsigned char* scratch_of(const TeamMember& team, std::size_t state_bytes) {
  void* memory =
      team.thread_scratch(0).get_shmem(static_cast<int>(state_bytes + SlotArrays::kScratchSlack));
  auto* bytes = static_cast<unsigned char*>(memory);
  constexpr std::uintptr_t kMask = StateLayout::kAlignment - 1;
  return bytes + (-reinterpret_cast<std::uintptr_t>(bytes) & kMask);
}

// Calls kernel.run(warp, slot, state memory, start) for worlds of the wave, by the number of their
// start, until all have been started. next_start: [1], 0 before the launch.
template <class Kernel>
KOKKOS_INLINE_FUNCTION void run_in_slot(const TeamMember& team, const SlotArrays& slots,
                                        std::int32_t* next_start, std::int32_t num_worlds,
                                        const Kernel& kernel) {
  const DeviceWarp warp;
  const std::int32_t slot = team.league_rank() * team.team_size() + team.team_rank();
  unsigned char* state = slots.states + static_cast<std::size_t>(slot) * slots.state_bytes;
  if constexpr (!kOnHost) {
    if (slots.states == nullptr) state = scratch_of(team, slots.state_bytes);
  }
  for (;;) {
    std::int32_t start = 0;
    if (warp.lane() == 0) start = Kokkos::atomic_fetch_add(next_start, 1);
    start = warp.of_first_lane(start);
    if (start >= num_worlds) return;
    kernel.run(warp, slot, state, start);
  }
}

// Its policy on a device.
template <class Policy>
Policy policy_of(const Device& instance, const Launch& launch) {
  Policy policy(instance, launch.teams, launch.team_size, launch.lanes);
  if (launch.in_scratch) {
    policy.set_scratch_size(0, Kokkos::PerThread(static_cast<int>(launch.scratch_bytes())));
  }
  return policy;
}

inline DeviceLimits device_limits() {
  return {kOnHost, static_cast<std::size_t>(std::max(1, concurrency(Device()))),
          static_cast<std::size_t>(kOnHost ? 0 : TeamPolicyOf<1>::scratch_size_max(0))};
}

}  // namespace servesweep
