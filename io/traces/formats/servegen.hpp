// ServeGen (Xiang et al. 2025, arXiv:2505.09999): workloads that the generator saved as CSV, times
// in seconds. Numbers of reasoning and multimodal tokens are ignored.
#pragma once

#include "io/traces/trace_format.hpp"

namespace servesweep {

inline constexpr TraceFormat kServeGen{.name = "servegen",
                                       .syntax = TraceSyntax::kCsv,
                                       .example = "request_id,timestamp,input_tokens,output_tokens",
                                       .time = "timestamp",
                                       .prompt = "input_tokens",
                                       .output = "output_tokens",
                                       .predicted = "",
                                       .time_unit = TimeUnit::kSeconds};

}  // namespace servesweep
