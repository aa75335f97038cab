// A workload: the requests that a world sees, before its load scaling and binning. Built from a
// trace or a generator; a pure function of (specification, seed, replication), so that every
// scheduler, K and GPU count of a sweep sees the same requests (common random numbers).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace servesweep {

// Columns of equal length, in arrival order.
struct Workload {
  std::vector<std::int64_t> arrival_ns;        // [request], since the first one, non-decreasing
  std::vector<std::int32_t> prompt_tokens;     // [request]
  std::vector<std::int32_t> output_tokens;     // [request]
  std::vector<std::int32_t> predicted_tokens;  // [request], output length as the scheduler sees it

  std::size_t size() const { return arrival_ns.size(); }
};

// Requests per second at the workload's own clock: (n - 1) / time from first to last arrival.
// 0 below two requests, infinite where all arrive at the same moment.
double natural_rate_per_s(const Workload& workload);

}  // namespace servesweep
