// The continuous engine as a wave runner sees it (kernels/wave_runner.hpp).
#pragma once

#include "kernels/wave_runner.hpp"
#include "sim/continuous/engine.hpp"

namespace servesweep {

struct ContinuousTraits {
  static constexpr const char* kLabel = "servesweep::continuous_engine";
  using World = ContinuousWorld;
  using State = ContinuousState;
  using Result = ContinuousResult;
  using Histograms = ContinuousHistograms;
  using Event = IterationRun;
  using NoObserver = NoServedObserver;

  // The engine's state is in global memory and its lanes diverge: more warps would hide little.
  static constexpr unsigned kTeams = 2;
  static constexpr bool kStateFitsScratch = false;
  static constexpr int kSavedHistograms = kNumLatencyKinds;
  static constexpr int kExactRooms = 1;
  static constexpr unsigned kFeatures = 0;

  template <template <class> class Rows>
  struct Tables {
    Rows<ReplicaUse> replicas;
  };
  template <class F, class... T>
  static void for_each_table(const F& f, T&... tables) {
    f(tables.replicas...);
  }

  static WorldSize<ContinuousTraits> size_of(const ContinuousWorld& world) {
    constexpr std::int64_t kMost = HistogramLayout::kNumBuckets;
    return {ContinuousState::bytes(world),
            (kNumLatencyKinds - 1) * std::min(world.requests.count, kMost) + kMost,
            std::min(world.num_replicas, kMostLanes),
            0,
            {{world.num_replicas}}};
  }
  static unsigned features_of(const ContinuousWorld&) { return 0; }

  SERVESWEEP_FUNCTION static void place(ContinuousState& state, unsigned char* memory,
                                        const ContinuousWorld& world) {
    state.place(memory, world);
  }
  template <unsigned kHas, class Lanes, class Observer>
  SERVESWEEP_FUNCTION static void run(const Lanes& lanes, const ContinuousWorld& world,
                                      const ContinuousState& state,
                                      ContinuousHistograms& histograms, Observer& observer) {
    ContinuousEngine(lanes, world, state, histograms, observer).run();
  }
  SERVESWEEP_FUNCTION static const Histogram& saved_histogram(const ContinuousHistograms& h,
                                                              int kind) {
    return h.of[kind];
  }
  template <class Lanes>
  SERVESWEEP_FUNCTION static void clear(const Lanes& lanes, ContinuousHistograms& h) {
    for (Histogram& histogram : h.of) histogram.clear(lanes);
  }
  template <class Lanes>
  SERVESWEEP_FUNCTION static void save_rows(const Lanes& lanes, const ContinuousWorld& world,
                                            const ContinuousState& state,
                                            const Tables<DeviceRows>& tables, std::int32_t index) {
    ReplicaUse* replicas = tables.replicas.rows + tables.replicas.begin[index];
    lanes.for_each(world.num_replicas,
                   [&](std::int32_t r) { replicas[r] = use_of(state.replicas[r]); });
  }

  // No world has exact percentiles.
  static constexpr int num_quantities(int) { return 0; }
  SERVESWEEP_FUNCTION static std::int64_t num_exact_values(const ContinuousWorld&, int) {
    return kMostExactValues + 1;
  }
  SERVESWEEP_FUNCTION static void set_exact_quantiles(int, int, const std::int64_t*, std::int64_t,
                                                      ContinuousResult&) {}
  struct KeepValues : NoServedObserver {
    SERVESWEEP_FUNCTION KeepValues(const ExactRoom*, const ContinuousWorld&, ContinuousResult&,
                                   std::int32_t) {}
    SERVESWEEP_FUNCTION void open() const {}
    SERVESWEEP_FUNCTION void close() const {}
  };

  struct RecordEvents {
    static constexpr bool kSeesSequences = false;
    EventList<IterationRun> events;

    SERVESWEEP_FUNCTION void ran(const IterationRun& event) const { events.add(event); }
    SERVESWEEP_FUNCTION void request(const CompletedRequest&) const {}
  };
};

}  // namespace servesweep
