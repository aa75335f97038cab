// What binning on the host and on the device share: the rules, and where a binned workload's arrays
// lie in its block.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/memory/memory_block.hpp"
#include "kernels/workloads/binning.hpp"
#include "sim/core/portability.hpp"

namespace servesweep {

// The k/K quantile lies rest/K of the way between two order statistics: integers, so that
// truncation does not hang on a last bit. One bin starts at 0.
SERVESWEEP_FUNCTION std::int64_t equal_mass_edge(const std::int32_t* sorted_lengths,
                                                 std::int64_t count, std::int64_t k,
                                                 std::int64_t num_bins,
                                                 std::int64_t last_edge_tokens) {
  if (k == num_bins) return last_edge_tokens;
  if (num_bins == 1) return 0;
  const std::int64_t below = k * (count - 1) / num_bins;
  const std::int64_t rest = k * (count - 1) % num_bins;
  const std::int64_t low = sorted_lengths[below];
  const std::int64_t high = sorted_lengths[min_of(below + 1, count - 1)];
  return low + (high - low) * rest / num_bins;
}

// One workload's requests, as its specification sees them.
struct BinningRules {
  RequestColumns columns;
  double load_scaling;
  std::int64_t reject_above_tokens;
  std::int32_t num_bins;
  bool open_end;  // equal-mass bins: the last one has no upper edge

  BinningRules(const RequestColumns& requests, const BinningSpec& spec)
      : columns(requests),
        load_scaling(spec.load_scaling),
        reject_above_tokens(spec.reject_above_tokens),
        num_bins(spec.bins()),
        open_end(spec.edges.empty()) {}

  SERVESWEEP_FUNCTION std::int64_t arrival_ns(std::int64_t i) const {
    const std::int64_t time_ns = columns.arrival_ns[i];
    if (load_scaling == 1.0) return time_ns;
    return round_to_int64(static_cast<double>(time_ns) / load_scaling);
  }

  SERVESWEEP_FUNCTION bool rejects(std::int64_t i) const {
    return std::int64_t{columns.prompt_tokens[i]} + columns.output_tokens[i] > reject_above_tokens;
  }

  // The bin that contains the prediction; the last one takes what no bin contains.
  SERVESWEEP_FUNCTION std::uint16_t bin_of(std::int64_t i, const std::int64_t* edges) const {
    const std::int64_t predicted = columns.predicted_tokens[i];
    const std::int64_t* first = edges;  // a search without branches: they would be mispredicted
    for (std::int32_t count = num_bins; count > 1;) {
      const std::int32_t half = count / 2;
      first += first[half] <= predicted ? half : 0;
      count -= half;
    }
    const bool is_below = predicted < *first;
    const bool is_above = !open_end && predicted >= edges[num_bins];
    return static_cast<std::uint16_t>(is_below || is_above ? num_bins - 1 : first - edges);
  }

  // The request as batches see it.
  SERVESWEEP_FUNCTION BinnedRequest binned(std::int64_t i, std::int64_t scaled_ns) const {
    return {scaled_ns, columns.prompt_tokens[i] + columns.output_tokens[i],
            columns.output_tokens[i]};
  }
};

// The arrays of a BinnedWorkload, writable.
struct BinnedArrays {
  std::int64_t* bin_edges;   // [num_bins + 1]
  std::uint32_t* bin_begin;  // [num_bins + 1]
  BinnedRequest* requests;   // [request, by bin]
  std::uint32_t* order;      // [request, by bin]
  std::int64_t* arrival_ns;  // [request, by time], and from there on [rejected]
  std::uint16_t* time_bin;   // [request, by time]
  double* draws;             // [request, by bin]
  std::size_t bytes;         // of the block

  // Lays them out from `block` on; null: for the bytes alone.
  BinnedArrays(void* block, const BinningSpec& spec) {
    const std::int64_t count = spec.requests->columns.count;
    const std::int64_t num_edges = std::int64_t{spec.bins()} + 1;
    MemoryBlock memory(block);
    memory.take(bin_edges, num_edges);
    memory.take(bin_begin, num_edges);
    memory.take(requests, count);
    memory.take(order, count);
    memory.take(arrival_ns, count);
    memory.take(time_bin, count);
    memory.take(draws, spec.draws != nullptr ? count : 0);
    bytes = memory.bytes();
  }

  BinnedWorkload workload(const BinningSpec& spec, std::int64_t num_rejected) const {
    const std::int64_t num_requests = spec.requests->columns.count - num_rejected;
    BinnedWorkload w;
    w.num_requests = num_requests;
    w.num_rejected = num_rejected;
    w.num_bins = spec.bins();
    w.bin_begin = bin_begin;
    w.bin_edges = bin_edges;
    w.requests = requests;
    w.order = order;
    w.draws = spec.draws != nullptr ? draws : nullptr;
    w.time_arrival_ns = arrival_ns;
    w.time_bin = time_bin;
    w.rejected_arrival_ns = arrival_ns + num_requests;
    return w;
  }
};

}  // namespace servesweep
