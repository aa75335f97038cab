// Service time from a measured grid: bilinear in batch size and in the largest total length, with
// linear extrapolation from the nearest cell (counted by the caller). The decode step is the slope
// in length at that point, the prefill the rest of the time that the slope does not explain.
#pragma once

#include "sim/latency/service/service.hpp"

namespace servesweep {

// A complete rectangular table; at least two batch sizes and two lengths, both ascending.
struct GridServiceParams {
  const double* batch_sizes = nullptr;  // [batch]
  const double* lengths = nullptr;      // [length], tokens
  const double* time_ms = nullptr;      // [batch][length]
  std::int32_t num_batch_sizes = 0;
  std::int32_t num_lengths = 0;
};

struct GridService : ServiceDefaults {
  static constexpr const char* kName = "grid";
  static constexpr bool kReadsGrid = true;
  using Lowered = GridServiceParams;
  static constexpr double kMinService_ms = 1e-3;

  // Index of the cell [i, i + 1] that x is in or nearest to.
  SERVESWEEP_FUNCTION static std::int32_t cell(const double* edges, std::int32_t count, double x) {
    std::int32_t low = 0;
    std::int32_t high = count - 1;
    while (high - low > 1) {
      const std::int32_t middle = (low + high) / 2;
      (edges[middle] <= x ? low : high) = middle;
    }
    return low;
  }

  SERVESWEEP_FUNCTION static ServiceTime time(const Lowered& p, const BatchShape& batch) {
    const auto b = static_cast<double>(batch.size);
    const auto length = static_cast<double>(batch.longest_tokens);
    const std::int32_t i = cell(p.batch_sizes, p.num_batch_sizes, b);
    const std::int32_t j = cell(p.lengths, p.num_lengths, length);
    const double u = (b - p.batch_sizes[i]) / (p.batch_sizes[i + 1] - p.batch_sizes[i]);
    const double width = p.lengths[j + 1] - p.lengths[j];
    const double v = (length - p.lengths[j]) / width;
    const double* low = p.time_ms + static_cast<std::int64_t>(i) * p.num_lengths + j;
    const double* high = low + p.num_lengths;
    const double at_low = low[0] + u * (high[0] - low[0]);   // at lengths[j]
    const double at_high = low[1] + u * (high[1] - low[1]);  // at lengths[j + 1]
    const double total_ms = max_of(kMinService_ms, at_low + v * (at_high - at_low));
    const double decode_ms = max_of(0.0, (at_high - at_low) / width);
    const bool outside = b < p.batch_sizes[0] || b > p.batch_sizes[p.num_batch_sizes - 1] ||
                         length < p.lengths[0] || length > p.lengths[p.num_lengths - 1];
    return {total_ms, max_of(0.0, total_ms - decode_ms * length), decode_ms, outside};
  }
};

static_assert(kIsServiceModel<GridService>,
              "a service model has kName, Lowered and time(Lowered, BatchShape)");

}  // namespace servesweep
