// servesweep's own traces, as write_trace() makes them: times in seconds with up to nine decimals.
#pragma once

#include "io/traces/trace_format.hpp"

namespace servesweep {

inline constexpr TraceFormat kServesweep{
    .name = "servesweep",
    .syntax = TraceSyntax::kCsv,
    .example = "arrival_s,prompt_tokens,output_tokens,predicted_tokens,priority",
    .time = "arrival_s",
    .prompt = "prompt_tokens",
    .output = "output_tokens",
    .predicted = "predicted_tokens",
    .time_unit = TimeUnit::kSeconds,
    .priority = "priority"};

}  // namespace servesweep
