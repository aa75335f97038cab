// The kernels of the batch engine. Worlds run in slots: as many as the device holds lane groups
// (one per thread on a CPU). A slot's lane group takes the next world that nobody has started, runs
// it in the slot's memory and writes to the world's own place in the results, so that uneven worlds
// balance and results do not depend on who ran what.
#pragma once

#include <type_traits>

#include "kernels/arena.hpp"
#include "kernels/batch_runner.hpp"
#include "kernels/device_warp.hpp"
#include "kernels/exact_percentiles.hpp"
#include "kernels/exact_quantiles.hpp"
#include "kernels/launch_plan.hpp"
#include "kernels/portability.hpp"
#include "sim/batch/engine.hpp"

namespace servesweep {

using WorldLanes = std::conditional_t<kOnHost, OneLane, GroupLanes<DeviceWarp>>;

// At least four teams of these a multiprocessor, so at most 128 registers a thread (256 on AMD):
// the engine spills below 120, and with this many its 16 warps are what its state in shared memory
// lets in anyway.
using TeamPolicy =
    Kokkos::TeamPolicy<Device,
                       Kokkos::LaunchBounds<kTeamThreads, min_teams_bound(kTeamThreads, 4)>>;

template <class Lanes = WorldLanes>
KOKKOS_INLINE_FUNCTION Lanes lanes_of(const DeviceWarp& warp) {
  if constexpr (std::is_same_v<Lanes, OneLane>) {
    return OneLane();
  } else {
    return Lanes(warp);
  }
}

// Larger worlds keep their histograms' percentiles: a wave's exact values are numbered in 32 bits.
constexpr std::int64_t kMostExactRequests = std::int64_t{1} << 24;
KOKKOS_INLINE_FUNCTION bool has_exact_percentiles(std::int64_t requests) {
  return requests <= kMostExactRequests;
}

// What a wave reads and writes, beside the workloads.
struct WaveArrays {
  BatchWorld* worlds;           // [world]
  std::int32_t* start_order;    // [start]
  std::int64_t* gpu_places;     // [world]: where its GPUs begin in gpus
  std::int64_t* bin_places;     // [world]: where its bins begin in bins
  std::int32_t* next_start;     // [1]
  std::int64_t* num_entries;    // [1]: histogram entries taken so far
  BatchResult* results;         // [world]
  std::int64_t* entry_places;   // [world]: where its histogram begins in buckets
  std::int32_t* num_buckets;    // [world]
  std::int32_t* buckets;        // [entry]
  std::int32_t* bucket_counts;  // [entry]
  GpuUse* gpus;                 // [worlds' GPUs one after the other]
  BinUse* bins;                 // [worlds' bins one after the other]

  std::int64_t* kept;         // [quantity][exact request], see KeptLatencies
  std::uint32_t* kept_begin;  // [world]
  unsigned char* exact_temp;

  void take(const WaveShape& shape, const WaveOptions& options, MemoryBlock& memory) {
    const auto worlds_count = static_cast<std::int64_t>(shape.worlds);
    const bool details = options.save_details;
    const std::int64_t detailed = details ? worlds_count : 0;
    const std::int64_t entries = details ? shape.entries : 0;
    const std::int64_t exact_worlds = options.exact_percentiles ? worlds_count : 0;
    memory.take(worlds, worlds_count);
    memory.take(start_order, worlds_count);
    memory.take(gpu_places, detailed);
    memory.take(bin_places, detailed);
    memory.take(next_start, 1);
    memory.take(num_entries, 1);
    memory.take(results, worlds_count);
    memory.take(entry_places, detailed);
    memory.take(num_buckets, detailed);
    memory.take(buckets, entries);
    memory.take(bucket_counts, entries);
    memory.take(gpus, details ? shape.gpus : 0);
    memory.take(bins, details ? shape.bins : 0);
    memory.take(kept, shape.exact_requests * kExactQuantities);
    memory.take(kept_begin, exact_worlds);
    memory.take(exact_temp, exact_worlds == 0
                                ? 0
                                : static_cast<std::int64_t>(exact_quantiles_bytes(
                                      static_cast<std::uint32_t>(shape.exact_requests),
                                      static_cast<std::int32_t>(worlds_count))));
  }
};

// Keeps the latencies of a wave's world. Where they go is found anew for each batch: a kernel has
// no registers left to remember it in.
struct KeepLatencies {
  static constexpr bool kSeesTargets = false;
  const WaveArrays& wave;
  const std::size_t& stride;
  const BatchWorld& world;
  const BatchResult& result;
  std::int32_t index;  // of the world

  template <class Lanes>
  KOKKOS_FUNCTION void batch(const Lanes&, const BatchEvent&) {}
  template <class Lanes>
  KOKKOS_FUNCTION void latencies(const Lanes& lanes, const BinnedRequest* requests,
                                 std::int32_t size, std::int64_t finish_ns, std::int64_t tbt_ps,
                                 std::int64_t decode_ps) {
    if (!has_exact_percentiles(world.workload.num_requests)) return;
    keep_latencies(lanes, wave.kept + wave.kept_begin[index] + result.completed, stride, requests,
                   size, finish_ns, tbt_ps, decode_ps);
  }
};

template <bool kExact>
struct RunWorlds {
  WaveArrays wave;
  SlotArrays slots;
  std::int32_t num_worlds;
  bool save_details;
  std::size_t kept_stride;  // of kExact

