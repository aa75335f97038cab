// The results of the batch engine: one table of names, units, texts and how each column of /worlds
// follows from a world's counters and sums, and one of what a world's GPUs and bins did.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "host/base/units.hpp"
#include "host/engines/batch/batch_params.hpp"
#include "host/results/metric_table.hpp"
#include "host/results/unit_table.hpp"
#include "kernels/batch_runner.hpp"

namespace servesweep {

// What a column is computed from, with the quotients that several columns share.
struct BatchOutcome {
  const BatchParams& p;
  const BatchResult& r;
  double completed = static_cast<double>(r.completed);
  double makespan_s = r.completed > 0 ? static_cast<double>(r.last_completion_ns) * 1e-9 : kNaN;

  double per_request(double sum) const { return r.completed > 0 ? sum / completed : kNaN; }
  double mean_s(Int128 sum_ns) const { return per_request(static_cast<double>(sum_ns)) * 1e-9; }
  double mean_token_s(Int128 sum_ps) const {
    return per_request(static_cast<double>(sum_ps)) * 1e-12;
  }
  double some(double value) const { return r.completed > 0 ? value : kNaN; }
  // A bucket's middle may lie above the largest value, which is known.
  double latency_quantile_s(int quantile) const {
    return some(std::min(r.latency_quantiles_ns[quantile], static_cast<double>(r.max_latency_ns)) *
                1e-9);
  }
  double tbt_quantile_s(int quantile) const {
    return some(std::min(r.tbt_quantiles_ns[quantile], static_cast<double>(r.max_tbt_ps) * 1e-3) *
                1e-9);
  }
  double per_s(double count) const { return makespan_s > 0 ? count / makespan_s : kNaN; }
  double violation_rate() const { return per_request(static_cast<double>(r.token_sla_violations)); }
  // Where averages over time end: at the time limit, or where all is done.
  std::int64_t end_ns() const {
    return r.status == WorldStatus::kTimeLimit ? ns_of_s(p.cluster.time_limit_s)
                                               : r.last_completion_ns;
  }
  double over_time(double sum_ns) const {
    return end_ns() > 0 ? sum_ns / static_cast<double>(end_ns()) : kNaN;
  }
};

std::span<const Metric<BatchOutcome>> batch_metrics();
BatchTraits::Tables<UnitTable> batch_units();

}  // namespace servesweep
