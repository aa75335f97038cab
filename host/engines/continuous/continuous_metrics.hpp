// The results of the continuous engine: one table of names, units, texts and how each column of
// /worlds follows from a world's counters and sums, and one of what a world's replicas did.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "host/engines/continuous/continuous_params.hpp"
#include "host/results/metric_table.hpp"
#include "host/results/unit_table.hpp"
#include "kernels/continuous_runner.hpp"

namespace servesweep {

inline double seconds_of(Ticks span) { return ns_of(span) * 1e-9; }

// What a column is computed from.
struct ContinuousOutcome {
  const ContinuousWorld& w;
  const ContinuousResult& r;
  const ReplicaTally& t = r.tally;
  double completed = static_cast<double>(t.completed);
  double makespan_s = t.completed > 0 ? seconds_of(r.peaks.last_completion) : kNaN;

  double per_request(double sum) const { return t.completed > 0 ? sum / completed : kNaN; }
  double mean_s(Ticks sum) const { return per_request(seconds_of(sum)); }
  double some(double value) const { return t.completed > 0 ? value : kNaN; }
  double per_s(double count) const { return makespan_s > 0 ? count / makespan_s : kNaN; }
  double over_time(Ticks area) const {
    return end() > 0 ? to_double(area) / to_double(end()) : kNaN;
  }
  // Where averages over time end: at the time limit, or where all is done.
  Ticks end() const {
    return r.status == WorldStatus::kCompleted ? r.peaks.last_completion
                                               : ticks_of_ns(w.time_limit_ns);
  }
  // A bucket's middle may lie above the largest value, which is known.
  double quantile_s(LatencyKind kind, int quantile) const {
    const ReplicaPeaks& p = r.peaks;
    const double largest_ns[] = {p.queue_ns, p.ttft_ns, static_cast<double>(p.max_tpot_ps) * 1e-3,
                                 p.gap_ns, p.e2e_ns};
    const std::int64_t counted[] = {t.completed, t.completed, t.timed_outputs, t.token_gaps,
                                    t.completed};
    const int k = static_cast<int>(kind);
    return counted[k] > 0 ? std::min(r.quantiles_ns[k][quantile], largest_ns[k]) * 1e-9 : kNaN;
  }
  double mean_tpot_s() const {
    return t.timed_outputs > 0
               ? to_double(t.tpot_sum_ps) / static_cast<double>(t.timed_outputs) * 1e-12
               : kNaN;
  }
};

std::span<const Metric<ContinuousOutcome>> continuous_metrics();
std::vector<RaggedSpec> continuous_histograms();
ContinuousTraits::Tables<UnitTable> continuous_units();

}  // namespace servesweep
