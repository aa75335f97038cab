// M/M/1: one server, first come first served, a drawn service time. The least that an engine has.
#pragma once

#include "kernels/wave_runner.hpp"

namespace servesweep {

struct Mm1World {
  std::int64_t count = 0;
  double load_scaling = 1, mean_service_ns = 0;
  bool is_drawn = true;
  const std::int64_t* arrival_ns = nullptr;  // [request], before load scaling
  const double* draws = nullptr;             // [request], of mean 1
};
struct Mm1Event {
  std::int64_t arrival_ns, start_ns, end_ns;
};
struct Mm1Result {
  std::int64_t completed = 0, busy_ns = 0, end_ns = 0, features = 0;
  Int128 latency_sum_ns = 0;
  double p99_latency_ns = 0;
};
struct Mm1State {
  Mm1Result* result;
  SERVESWEEP_FUNCTION void place(unsigned char* memory, const Mm1World&) {
    result = reinterpret_cast<Mm1Result*>(memory);
  }
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
  using RecordEvents = EventRecorder<Mm1Event>;
  static constexpr unsigned kFeatures = 1;  // drawn service times

  static WorldSize<Mm1Traits> size_of(const Mm1World& w) {
    return {sizeof(Mm1Result), most_buckets(w.count), 1, 0, {}};
  }
  static unsigned features_of(const Mm1World& w) { return w.is_drawn; }

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
        const auto arrival_ns = round_to_int64(double(w.arrival_ns[r.completed]) / w.load_scaling);
        const std::int64_t start_ns = max_of(arrival_ns, r.end_ns);
        r.end_ns = start_ns + round_to_int64(service_ns);
        r.busy_ns += r.end_ns - start_ns;
        r.latency_sum_ns += r.end_ns - arrival_ns;
        h.of[0].add(HistogramLayout::bucket(double(r.end_ns - arrival_ns)), 1);
        observer.event(Mm1Event{arrival_ns, start_ns, r.end_ns});
      }
      *s.result = r;
    });
  }
};

}  // namespace servesweep
