// How the dynamic schedulers choose a batch size: the memory target (algorithm 1) and the SLA
// target (algorithm 2) of Pang et al. 2025, arXiv:2503.05248, as docs/batch_engine.md states them.
// One controller per bin, or one for all requests.
#pragma once

#include "sim/batch/params.hpp"
#include "sim/core/portability.hpp"

namespace servesweep {

// What a completed batch teaches its controller.
struct BatchFeedback {
  double mean_prompt_tokens = 0.0;
  double mean_output_tokens = 0.0;
  double decode_ms = 0.0;
  std::int32_t batch_size = 0;
};

struct SlaBand {
  double below_ms = 0.0;  // token_ms - epsilon_ms
  double above_ms = 0.0;  // token_ms + epsilon_ms
};

// Where the SLA controller's search interval moves to, and the batch size in its middle.
struct SlaTarget {
  std::int32_t low = 0;
  std::int32_t high = 0;
  std::int32_t size = 0;
};

struct BatchController {
  std::int32_t low = 0;
  std::int32_t high = 0;
  std::int32_t top = 0;  // most requests in a batch of this bin
  std::int32_t updates = 0;
  std::int32_t decoding_elsewhere = 0;
  double mean_batch_size = 0.0;
  double mean_decode_ms = 0.0;
  double mean_prompt_tokens = 0.0;
  double mean_output_tokens = 0.0;

  SERVESWEEP_FUNCTION void reset(const DynamicParams& p, std::int32_t top_limit) {
    top = top_limit;
    low = p.b_min;
    high = top;
    updates = 0;
    decoding_elsewhere = 0;
    mean_batch_size = floor_half(p.b_min + top);
    mean_decode_ms = 0.0;
    mean_prompt_tokens = p.initial_mean_prompt_tokens;
    mean_output_tokens = p.initial_mean_output_tokens;
  }

  // free_tokens: eta - L0. in_flight: requests running on all GPUs.
  SERVESWEEP_FUNCTION std::int32_t memory_target(const DynamicParams& p, double free_tokens,
                                                 std::int32_t in_flight) const {
    const double tokens_per_request = mean_prompt_tokens + mean_output_tokens;
    const double fits = min_of(free_tokens / tokens_per_request, 1e9);
    const std::int32_t raw = max_of(static_cast<std::int32_t>(fits), in_flight);
    return clamp_to(min_of(raw, top), 1, p.b_max);
  }

  SERVESWEEP_FUNCTION SlaTarget sla_target(const DynamicParams& p, const SlaBand& band) const {
    if (updates < p.min_updates || mean_decode_ms == 0.0) {
      return {low, high, floor_half(low + high)};
    }
    const auto average = static_cast<std::int32_t>(mean_batch_size);
    SlaTarget next;
    if (mean_decode_ms > band.above_ms) {
      next.high = min_of(high, max_of(average, low + p.expand_step));
      next.low = max_of(low - p.shrink_step, p.b_min);
    } else if (mean_decode_ms < band.below_ms) {
      next.low = max_of(low, min_of(average, high - p.expand_step));
      next.high = min_of(high + p.shrink_step, top);
    } else {
      next.high = min_of(average + 1, top);
      next.low = max_of(average - 1, p.b_min);
    }
    next.high = min_of(next.high, top);
    next.low = min_of(max_of(next.low, p.b_min), next.high);
    const std::int32_t middle = max_of(floor_half(next.low + next.high), decoding_elsewhere);
    next.size = max_of(min_of(middle, top), p.b_min);
    return next;
  }

  SERVESWEEP_FUNCTION void learn(const DynamicParams& p, const BatchFeedback& batch,
                                 std::int32_t in_flight_elsewhere) {
    const double keep = 1.0 - p.smoothing;
    mean_prompt_tokens = p.smoothing * batch.mean_prompt_tokens + keep * mean_prompt_tokens;
    mean_output_tokens = p.smoothing * batch.mean_output_tokens + keep * mean_output_tokens;
    mean_decode_ms = p.smoothing * batch.decode_ms + keep * mean_decode_ms;
    mean_batch_size = p.smoothing * batch.batch_size + keep * mean_batch_size;
    decoding_elsewhere = in_flight_elsewhere;
    ++updates;
  }
};

// Most requests of a bin [lower, upper) tokens in one batch: as many as fit the memory if each is
// twice the bin's middle long.
SERVESWEEP_FUNCTION std::int32_t bin_batch_limit(std::int64_t lower, std::int64_t upper,
                                                 std::int64_t cap_tokens, double memory_gb,
                                                 double kv_gb_per_token, std::int32_t b_max) {
  const std::int64_t middle = (lower + min_of(upper, cap_tokens)) / 2;
  const std::int64_t tokens = 2 * middle;
  if (tokens <= 0) return b_max;
  const double fits = memory_gb / (static_cast<double>(tokens) * kv_gb_per_token);
  return static_cast<std::int32_t>(clamp_to(fits, 1.0, static_cast<double>(b_max)));
}

}  // namespace servesweep
