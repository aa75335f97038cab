// Vidur (Agrawal et al., MLSys 2024): the simulator's request traces, times in seconds.
#pragma once

#include "io/traces/trace_format.hpp"

namespace servesweep {

inline constexpr TraceFormat kVidur{.name = "vidur",
                                    .syntax = TraceSyntax::kCsv,
                                    .example = "arrived_at,num_prefill_tokens,num_decode_tokens",
                                    .time = "arrived_at",
                                    .prompt = "num_prefill_tokens",
                                    .output = "num_decode_tokens",
                                    .predicted = "",
                                    .time_unit = TimeUnit::kSeconds};

}  // namespace servesweep
