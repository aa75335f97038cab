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
  std::vector<std::int32_t> priority{};        // [request], 0 first; empty: all of class 0

  // What a prefix cache needs: request i has the hashes prefix_begin[i] .. prefix_begin[i + 1] - 1,
  // one for each leading full block of its prompt and output, as far as the trace says them. Each
  // stands for that block and all before it, as a number below num_prefix_hashes; they count up
  // from 0 in the order in which they first appear.
  std::vector<std::int32_t> prefix_begin{};   // [request + 1], or empty: no prefixes are known
  std::vector<std::int32_t> prefix_hashes{};  // [hash]
  std::int32_t prefix_block_tokens = 0;       // tokens of a block; 0: no prefixes are known
  std::int32_t num_prefix_hashes = 0;

  std::size_t size() const { return arrival_ns.size(); }
};

// Requests per second at the workload's own clock: (n - 1) / time from first to last arrival.
// 0 below two requests, infinite where all arrive at the same moment.
double natural_rate_per_s(const Workload& workload);

// Memory of its columns.
std::size_t bytes_of(const Workload& workload);

}  // namespace servesweep
