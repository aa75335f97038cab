// Requests sorted into length bins: the arrays that worlds share (sim/batch/workload.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/batch/workload.hpp"
#include "sim/core/clock.hpp"

namespace servesweep {

// Requests in host memory, in arrival order; not owned.
struct RequestColumns {
  std::int64_t count = 0;
  const std::int64_t* arrival_ns = nullptr;        // [request], before load scaling; the first is 0
  const std::int32_t* prompt_tokens = nullptr;     // [request]
  const std::int32_t* output_tokens = nullptr;     // [request]
  const std::int32_t* predicted_tokens = nullptr;  // [request]
};

// Requests, and what every binning would compute again.
struct RequestSet {
  RequestColumns columns;
  std::vector<std::int32_t>
      sorted_predicted;             // [request], ascending; empty: not binned on the host
  std::int64_t longest_tokens = 0;  // prompt + output

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

  std::int32_t bins() const;
  bool may_reject() const { return requests->longest_tokens > reject_above_tokens; }
  bool operator<(const BinningSpec& other) const;
};

// Bytes of the block of memory that a binned workload's arrays take.
std::size_t binned_bytes(const BinningSpec& spec);

// Bins into a block of host memory, 8-byte aligned. Single-threaded: many run side by side. Device
// memory has bin_on_device() (kernels/workloads/device_binning.hpp).
BinnedWorkload bin_on_host(const BinningSpec& spec, void* block);

}  // namespace servesweep
