// The server of the tuning reference (a public vLLM benchmark of Qwen2.5-7B-Instruct on one GPU):
// what it took, and the preset that these tables alone gave.
#pragma once

#include "host/engines/continuous/continuous_params.hpp"

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

inline ContinuousParams tuning_server() {
  ContinuousParams p;
  p.preset.preset = ServicePreset::kQwen7b;
  p.scheduler.mode = SchedulingModes::code_of<StaticMode>();
  p.client.batch_max_tokens = true;
  p.client.client_timing = ClientTiming::kBatch;
  return p;
}

}  // namespace servesweep::testing
