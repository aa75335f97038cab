// The kernels of a wave runner. Worlds run in slots: as many as the device holds lane groups (one
// per thread on a CPU). A slot's group takes the next world that has not been started, so that
// uneven worlds balance.
#pragma once

#include "kernels/device/device_warp.hpp"
#include "kernels/device/portability.hpp"
#include "kernels/exact_quantiles.hpp"
#include "kernels/sparse_histograms.hpp"
#include "kernels/wave_runner.hpp"
#include "sim/core/lanes.hpp"

namespace servesweep {

// A multiprocessor has room for at least kTeams teams: with four a thread has 128 registers (256 on
// AMD), with two 255 (512).
template <unsigned kTeams>
using TeamPolicyOf =
    Kokkos::TeamPolicy<Device,
                       Kokkos::LaunchBounds<kTeamThreads, min_teams_bound(kTeamThreads, kTeams)>>;
using TeamMember = TeamPolicyOf<1>::member_type;

template <class Warp>
KOKKOS_INLINE_FUNCTION auto lanes_of([[maybe_unused]] const Warp& warp) {
  if constexpr (kOnHost) {
    return OneLane();
  } else {
    return GroupLanes<Warp>(warp);
  }
}

// What a wave reads and writes, beside the workloads.
template <class Engine>
struct WaveArrays {
  typename Engine::World* worlds;    // [world]
  std::int32_t* start_order;         // [start]
  std::int32_t* next_start;          // [1]: 0 before the launch
  typename Engine::Result* results;  // [world]
  SparseHistograms histograms;       // a row for each world and saved histogram
  typename Engine::template Tables<DeviceRows> tables;
  ExactRoom exact[kExactRoomsOf<Engine>];
  ExactRoom* exact_rooms;  // [room]: the same in device memory, or a kernel's stack would have them
  unsigned char* exact_temp;

  void take(const WaveShape<Engine>& shape, WaveOptions options, MemoryBlock& memory) {
    const std::int64_t detailed = options.save_details ? shape.worlds : 0;
    memory.take(worlds, shape.worlds);
    memory.take(start_order, shape.worlds);
    memory.take(next_start, 1);
    memory.take(results, shape.worlds);
    histograms.take(detailed * Engine::kSavedHistograms,
                    options.save_details ? shape.size.entries : 0, memory);
    Engine::for_each_table(
        [&](auto& table, const auto& rows) {
          memory.take(table.begin, detailed);
          memory.take(table.rows, options.save_details ? rows.count : 0);
        },
        tables, shape.size.rows);
    if constexpr (Engine::kExactRooms > 0) {
      if (options.exact_percentiles) take_exact(shape, memory);
    }
  }

 private:
  void take_exact(const WaveShape<Engine>& shape, MemoryBlock& memory) {
    memory.take(exact_rooms, Engine::kExactRooms);
    std::size_t largest = 0;
    for (int r = 0; r < Engine::kExactRooms; ++r) {
      const std::int64_t quantities = Engine::num_quantities(r);
      exact[r].stride = static_cast<std::size_t>(shape.exact_values[r]);
      largest = std::max(largest, exact[r].stride);
      memory.take(exact[r].values, quantities * shape.exact_values[r]);
      memory.take(exact[r].begin, shape.worlds);
      memory.take(exact[r].end, quantities * shape.worlds);
      exact[r].worlds = static_cast<std::int32_t>(shape.worlds);
    }
    const QuantileTemp temp(nullptr, largest, static_cast<std::int32_t>(shape.worlds));
    memory.take(exact_temp, static_cast<std::int64_t>(temp.bytes));
  }
};

// kHas: the features that worlds of the wave may have (Engine::features_of()).
template <class Engine, bool kExact, unsigned kHas = Engine::kFeatures>
struct RunWorlds {
  static_assert((Engine::kLaneWidth & (Engine::kLaneWidth - 1)) == 0, "lanes: a power of two");
  using Warp = DeviceWarp<Engine::kLaneWidth>;

