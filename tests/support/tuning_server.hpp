// The server of the tuning reference (a public vLLM benchmark of Qwen2.5-7B-Instruct on one GPU):
// what it took, and its coefficients from the tables of single requests and of batches alone.
#pragma once

#include "host/continuous_params.hpp"

namespace servesweep::testing {

struct MeasuredTime {
  std::int32_t count = 0;  // tokens of a request, or requests of a batch
  double seconds = 0;
};

// One request at a time, mean of 15 runs, by its tokens. Fit of the source: 2.5 ms + 10.2045 ms a
// token.
constexpr MeasuredTime kSingleRequests[] = {{10, 0.1048},  {20, 0.2061},  {50, 0.5126},
                                            {100, 1.0227}, {200, 2.0414}, {300, 3.0643}};
// Batches of requests with 50 tokens each, by their size.
constexpr std::int32_t kBatchTokens = 50;
constexpr MeasuredTime kBatches[] = {{4, 0.5159}, {8, 0.5169}, {16, 0.5219}, {32, 0.5605}};

// The first token comes with the prefill, which costs nothing by the prompt's length there. A
// decode's time is a line in the number of sequences through 1 and 16, and one through 16 and 32
// above that.
inline ContinuousParams tuning_server() {
  constexpr double kToken_ms = 10.2045;
  constexpr double kPrefill_ms = 2.5 + kToken_ms;
  const auto step_ms = [](const MeasuredTime& batch) {
    return (batch.seconds * 1e3 - kPrefill_ms) / (kBatchTokens - 1);
  };
  const double of_16_ms = step_ms(kBatches[2]);
  const double of_32_ms = step_ms(kBatches[3]);
  const auto line = [](double n, double at_n_ms, double m, double at_m_ms) {
    AffineRegimeParams regime;
    regime.per_sequence_ms = (at_m_ms - at_n_ms) / (m - n);
    regime.base_ms = at_n_ms - n * regime.per_sequence_ms;
    return regime;
  };
  ContinuousParams p;
  p.regimes.prefill_regime = true;
  p.prefill.base_ms = kPrefill_ms;
  p.prefill.per_sequence_ms = 0;
  p.affine = line(1, kToken_ms, 16, of_16_ms);
  p.regimes.large_from_sequences = 17;
  p.large = line(16, of_16_ms, 32, of_32_ms);
  p.scheduler.mode = SchedulingMode::kStatic;
  p.client.batch_max_tokens = true;
  p.client.client_timing = ClientTiming::kBatch;
  return p;
}

}  // namespace servesweep::testing