  KOKKOS_FUNCTION void operator()(const TeamPolicy::member_type& team) const {
    const DeviceWarp warp;
    const auto slot =
        static_cast<std::size_t>(team.league_rank()) * static_cast<std::size_t>(team.team_size()) +
        static_cast<std::size_t>(team.team_rank());
    unsigned char* state = slots.states + slot * slots.state_bytes;
    if constexpr (!kOnHost) {
      if (slots.states == nullptr) state = scratch_of(team);
    }
    for (;;) {
      std::int32_t start = 0;
      if (warp.lane() == 0) start = Kokkos::atomic_fetch_add(wave.next_start, 1);
      start = warp.of_first_lane(start);
      if (start >= num_worlds) return;
      run(warp, slot, state, wave.start_order[start]);
    }
  }

  KOKKOS_FUNCTION unsigned char* scratch_of(const TeamPolicy::member_type& team) const {
    void* memory = team.thread_scratch(0).get_shmem(
        static_cast<int>(slots.state_bytes + SlotArrays::kScratchSlack));
    auto* bytes = static_cast<unsigned char*>(memory);
    constexpr std::uintptr_t kMask = BatchState::kAlignment - 1;
    return bytes + (-reinterpret_cast<std::uintptr_t>(bytes) & kMask);
  }

  KOKKOS_FUNCTION void run(const DeviceWarp& warp, std::size_t slot, unsigned char* memory,
                           std::int32_t index) const {
    const WorldLanes lanes = lanes_of(warp);
    const BatchWorld& world = wave.worlds[index];
    BatchResult& result = wave.results[index];
    BatchHistograms histograms(slots.histograms + slot * SlotArrays::kHistogramCounts);
    BatchState state;
    state.place(memory, world.workload.num_bins, world.num_gpus);
    if constexpr (kExact) {
      KeepLatencies latencies{wave, kept_stride, world, *state.result, index};
      BatchEngine(lanes, world, state, histograms, latencies).run();
      lanes.once([&] {
        state.result->exact_quantiles = has_exact_percentiles(world.workload.num_requests);
      });
    } else {
      NoObserver nobody;
      BatchEngine(lanes, world, state, histograms, nobody).run();
    }
    take_quantiles(lanes, histograms, *state.result);
    lanes.once([&] { result = *state.result; });
    if (save_details) save(warp, lanes, index, world, state, histograms.latency);
    histograms.latency.clear(lanes);
    histograms.tbt.clear(lanes);
    histograms.decode.clear(lanes);
  }

  KOKKOS_FUNCTION void save(const DeviceWarp& warp, const WorldLanes& lanes, std::int32_t index,
                            const BatchWorld& world, const BatchState& state,
                            const Histogram& latency) const {
    const std::int32_t first = latency.begin();
    const std::int32_t range = latency.end() - first;
    const std::uint32_t* counts = latency.counts + first;
    const std::int64_t entries =
        lanes
            .template reduce<IntegerSum>(
                range, [=](std::int32_t b, IntegerSum& sum) { sum.value += counts[b] != 0; })
            .value;
    std::int64_t place = 0;
    if (warp.lane() == 0) place = Kokkos::atomic_fetch_add(wave.num_entries, entries);
    place = warp.of_first_lane(place);
    lanes.once([&] {
      wave.entry_places[index] = place;
      wave.num_buckets[index] = static_cast<std::int32_t>(entries);
    });
    lanes.pack(
        range, [=](std::int32_t b) { return counts[b] != 0; },
        [&](std::int32_t rank, std::int32_t b) {
          wave.buckets[place + rank] = first + b;
          wave.bucket_counts[place + rank] = static_cast<std::int32_t>(counts[b]);
        });
    GpuUse* gpus = wave.gpus + wave.gpu_places[index];
    lanes.for_each(world.num_gpus, [&](std::int32_t g) {
      gpus[g] = {state.gpus[g].busy_ns, state.gpus[g].batches};
    });
    BinUse* bins = wave.bins + wave.bin_places[index];
    lanes.for_each(world.workload.num_bins, [&](std::int32_t k) { bins[k] = state.bins[k]; });
  }
};

struct RecordBatches {
  static constexpr bool kSeesTargets = true;
  BatchEvent* events;   // [request]
  std::int64_t* count;  // [1]

  template <class Lanes>
  KOKKOS_FUNCTION void batch(const Lanes& lanes, const BatchEvent& event) {
    lanes.once([&] { events[(*count)++] = event; });
  }
  template <class Lanes>
  KOKKOS_FUNCTION void latencies(const Lanes&, const BinnedRequest*, std::int32_t, std::int64_t,
                                 std::int64_t, std::int64_t) {}
};

struct ReplayWorld {
  BatchWorld* world;          // [1]
  unsigned char* state;       // [BatchState::bytes()]
  std::uint32_t* histograms;  // [histogram][bucket], zero
  RecordBatches recorder;

  KOKKOS_FUNCTION void operator()(const TeamPolicy::member_type&) const {
    const DeviceWarp warp;
    const WorldLanes lanes = lanes_of(warp);
    BatchState here;
    here.place(state, world->workload.num_bins, world->num_gpus);
    BatchHistograms histograms_here(histograms);
    RecordBatches observer = recorder;
    BatchEngine(lanes, *world, here, histograms_here, observer).run();
  }
};

}  // namespace servesweep