  WaveArrays<Engine> wave;
  SlotArrays slots;
  std::int32_t num_worlds;
  bool save_details;

  KOKKOS_FUNCTION void operator()(const TeamMember& team) const {
    const Warp warp;
    const std::int32_t slot = team.league_rank() * team.team_size() + team.team_rank();
    unsigned char* state = slots.states + static_cast<std::size_t>(slot) * slots.state_bytes;
    if constexpr (!kOnHost) {
      if (slots.states == nullptr) state = scratch_of(team);
    }
    run_in_slot(warp, slot, state);
  }

  // Runs worlds of the wave until all have been started.
  KOKKOS_FUNCTION void run_in_slot(const Warp& warp, std::int32_t slot,
                                   unsigned char* state) const {
    for (;;) {
      std::int32_t start = 0;
      if (warp.lane() == 0) start = Kokkos::atomic_fetch_add(wave.next_start, 1);
      start = warp.of_first_lane(start);
      if (start >= num_worlds) return;
      run(warp, slot, state, start);
    }
  }

  // The state of a slot's world in team scratch.
  KOKKOS_FUNCTION unsigned char* scratch_of(const TeamMember& team) const {
    void* memory = team.thread_scratch(0).get_shmem(
        static_cast<int>(slots.state_bytes + SlotArrays::kScratchSlack));
    auto* bytes = static_cast<unsigned char*>(memory);
    constexpr std::uintptr_t kMask = StateLayout::kAlignment - 1;
    return bytes + (-reinterpret_cast<std::uintptr_t>(bytes) & kMask);
  }

  KOKKOS_FUNCTION void run(const Warp& warp, std::int32_t slot, unsigned char* memory,
                           std::int32_t start) const {
    const std::int32_t index = wave.start_order[start];
    const auto lanes = lanes_of(warp);
    const typename Engine::World& world = wave.worlds[index];
    typename Engine::Result& result = wave.results[index];
    typename Engine::Histograms histograms(slots.histograms + static_cast<std::size_t>(slot) *
                                                                  Engine::Histograms::kCounts);
    typename Engine::State state;
    Engine::place(state, memory, world);
    if constexpr (kExact) {
      lanes.once([&] { open_rooms<Engine>(wave.exact_rooms, index); });
      typename Engine::KeepValues values{wave.exact_rooms, world, index};
      Engine::template run<kHas>(lanes, world, state, histograms, values);
      lanes.once([&] { state.result->exact_quantiles = has_exact_percentiles<Engine>(world); });
    } else {
      typename Engine::NoObserver none;
      Engine::template run<kHas>(lanes, world, state, histograms, none);
    }
    take_quantiles(lanes, histograms, *state.result);
    lanes.once([&] { result = *state.result; });
    if (save_details) {
      for (int h = 0; h < Engine::kSavedHistograms; ++h) {
        wave.histograms.save(warp, lanes, index * Engine::kSavedHistograms + h, histograms.of[h]);
      }
      Engine::save_rows(lanes, world, state, wave.tables, index);
    }
    histograms.clear(lanes);
  }
};

template <class Engine>
struct ReplayWorld {
  typename Engine::World* world;  // [1]
  unsigned char* state;           // [state bytes of the world]
  std::uint32_t* histograms;      // [histogram][bucket], zero
  typename Engine::RecordEvents recorder;

  KOKKOS_FUNCTION void operator()(const TeamMember&) const {
    const auto lanes = lanes_of(DeviceWarp<>());
    typename Engine::State here;
    Engine::place(here, state, *world);
    typename Engine::Histograms histograms_here(histograms);
    typename Engine::RecordEvents observer = recorder;
    Engine::template run<Engine::kFeatures>(lanes, *world, here, histograms_here, observer);
  }
};

}  // namespace servesweep
