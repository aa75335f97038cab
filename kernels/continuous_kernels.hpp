// The kernels of the continuous engine (kernels/slot_loop.hpp says how worlds are taken).
#pragma once

#include "kernels/continuous_runner.hpp"
#include "kernels/slot_loop.hpp"
#include "kernels/sparse_histograms.hpp"
#include "sim/continuous/engine.hpp"

namespace servesweep {

// The engine's state is in global memory and its lanes diverge: more warps would hide little.
using ContinuousPolicy = TeamPolicyOf<2>;

// What a wave reads and writes, beside the requests.
struct ContinuousWaveArrays {
  ContinuousWorld* worlds;       // [world]
  std::int32_t* start_order;     // [start]
  std::int64_t* replica_places;  // [world]: where its replicas begin in replicas
  std::int32_t* next_start;      // [1]
  ContinuousResult* results;     // [world]
  SparseHistograms histograms;   // a row for each world and kind of latency
  ReplicaUse* replicas;          // [worlds' replicas one after the other]

  void take(const ContinuousWaveShape& shape, bool save_details, MemoryBlock& memory) {
    const std::int64_t detailed = save_details ? shape.worlds : 0;
    memory.take(worlds, shape.worlds);
    memory.take(start_order, shape.worlds);
    memory.take(replica_places, detailed);
    memory.take(next_start, 1);
    memory.take(results, shape.worlds);
    histograms.take(detailed * kNumLatencyKinds, save_details ? shape.entries : 0, memory);
    memory.take(replicas, save_details ? shape.replicas : 0);
  }
};

struct RunContinuousWorlds {
  ContinuousWaveArrays wave;
  SlotArrays slots;
  std::int32_t num_worlds;
  bool save_details;

  KOKKOS_FUNCTION void operator()(const TeamMember& team) const {
    run_in_slot(team, slots, wave.next_start, num_worlds, *this);
  }

  KOKKOS_FUNCTION void run(const DeviceWarp& warp, std::int32_t slot, unsigned char* memory,
                           std::int32_t start) const {
    const std::int32_t index = wave.start_order[start];
    const WorldLanes lanes = lanes_of(warp);
    const ContinuousWorld& world = wave.worlds[index];
    ContinuousHistograms histograms(slots.histograms +
                                    static_cast<std::size_t>(slot) * ContinuousHistograms::kCounts);
    ContinuousState state;
    state.place(memory, world);
    NoServedObserver nobody;
    ContinuousEngine(lanes, world, state, histograms, nobody).run();
    take_quantiles(lanes, histograms, *state.result);
    lanes.once([&] { wave.results[index] = *state.result; });
    if (save_details) {
      for (int kind = 0; kind < kNumLatencyKinds; ++kind) {
        wave.histograms.save(warp, lanes, index * kNumLatencyKinds + kind, histograms.of[kind]);
      }
      ReplicaUse* replicas = wave.replicas + wave.replica_places[index];
      lanes.for_each(world.num_replicas,
                     [&](std::int32_t r) { replicas[r] = use_of(state.replicas[r]); });
    }
    for (Histogram& histogram : histograms.of) histogram.clear(lanes);
  }
};

struct RecordFlights {
  static constexpr bool kSeesSequences = false;
  FlightEvent* events;  // [capacity]
  std::int64_t capacity;
  std::int64_t* count;  // [1]

  KOKKOS_FUNCTION void flight(const FlightEvent& event) const {
    if (*count < capacity) events[*count] = event;
    ++*count;
  }
  KOKKOS_FUNCTION void request(const CompletedRequest&) const {}
};

struct ReplayContinuousWorld {
  ContinuousWorld* world;     // [1]
  unsigned char* state;       // [ContinuousState::bytes()]
  std::uint32_t* histograms;  // [histogram][bucket], zero
  RecordFlights recorder;

  KOKKOS_FUNCTION void operator()(const TeamMember&) const {
    const DeviceWarp warp;
    const WorldLanes lanes = lanes_of(warp);
    ContinuousState here;
    here.place(state, *world);
    ContinuousHistograms histograms_here(histograms);
    RecordFlights observer = recorder;
    ContinuousEngine(lanes, *world, here, histograms_here, observer).run();
  }
};

}  // namespace servesweep
