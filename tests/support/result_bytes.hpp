// What is known of a world, as text that compares to the bit. Fields, not bytes: padding has no
// value.
#pragma once

#include <cstdint>
#include <string>

#include "sim/batch/engine.hpp"

namespace servesweep::testing {

class Bytes {
 public:
  // Numbers and arrays of numbers.
  template <class... Values>
  void add(const Values&... values) {
    (append(&values, sizeof values), ...);
  }
  void add(const GpuUse& use) { add(use.busy_ns, use.batches); }
  void add(const BinUse& use) {
    add(use.batches, use.requests, use.output_variance, use.output_range, use.lower_edge_tokens,
        use.upper_edge_tokens, use.batch_limit);
  }
  void add(const BatchEvent& e) {
    add(e.start_ns, e.finish_ns, e.wait_sum_ns, e.total_tokens, e.first_request, e.gpu, e.bin,
        e.size, e.target, e.longest_tokens, e.longest_output, e.completed);
  }
  void add(const BatchResult& r) {
    add(r.arrived, r.completed, r.rejected, r.unfinished, r.batches, r.largest_batch,
        r.token_sla_violations, r.request_sla_violations, r.memory_overcommits, r.extrapolations,
        r.total_tokens, r.output_tokens, r.last_completion_ns, r.max_latency_ns, r.max_tbt_ps,
        r.latency_sum_ns, r.unfinished_sum_ns, r.service_sum_ns, r.prefill_sum_ps, r.tbt_sum_ps,
        r.decode_sum_ps, r.busy_sum_ns, r.busy_min_ns, r.busy_max_ns, r.latency_quantiles_ns,
        r.tbt_quantiles_ns, r.decode_quantiles_ns, r.mean_bin_variance, r.mean_bin_range, r.status,
        r.exact_quantiles);
  }
  std::string text;

 private:
  void append(const void* data, std::size_t size) {
    text.append(static_cast<const char*>(data), size);
  }
};

}  // namespace servesweep::testing
