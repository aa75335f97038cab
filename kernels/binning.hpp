// Requests sorted into length bins: the arrays that worlds share (sim/batch/workload.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/batch/workload.hpp"
#include "sim/clock.hpp"

namespace servesweep {

// Requests in host memory, in arrival order; not owned.
struct RequestColumns {
  std::int64_t count = 0;
  const std::int64_t* arrival_ns = nullptr;        // [request], before load scaling; the first is 0
  const std::int32_t* prompt_tokens = nullptr;     // [request]
  const std::int32_t* output_tokens = nullptr;     // [request]
  const std::int32_t* predicted_tokens = nullptr;  // [request]
};

// Requests and what binning asks of them again and again.
struct RequestSet {
  RequestColumns columns;
  std::vector<std::int32_t> sorted_predicted;  // [request], ascending
  std::int64_t longest_tokens = 0;             // prompt + output

  explicit RequestSet(const RequestColumns& request_columns);
  std::size_t bytes() const { return sorted_predicted.size() * sizeof(std::int32_t); }
};

// How to bin a request set. Worlds whose specifications are equal share the arrays.
struct BinningSpec {
  const RequestSet* requests = nullptr;
  double load_scaling = 1.0;        // arrival = t / load_scaling
  std::vector<std::int64_t> edges;  // [bins + 1] tokens; empty: num_bins bins of equal mass
  std::int32_t num_bins = 1;
  std::int64_t last_edge_tokens = 10000;      // of equal-mass bins
  std::int64_t reject_above_tokens = kNever;  // longer requests are rejected at arrival
  const double* draws = nullptr;              // [request], not owned, or null

  bool operator<(const BinningSpec& other) const;
};

// Upper bound of the bytes that a binned workload takes, on host and device each.
std::size_t binned_bytes(const BinningSpec& spec);

// One block of memory with a binned workload's arrays in it.
class BinnedBlock {
 public:
  // Bins into host memory. Single-threaded: many run side by side.
  explicit BinnedBlock(const BinningSpec& spec);

  std::size_t bytes() const { return memory_.size() * sizeof(std::uint64_t); }
  const void* data() const { return memory_.data(); }
  const BinnedWorkload& workload() const { return workload_; }

  // The same workload with its arrays in a copy of the block at `base`.
  BinnedWorkload moved_to(const void* base) const;

 private:
  std::vector<std::uint64_t> memory_;
  BinnedWorkload workload_;
};

// Edges of `num_bins` bins of equal mass: quantiles (linear interpolation between order statistics)
// of the sorted lengths, truncated to integers; [num_bins + 1].
std::vector<std::int64_t> equal_mass_edges(const std::vector<std::int32_t>& sorted_lengths,
                                           std::int32_t num_bins, std::int64_t last_edge_tokens);

}  // namespace servesweep
