// The continuous engine: iteration-level serving on replicas behind a router, as
// docs/continuous_engine.md states it (vLLM: Kwon et al. 2023, arXiv:2309.06180; chunked prefill:
// Agrawal et al. 2024, arXiv:2403.02310).
//
// It is a router over replicas (sim/replica/replica.hpp), and a loop over the times at which
// something may influence a replica from outside. Replicas do not influence one another between
// these: the lanes of a group take a replica each.
#pragma once

#include "sim/continuous/router_view.hpp"

namespace servesweep {

template <class Lanes, class Observer = NoServedObserver>
class ContinuousEngine {
 public:
  SERVESWEEP_FUNCTION ContinuousEngine(const Lanes& lanes, const ContinuousWorld& world,
                                       const ContinuousState& state,
                                       ContinuousHistograms& histograms, Observer& observer)
      : lanes_(lanes), w_(world), s_(state), histograms_(histograms), observer_(observer) {}

  // Runs the world to its end; its result, all but the quantiles, is then in the state.
  SERVESWEEP_FUNCTION void run() {
    lanes_.all([&] { run_world(); });
  }

 private:
  using OneReplica = ReplicaEngine<Lanes, Observer>;

  SERVESWEEP_FUNCTION void run_world() {
    lanes_.for_each(w_.num_replicas, [&](std::int32_t r) { OneReplica::reset(w_, s_, r); });
    std::uint32_t* class_counts = s_.class_counts;
    lanes_.for_each(w_.requests.num_classes * kNumRequestLatencies * HistogramLayout::kNumBuckets,
                    [=](std::int32_t i) { class_counts[i] = 0; });
    std::int64_t arrived = 0;
    std::int64_t rejected = 0;
    std::uint32_t came = 0;  // the last request, which replica `to` does not know of yet
    std::int64_t came_ns = 0;
    std::int32_t to = -1;
    RouterState router;
    for (;;) {
      const std::int64_t now_ns = next_influence_ns(arrived);
      const bool ends = now_ns == kNever;
      if (!ends && w_.rejects(arrived)) {
        ++rejected;
        ++arrived;
        continue;
      }
      // Lanes::all() does not reach into it; calls kept there cost a tenth of the instructions.
      lanes_.for_each(
          w_.num_replicas, [&](std::int32_t r) __attribute__((flatten)) {
            if (r != to && s_.next_ns[r] >= now_ns && !ends) return;
            // Made here alone: it lies in the stack of a GPU's thread.
            OneReplica engine(lanes_, w_, s_, histograms_, observer_, r);
            if (r == to) engine.arrive(came, came_ns);
            const Ticks limit = ticks_of_ns(w_.time_limit_ns);
            engine.advance(now_ns, limit);
            if (ends) engine.finish(limit);
          });
      if (ends) break;
      to = route(arrived, now_ns, router);
      came_ns = now_ns;
      came = static_cast<std::uint32_t>(arrived++);
    }
    close(arrived, rejected);
  }

  // The earliest time at which something outside a replica may influence one: replicas may run
  // until then. That is the next arrival; hand-overs and failures would be others, of which this is
  // the minimum. kNever: the world ends.
  SERVESWEEP_FUNCTION std::int64_t next_influence_ns(std::int64_t next_request) const {
    return arrival_ns(next_request);
  }

  // kNever: the world has ended before it, or there is no such request.
  SERVESWEEP_FUNCTION std::int64_t arrival_ns(std::int64_t request) const {
    if (request >= w_.requests.count) return kNever;
    const std::int64_t arrival_ns = w_.arrival_ns(request);
    return arrival_ns > w_.time_limit_ns ? kNever : arrival_ns;
  }

  SERVESWEEP_FUNCTION std::int32_t route(std::int64_t request, std::int64_t now_ns,
                                         RouterState& state) const {
    if (w_.num_replicas == 1) return 0;
    const RouterView<Lanes> view(lanes_, w_, s_, request, now_ns);
    return Routers::visit(w_.router, [&](auto chosen) { return chosen.route(view, state); });
  }

  SERVESWEEP_FUNCTION void close(std::int64_t arrived, std::int64_t rejected) {
    for (int kind = 0; kind < kNumLatencyKinds; ++kind) {
      std::uint64_t touched = 0;
      for (std::int32_t r = 0; r < w_.num_replicas; ++r) touched |= s_.replicas[r].touched[kind];
      histograms_.of[kind].touched = touched;
    }
    lanes_.once([&] {
#ifndef NDEBUG
      check_world(w_, s_, w_.num_replicas, arrived - rejected);
#endif
      ContinuousResult& result = *s_.result;
      result = {};
      for (std::int32_t r = 0; r < w_.num_replicas; ++r) {
        result.tally.add(s_.replicas[r].tally);
        result.peaks.join(s_.replicas[r].peaks);
      }
      result.arrived = arrived;
      result.rejected = rejected;
      result.unfinished = arrived - rejected - result.tally.completed;
      if (result.unfinished > 0 || arrived < w_.requests.count) {
        result.status =
            w_.time_limit_ns < kClockEnd_ns ? WorldStatus::kTimeLimit : WorldStatus::kClockOverflow;
      }
    });
  }

  const Lanes& lanes_;
  const ContinuousWorld& w_;
  const ContinuousState& s_;
  ContinuousHistograms& histograms_;
  Observer& observer_;
};

// What a finished world's class of this index had.
template <class Lanes>
SERVESWEEP_FUNCTION void take_class(const Lanes& lanes, const ContinuousWorld& w,
                                    const ContinuousState& state, std::int32_t index,
                                    ClassUse& use) {
  lanes.once([&] {
    use = {};
    use.priority = w.requests.class_priority[index];
    for (std::int32_t r = 0; r < w.num_replicas; ++r) {
      use.tally.add(state.classes[r * w.requests.num_classes + index]);
    }
    use.makespan = state.result->peaks.last_completion;
  });
  const ServedQuantiles quantiles;
  for (int i = 0; i < kNumRequestLatencies; ++i) {
    if (use.tally.count(i) == 0) continue;
    Histogram histogram{state.counts_of_class(index, i)};
    histogram.touch(0, HistogramLayout::kNumBuckets - 1);
    histogram_quantiles(lanes, histogram, use.tally.count(i), quantiles.wanted, kNumServedQuantiles,
                        use.quantiles_ns[i]);
  }
}

// The quantiles of a finished world, from its histograms.
template <class Lanes>
SERVESWEEP_FUNCTION void take_quantiles(const Lanes& lanes, const ContinuousHistograms& histograms,
                                        ContinuousResult& result) {
  const ReplicaTally& t = result.tally;
  const std::int64_t totals[kNumLatencyKinds] = {t.completed, t.completed, t.timed_outputs,
                                                 t.token_gaps, t.completed};
  const ServedQuantiles quantiles;
  for (int kind = 0; kind < kNumLatencyKinds; ++kind) {
    if (totals[kind] == 0) continue;
    histogram_quantiles(lanes, histograms.of[kind], totals[kind], quantiles.wanted,
                        kNumServedQuantiles, result.quantiles_ns[kind]);
  }
}

}  // namespace servesweep
