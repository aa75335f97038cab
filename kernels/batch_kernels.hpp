// The kernels of the batch engine; slot_loop.hpp says how their lane groups take worlds.
#pragma once

#include <type_traits>

#include "kernels/batch_runner.hpp"
#include "kernels/memory/arena.hpp"
#include "kernels/primitives/exact_percentiles.hpp"
#include "kernels/primitives/exact_quantiles.hpp"
#include "kernels/slot_loop.hpp"
#include "kernels/sparse_histograms.hpp"
#include "sim/batch/engine.hpp"

namespace servesweep {

// The engine spills below 120 registers, and with 128 its 16 warps are what its state in shared
// memory lets in anyway.
using BatchPolicy = TeamPolicyOf<4>;

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
  BatchResult* results;         // [world]
  SparseHistograms histograms;  // a row for each world
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
    memory.take(results, worlds_count);
    histograms.take(detailed, entries, memory);
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

  KOKKOS_FUNCTION void operator()(const TeamMember& team) const {
    run_in_slot(team, slots, wave.next_start, num_worlds, *this);
  }

  KOKKOS_FUNCTION void run(const DeviceWarp& warp, std::int32_t slot, unsigned char* memory,
                           std::int32_t start) const {
    const std::int32_t index = wave.start_order[start];
    const WorldLanes lanes = lanes_of(warp);
    const BatchWorld& world = wave.worlds[index];
    BatchResult& result = wave.results[index];
    BatchHistograms histograms(slots.histograms +
                               static_cast<std::size_t>(slot) * BatchHistograms::kCounts);
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
    wave.histograms.save(warp, lanes, index, latency);
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

  KOKKOS_FUNCTION void operator()(const TeamMember&) const {
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
