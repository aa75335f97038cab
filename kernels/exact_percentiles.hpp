// Exact percentiles of a world: an observer that keeps every latency and token time, sorted at the
// end. For worlds whose requests fit the memory budget; others use histograms.
#pragma once

#include <thrust/execution_policy.h>
#include <thrust/sort.h>

#include "sim/batch/engine.hpp"

namespace servesweep {

// NumPy's default: linear between order statistics. `sorted`: [result.completed] of the quantity
// (0: latencies [ns], 1: TBT [ps], 2: decode TBT [ps]).
SERVESWEEP_FUNCTION void set_exact_quantiles(int quantity, const std::int64_t* sorted,
                                             BatchResult& result) {
  const std::int64_t count = result.completed;
  if (count == 0) return;
  const WantedQuantiles wanted_of;
  const bool is_latency = quantity == 0;
  const double* wanted = is_latency ? wanted_of.latency : wanted_of.token;
  const int num_wanted = is_latency ? kNumLatencyQuantiles : kNumTokenQuantiles;
  const double unit_ns = is_latency ? 1.0 : 1e-3;
  double* out_ns = is_latency      ? result.latency_quantiles_ns
                   : quantity == 1 ? result.tbt_quantiles_ns
                                   : result.decode_quantiles_ns;
  for (int i = 0; i < num_wanted; ++i) {
    const double position = wanted[i] * static_cast<double>(count - 1);
    const auto below = static_cast<std::int64_t>(position);
    const double fraction = position - static_cast<double>(below);
    const auto low = static_cast<double>(sorted[below]);
    const auto high = static_cast<double>(sorted[min_of(below + 1, count - 1)]);
    out_ns[i] = (low + (high - low) * fraction) * unit_ns;
  }
}

class ExactLatencies {
 public:
  static constexpr bool kSeesTargets = false;
  static constexpr int kQuantities = 3;

  // memory: [kQuantities][requests]
  SERVESWEEP_FUNCTION ExactLatencies(std::int64_t* memory, std::int64_t requests)
      : latency_ns_(memory), tbt_ps_(memory + requests), decode_ps_(memory + 2 * requests) {}

  SERVESWEEP_FUNCTION void batch(const BatchEvent&) {}

  SERVESWEEP_FUNCTION void latencies(const BinnedRequest* requests, std::int32_t size,
                                     std::int64_t finish_ns, std::int64_t tbt_ps,
                                     std::int64_t decode_ps) {
    for (std::int32_t i = 0; i < size; ++i) {
      latency_ns_[count_] = finish_ns - requests[i].arrival_ns;
      tbt_ps_[count_] = tbt_ps;
      decode_ps_[count_] = decode_ps;
      ++count_;
    }
  }

  SERVESWEEP_FUNCTION void take_quantiles(BatchResult& result) {
    result.exact_quantiles = 1;
    std::int64_t* values[kQuantities] = {latency_ns_, tbt_ps_, decode_ps_};
    for (int quantity = 0; quantity < kQuantities; ++quantity) {
      thrust::sort(thrust::seq, values[quantity], values[quantity] + count_);
      set_exact_quantiles(quantity, values[quantity], result);
    }
  }

 private:
  std::int64_t* latency_ns_;
  std::int64_t* tbt_ps_;
  std::int64_t* decode_ps_;
  std::int64_t count_ = 0;
};

}  // namespace servesweep
