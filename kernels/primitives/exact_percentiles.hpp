// Exact percentiles of a world: every latency and token time is kept, to be sorted at the end of
// the wave (kernels/primitives/exact_quantiles.hpp).
#pragma once

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

// Latencies [ns], TBT and decode TBT [ps].
constexpr int kExactQuantities = 3;

// Keeps those of a completed batch: at values[0 ..] of [kExactQuantities][stride].
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

}  // namespace servesweep
