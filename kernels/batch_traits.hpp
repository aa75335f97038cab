// The batch engine as a wave runner sees it (kernels/wave_runner.hpp).
#pragma once

#include "kernels/wave_runner.hpp"
#include "sim/batch/engine.hpp"

namespace servesweep {

// What lanes have to share in a world: the bins to look through, the blocks of GPU events, the
// requests of a batch. Many batches are larger where GPUs are few.
inline std::int32_t sharable_work_of(std::int32_t batch_limit, std::int32_t num_gpus,
                                     std::int32_t num_bins) {
  const std::int32_t batch = std::min(batch_limit, std::max(1, kTeamThreads / num_gpus));
  const std::int32_t blocks = GpuEventBlocks::count(num_gpus);
  const std::int32_t events = blocks == 1 ? 1 : std::max(GpuEventBlocks::kSize, blocks);
  return std::min(std::max({batch, num_bins, events}), kMostLanes);
}

// Keeps a completed batch's latencies [ns], TBT and decode TBT [ps]: at values[0 ..] of
// [quantity][stride].
template <class Lanes>
SERVESWEEP_FUNCTION void keep_latencies(const Lanes& lanes, std::int64_t* values,
                                        std::size_t stride, const BinnedRequest* requests,
                                        std::int32_t size, std::int64_t finish_ns,
                                        std::int64_t tbt_ps, std::int64_t decode_ps) {
  lanes.for_each(size, [=](std::int32_t i) {
    values[i] = finish_ns - requests[i].arrival_ns;
    values[stride + i] = tbt_ps;
    values[2 * stride + i] = decode_ps;
  });
}

struct BatchTraits : TraitDefaults {
  static constexpr const char* kLabel = "servesweep::batch_engine";
  using World = BatchWorld;
  using State = BatchState;
  using Result = BatchResult;
  using Histograms = BatchHistograms;
  using Event = BatchEvent;
  using NoObserver = NoBatchObserver;

  // The engine spills below 120 registers, and with 128 its 16 warps are what its state in shared
  // memory lets in anyway.
  static constexpr unsigned kTeams = 4;
  static constexpr bool kStateFitsScratch = true;
  static constexpr int kExactRooms = 1;

  template <template <class> class Rows>
  struct Tables {
    Rows<GpuUse> gpus;
    Rows<BinUse> bins;
  };
  template <class F, class... T>
  static void for_each_table(const F& f, T&... tables) {
    f(tables.gpus...);
    f(tables.bins...);
  }

  // Before binning, the workload's numbers of requests and bins are enough.
  static WorldSize<BatchTraits> size_of(const BatchWorld& world) {
    const std::int64_t requests = world.workload.num_requests;
    const std::int32_t bins = world.workload.num_bins;
    const std::int32_t limit = world.is_dynamic() ? world.dynamic.b_max : world.fixed_target;
    return {BatchState::bytes(bins, world.num_gpus),
            most_buckets(requests),
            sharable_work_of(limit, world.num_gpus, bins),
            requests * static_cast<std::int64_t>(sizeof(BinnedRequest)),
            {{world.num_gpus}, {bins}}};
  }

  SERVESWEEP_FUNCTION static void place(BatchState& state, unsigned char* memory,
                                        const BatchWorld& world) {
    state.place(memory, world.workload.num_bins, world.num_gpus);
  }
  template <unsigned kHas, class Lanes, class Observer>
  SERVESWEEP_FUNCTION static void run(const Lanes& lanes, const BatchWorld& world,
                                      const BatchState& state, BatchHistograms& histograms,
                                      Observer& observer) {
    BatchEngine(lanes, world, state, histograms, observer).run();
  }
  template <class Lanes>
  SERVESWEEP_FUNCTION static void save_rows(const Lanes& lanes, const BatchWorld& world,
                                            const BatchState& state,
                                            const Tables<DeviceRows>& tables, std::int32_t index) {
    GpuUse* gpus = tables.gpus.rows + tables.gpus.begin[index];
    lanes.for_each(world.num_gpus, [&](std::int32_t g) {
      gpus[g] = {state.gpus[g].busy_ns, state.gpus[g].batches};
    });
    BinUse* bins = tables.bins.rows + tables.bins.begin[index];
    lanes.for_each(world.workload.num_bins, [&](std::int32_t k) { bins[k] = state.bins[k]; });
  }

  SERVESWEEP_FUNCTION static constexpr int num_quantities(int) { return 3; }
  SERVESWEEP_FUNCTION static std::int64_t num_exact_values(const BatchWorld& world, int) {
    return world.workload.num_requests;
  }
  SERVESWEEP_FUNCTION static void set_exact_quantiles(int, int quantity, const std::int64_t* sorted,
                                                      std::int64_t count, BatchResult& result) {
    const WantedQuantiles wanted_of;
    const bool is_latency = quantity == 0;
    interpolate_quantiles(
        sorted, count, is_latency ? wanted_of.latency : wanted_of.token,
        is_latency ? kNumLatencyQuantiles : kNumTokenQuantiles, is_latency ? 1.0 : 1e-3,
        [](std::int64_t value) { return static_cast<double>(value); },
        is_latency      ? result.latency_quantiles_ns
        : quantity == 1 ? result.tbt_quantiles_ns
                        : result.decode_quantiles_ns);
  }

  // Keeps the latencies of a wave's world. Where they go is found anew for each batch: a kernel has
  // no registers left to remember it in.
  struct KeepValues {
    static constexpr bool kSeesTargets = false;
    const ExactRoom* rooms;
    const BatchWorld& world;
    std::int32_t index;  // of the world

    template <class Lanes>
    SERVESWEEP_FUNCTION void batch(const Lanes&, const BatchEvent&) {}
    template <class Lanes>
    SERVESWEEP_FUNCTION void latencies(const Lanes& lanes, const BinnedRequest* requests,
                                       std::int32_t size, std::int64_t finish_ns,
                                       std::int64_t tbt_ps, std::int64_t decode_ps) {
      if (!has_exact_percentiles<BatchTraits>(world)) return;
      keep_latencies(lanes, rooms->values + rooms->end_of(0, index), rooms->stride, requests, size,
                     finish_ns, tbt_ps, decode_ps);
      lanes.once([&] {
        for (int q = 0; q < num_quantities(0); ++q) {
          rooms->end_of(q, index) += static_cast<std::uint32_t>(size);
        }
      });
    }
  };

  struct RecordEvents : NoBatchObserver {
    static constexpr bool kSeesTargets = true;
    EventList<BatchEvent> events;

    template <class Lanes>
    SERVESWEEP_FUNCTION void batch(const Lanes& lanes, const BatchEvent& event) {
      lanes.once([&] { events.add(event); });
    }
  };
};

}  // namespace servesweep
