// M/M/1: one server, first come first served, a drawn service time. The least that an engine has.
#pragma once

#include "kernels/wave_runner.hpp"
#include "sim/core/clock.hpp"

namespace servesweep {

struct Mm1World {
  std::int64_t count = 0;
  const std::int64_t* arrival_ns = nullptr;  // [request], before load scaling
  const double* draws = nullptr;             // [request], of mean 1
  double load_scaling = 1;
  double mean_service_ns = 0;
  bool is_drawn = true;
};
struct Mm1Event {
  std::int64_t arrival_ns, start_ns, end_ns;
};
struct Mm1Result {
  std::int64_t completed = 0, busy_ns = 0, end_ns = 0;
  Int128 latency_sum_ns = 0;
  double p99_latency_ns = 0;
  std::int64_t features = 0;
};
struct Mm1State {
  Mm1Result* result;
};

template <class Lanes>
SERVESWEEP_FUNCTION void take_quantiles(const Lanes& lanes, const HistogramSet<1>& h,
                                        Mm1Result& r) {
  const double wanted = 0.99;
  if (r.completed == 0) return;
  histogram_quantiles(lanes, h.of[0], r.completed, &wanted, 1, &r.p99_latency_ns);
}

struct Mm1Traits : TraitDefaults {
  static constexpr const char* kLabel = "servesweep::mm1_engine";
  using World = Mm1World;
  using State = Mm1State;
  using Result = Mm1Result;
  using Histograms = HistogramSet<1>;
  using Event = Mm1Event;
  static constexpr int kSavedHistograms = 1;
  static constexpr unsigned kFeatures = 1;  // drawn service times

  static WorldSize<Mm1Traits> size_of(const Mm1World& w) {
    constexpr std::int64_t kMost = HistogramLayout::kNumBuckets;
    return {sizeof(Mm1Result), std::min(w.count, kMost), 1, 0, {}};
  }
  static unsigned features_of(const Mm1World& w) { return w.is_drawn; }
  SERVESWEEP_FUNCTION static void place(Mm1State& s, unsigned char* memory, const Mm1World&) {
    s.result = reinterpret_cast<Mm1Result*>(memory);
  }

  template <unsigned kHas, class Lanes, class Observer>
  SERVESWEEP_FUNCTION static void run(const Lanes& lanes, const Mm1World& w, const Mm1State& s,
                                      HistogramSet<1>& h, Observer& observer) {
    h.of[0].touch(0, HistogramLayout::kNumBuckets - 1);
    lanes.once([&] {
      Mm1Result r;
      r.features = kHas;
      for (; r.completed < w.count; ++r.completed) {
        double service_ns = w.mean_service_ns;
        if constexpr (kHas != 0) service_ns *= w.is_drawn ? w.draws[r.completed] : 1.0;
        Mm1Event event;
        event.arrival_ns =
            round_to_int64(static_cast<double>(w.arrival_ns[r.completed]) / w.load_scaling);
        event.start_ns = max_of(event.arrival_ns, r.end_ns);
        event.end_ns = event.start_ns + round_to_int64(service_ns);
        const std::int64_t latency_ns = event.end_ns - event.arrival_ns;
        r.end_ns = event.end_ns;
        r.busy_ns += event.end_ns - event.start_ns;
        r.latency_sum_ns += latency_ns;
        h.of[0].add(HistogramLayout::bucket(static_cast<double>(latency_ns)), 1);
        observer.served(event);
      }
      *s.result = r;
    });
  }
  struct NoObserver {
    SERVESWEEP_FUNCTION void served(const Mm1Event&) const {}
  };
  struct RecordEvents {
    EventList<Mm1Event> events;
    SERVESWEEP_FUNCTION void served(const Mm1Event& event) const { events.add(event); }
  };
};

}  // namespace servesweep
