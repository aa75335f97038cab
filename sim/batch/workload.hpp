// What a batch world reads of its requests: arrays sorted by bin, and inside a bin by arrival, so
// that a bin's queue is a cursor and a batch a contiguous range. Shared by every world with the
// same workload, load scaling, bins and admission limit; the arrays outlive the run.
#pragma once

#include "sim/core/portability.hpp"

namespace servesweep {

// What a batch needs of a request: one stream of memory for each bin.
struct BinnedRequest {
  std::int64_t arrival_ns;
  std::int32_t total_tokens;  // prompt + output
  std::int32_t output_tokens;
};

struct BinnedWorkload {
  std::int64_t num_requests = 0;  // admitted ones
  std::int64_t num_rejected = 0;  // those that no GPU could ever hold
  std::int32_t num_bins = 1;

  const std::uint32_t* bin_begin = nullptr;       // [num_bins + 1]
  const std::int64_t* bin_edges = nullptr;        // [num_bins + 1], tokens
  const BinnedRequest* requests = nullptr;        // [request, by bin]
  const std::uint32_t* order = nullptr;           // [request, by bin]: its place among all arrivals
  const double* draws = nullptr;                  // [request, by bin], or null: no drawn service
  const std::int64_t* time_arrival_ns = nullptr;  // [request, by time]
  const std::uint16_t* time_bin = nullptr;        // [request, by time]
  const std::int64_t* rejected_arrival_ns = nullptr;  // [num_rejected], ascending
};

}  // namespace servesweep
