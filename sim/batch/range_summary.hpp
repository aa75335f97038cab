// One pass over the requests of a batch: a contiguous range of one bin, so the loop is a plain
// vector loop (and, on a GPU, one coalesced read shared by the lanes).
#pragma once

#include "sim/batch/workload.hpp"

namespace servesweep {

struct RangeSummary {
  std::int64_t arrival_sum_ns = 0;  // a batch of 1024 within kMaxArrival_ns fits
  std::int64_t total_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t output_squares = 0;
  std::int32_t longest_tokens = 0;
  std::int32_t longest_output = 0;
  std::int32_t shortest_output = 0;
  double largest_draw = 0.0;
};

SERVESWEEP_FUNCTION RangeSummary summarize(const BinnedWorkload& d, std::uint32_t first,
                                           std::int32_t size) {
  const BinnedRequest* requests = d.requests + first;
  RangeSummary s;
  if (size == 1) {  // most batches of an idle cluster
    const std::int64_t output = requests->output_tokens;
    s.arrival_sum_ns = requests->arrival_ns;
    s.total_tokens = s.longest_tokens = requests->total_tokens;
    s.output_tokens = s.longest_output = s.shortest_output = requests->output_tokens;
    s.output_squares = output * output;
  } else {
    s.shortest_output = requests->output_tokens;
    for (std::int32_t i = 0; i < size; ++i) {
      const std::int64_t output = requests[i].output_tokens;
      s.arrival_sum_ns += requests[i].arrival_ns;
      s.total_tokens += requests[i].total_tokens;
      s.output_tokens += output;
      s.output_squares += output * output;
      s.longest_tokens = max_of(s.longest_tokens, requests[i].total_tokens);
      s.longest_output = max_of(s.longest_output, requests[i].output_tokens);
      s.shortest_output = min_of(s.shortest_output, requests[i].output_tokens);
    }
  }
  if (d.draws != nullptr) {
    for (std::int32_t i = 0; i < size; ++i) {
      s.largest_draw = max_of(s.largest_draw, d.draws[first + static_cast<std::uint32_t>(i)]);
    }
  }
  return s;
}

// Variance of the output lengths [tokens^2], from an exact numerator.
SERVESWEEP_FUNCTION double output_variance(const RangeSummary& s, std::int64_t size) {
  const auto b = static_cast<double>(size);
  constexpr std::int64_t kFits64Bits = std::int64_t{1} << 52;  // times kMaxBatchSize
  if (s.output_squares < kFits64Bits) {
    return static_cast<double>(size * s.output_squares - s.output_tokens * s.output_tokens) /
           (b * b);
  }
  return to_double(static_cast<Int128>(size) * s.output_squares -
                   static_cast<Int128>(s.output_tokens) * s.output_tokens) /
         (b * b);
}

}  // namespace servesweep
