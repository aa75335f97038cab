// One pass over the requests of a batch: a contiguous range of one bin, so the loop is a plain
// vector loop on a CPU and, on a GPU, one coalesced read shared by the lanes.
#pragma once

#include "sim/batch/workload.hpp"
#include "sim/core/lanes.hpp"

namespace servesweep {

struct RangeSummary {
  std::int64_t arrival_sum_ns = 0;  // a batch of 1024 within kMaxArrival_ns fits
  std::int64_t total_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t output_squares = 0;
  std::int32_t longest_tokens = 0;
  std::int32_t longest_output = 0;
  std::int32_t shortest_output = INT32_MAX;

  SERVESWEEP_FUNCTION void join(const RangeSummary& other) {
    arrival_sum_ns += other.arrival_sum_ns;
    total_tokens += other.total_tokens;
    output_tokens += other.output_tokens;
    output_squares += other.output_squares;
    longest_tokens = max_of(longest_tokens, other.longest_tokens);
    longest_output = max_of(longest_output, other.longest_output);
    shortest_output = min_of(shortest_output, other.shortest_output);
  }
  template <class F>
  SERVESWEEP_FUNCTION RangeSummary exchanged(const F& f) const {
    return {f(arrival_sum_ns), f(total_tokens),   f(output_tokens),  f(output_squares),
            f(longest_tokens), f(longest_output), f(shortest_output)};
  }
};

struct LargestDraw {
  double value = 0.0;
  SERVESWEEP_FUNCTION void join(const LargestDraw& other) { value = max_of(value, other.value); }
  template <class F>
  SERVESWEEP_FUNCTION LargestDraw exchanged(const F& f) const {
    return {f(value)};
  }
};

template <class Lanes>
SERVESWEEP_FUNCTION RangeSummary summarize(const Lanes& lanes, const BinnedRequest* requests,
                                           std::int32_t size) {
  if (size == 1) {  // most batches of an idle cluster
    const std::int64_t output = requests->output_tokens;
    return {requests->arrival_ns,   requests->total_tokens, output,
            output * output,        requests->total_tokens, requests->output_tokens,
            requests->output_tokens};
  }
  return lanes.template reduce<RangeSummary>(size, [=](std::int32_t i, RangeSummary& s) {
    const std::int64_t output = requests[i].output_tokens;
    s.arrival_sum_ns += requests[i].arrival_ns;
    s.total_tokens += requests[i].total_tokens;
    s.output_tokens += output;
    s.output_squares += output * output;
    s.longest_tokens = max_of(s.longest_tokens, requests[i].total_tokens);
    s.longest_output = max_of(s.longest_output, requests[i].output_tokens);
    s.shortest_output = min_of(s.shortest_output, requests[i].output_tokens);
  });
}

// draws: those of the batch's requests, or null where service is not drawn.
template <class Lanes>
SERVESWEEP_FUNCTION double largest_draw(const Lanes& lanes, const double* draws,
                                        std::int32_t size) {
  if (draws == nullptr) return 0.0;
  return lanes
      .template reduce<LargestDraw>(
          size, [=](std::int32_t i, LargestDraw& d) { d.value = max_of(d.value, draws[i]); })
      .value;
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
