// Exact percentiles of a world: an observer that keeps every latency and token time, sorted at the
// end. For worlds whose requests fit the memory budget; others use histograms.
#pragma once

#if !defined(__HIPCC__)
#include <thrust/execution_policy.h>
#include <thrust/sort.h>
#endif

#include "sim/batch/engine.hpp"

namespace servesweep {

SERVESWEEP_FUNCTION void sort_in_place(std::int64_t* values, std::int64_t count) {
#if !defined(__HIPCC__)
  thrust::sort(thrust::seq, values, values + count);
#else  // Debian's Thrust has no device code for HIP: a heap sort
  const auto swap = [&](std::int64_t a, std::int64_t b) {
    const std::int64_t value = values[a];
    values[a] = values[b];
    values[b] = value;
  };
  const auto sink = [&](std::int64_t parent, std::int64_t end) {
    for (std::int64_t child = 2 * parent + 1; child < end; child = 2 * parent + 1) {
      if (child + 1 < end && values[child] < values[child + 1]) ++child;
      if (values[child] <= values[parent]) return;
      swap(parent, child);
      parent = child;
    }
  };
  for (std::int64_t i = count / 2 - 1; i >= 0; --i) sink(i, count);
  for (std::int64_t end = count - 1; end > 0; --end) {
    swap(0, end);
    sink(0, end);
  }
#endif
}

class ExactLatencies {
 public:
  static constexpr bool kSeesTargets = false;
  static constexpr int kQuantities = 3;

  // memory: [kQuantities][requests]
  SERVESWEEP_FUNCTION ExactLatencies(std::int64_t* memory, std::int64_t requests)
      : latency_ns_(memory), tbt_ps_(memory + requests), decode_ps_(memory + 2 * requests) {}

  template <class Lanes>
  SERVESWEEP_FUNCTION void batch(const Lanes&, const BatchEvent&) {}

  template <class Lanes>
  SERVESWEEP_FUNCTION void latencies(const Lanes& lanes, const BinnedRequest* requests,
                                     std::int32_t size, std::int64_t finish_ns, std::int64_t tbt_ps,
                                     std::int64_t decode_ps) {
    lanes.for_each(size, [&](std::int32_t i) {
      latency_ns_[count_ + i] = finish_ns - requests[i].arrival_ns;
      tbt_ps_[count_ + i] = tbt_ps;
      decode_ps_[count_ + i] = decode_ps;
    });
    count_ += size;
  }

  SERVESWEEP_FUNCTION void take_quantiles(BatchResult& result) {
    result.exact_quantiles = 1;
    if (count_ == 0) return;
    const WantedQuantiles wanted;
    quantiles(latency_ns_, wanted.latency, kNumLatencyQuantiles, 1.0, result.latency_quantiles_ns);
    quantiles(tbt_ps_, wanted.token, kNumTokenQuantiles, 1e-3, result.tbt_quantiles_ns);
    quantiles(decode_ps_, wanted.token, kNumTokenQuantiles, 1e-3, result.decode_quantiles_ns);
  }

 private:
  // NumPy's default: linear between order statistics.
  SERVESWEEP_FUNCTION void quantiles(std::int64_t* values, const double* wanted, int num_wanted,
                                     double unit_ns, double* out_ns) const {
    sort_in_place(values, count_);
    for (int i = 0; i < num_wanted; ++i) {
      const double position = wanted[i] * static_cast<double>(count_ - 1);
      const auto below = static_cast<std::int64_t>(position);
      const double fraction = position - static_cast<double>(below);
      const auto low = static_cast<double>(values[below]);
      const auto high = static_cast<double>(values[min_of(below + 1, count_ - 1)]);
      out_ns[i] = (low + (high - low) * fraction) * unit_ns;
    }
  }

  std::int64_t* latency_ns_;
  std::int64_t* tbt_ps_;
  std::int64_t* decode_ps_;
  std::int64_t count_ = 0;
};

}  // namespace servesweep
