// The continuous engine as a wave runner sees it (kernels/wave_runner.hpp).
#pragma once

#include "kernels/device/device_warp.hpp"
#include "kernels/wave_runner.hpp"
#include "sim/continuous/engine.hpp"

namespace servesweep {

struct ContinuousTraits : TraitDefaults {
  static constexpr const char* kLabel = "servesweep::continuous_engine";
  using World = ContinuousWorld;
  using State = ContinuousState;
  using Result = ContinuousResult;
  using Histograms = ContinuousHistograms;
  using Event = IterationRun;
  using NoObserver = NoServedObserver;

  // The engine's state is in global memory and its lanes diverge: more warps would hide little.
  static constexpr unsigned kTeams = 2;
  static constexpr int kSavedHistograms = kNumLatencyKinds;
  static constexpr int kExactRooms = 2;

  template <template <class> class Rows>
  struct Tables {
    Rows<ReplicaUse> replicas;
    Rows<ClassUse> classes;
  };
  template <class F, class... T>
  static void for_each_table(const F& f, T&... tables) {
    f(tables.replicas...);
    f(tables.classes...);
  }

  static WorldSize<ContinuousTraits> size_of(const ContinuousWorld& world) {
    return {
        ContinuousState::bytes(world),
        (kNumLatencyKinds - 1) * most_buckets(world.requests.count) + HistogramLayout::kNumBuckets,
        std::min(world.num_replicas, kMostLanes),
        0,
        {{world.num_replicas}, {world.requests.num_classes}}};
  }

  template <unsigned kHas, class Lanes, class Observer>
  SERVESWEEP_FUNCTION static void run(const Lanes& lanes, const ContinuousWorld& world,
                                      const ContinuousState& state,
                                      ContinuousHistograms& histograms, Observer& observer) {
    ContinuousEngine(lanes, world, state, histograms, observer).run();
  }
  template <class Lanes>
  SERVESWEEP_FUNCTION static void save_rows(const Lanes& lanes, const ContinuousWorld& world,
                                            const ContinuousState& state,
                                            const Tables<DeviceRows>& tables, std::int32_t index) {
    ReplicaUse* replicas = tables.replicas.rows + tables.replicas.begin[index];
    lanes.for_each(world.num_replicas,
                   [&](std::int32_t r) { replicas[r] = use_of(state.replicas[r]); });
    ClassUse* classes = tables.classes.rows + tables.classes.begin[index];
    for (std::int32_t i = 0; i < world.requests.num_classes; ++i) {
      take_class(lanes, world, state, i, classes[i]);
    }
  }

  // Rooms: a value per request of the four latencies, and one per output token. The values are
  // durations [ns]; the bits of doubles that are not negative sort as these do.
  SERVESWEEP_FUNCTION static constexpr int num_quantities(int room) {
    return room == 0 ? kNumRequestLatencies : 1;
  }
  SERVESWEEP_FUNCTION static std::int64_t num_exact_values(const ContinuousWorld& world, int room) {
    return room == 0 ? world.requests.count : world.most_output_tokens;
  }
  SERVESWEEP_FUNCTION static LatencyKind kind_of(int room, int quantity) {
    return room == 0 ? request_latency(quantity) : LatencyKind::kItl;
  }
  SERVESWEEP_FUNCTION static void set_exact_quantiles(int room, int quantity,
                                                      const std::int64_t* sorted,
                                                      std::int64_t count,
                                                      ContinuousResult& result) {
    const ServedQuantiles quantiles;
    interpolate_quantiles(
        sorted, count, quantiles.wanted, kNumServedQuantiles, 1.0,
        [](std::int64_t bits) {
          double value = 0;
          memcpy(&value, &bits, sizeof value);
          return value;
        },
        result.quantiles_ns[static_cast<int>(kind_of(room, quantity))]);
  }

  // Keeps the latencies of a wave's world. Its lanes take a replica each.
  struct KeepValues {
    static constexpr bool kSeesSequences = false;
    static constexpr bool kSeesGaps = true;
    const ExactRoom* rooms;
    const ContinuousWorld& world;
    std::int32_t index;  // of the world

    SERVESWEEP_FUNCTION void ran(const IterationRun&) const {}
    SERVESWEEP_FUNCTION void request(const CompletedRequest& q) const {
      if (!has_exact_percentiles<ContinuousTraits>(world)) return;
      keep(0, 0, ns_of(q.first_scheduled - q.arrival), 1);
      keep(0, 1, ns_of(q.first_token - q.arrival), 1);
      if (q.tpot_ps >= 0) keep(0, 2, static_cast<double>(q.tpot_ps) * 1e-3, 1);
      keep(0, 3, ns_of(q.end - q.arrival), 1);
    }
    SERVESWEEP_FUNCTION void gap(Ticks span, std::int32_t n) const {
      if (has_exact_percentiles<ContinuousTraits>(world)) keep(1, 0, ns_of(span), n);
    }

   private:
    SERVESWEEP_FUNCTION void keep(int room, int quantity, double value_ns, std::int32_t n) const {
      const ExactRoom& to = rooms[room];
      std::int64_t* values = to.values + static_cast<std::size_t>(quantity) * to.stride +
                             fetch_add(to.end_of(quantity, index), static_cast<std::uint32_t>(n));
      for (std::int32_t i = 0; i < n; ++i) memcpy(values + i, &value_ns, sizeof value_ns);
    }
  };

  struct RecordEvents : NoServedObserver {
    EventList<IterationRun> events;
    SERVESWEEP_FUNCTION void ran(const IterationRun& event) const { events.add(event); }
  };
};

}  // namespace servesweep
