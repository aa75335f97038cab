// Records of AIPerf (profile_export.jsonl): one JSON object a line for each request that was sent,
// with objects in it; times in nanoseconds. A record with an error and without lengths is a failed
// request. Latencies and warm-up phases are not looked at.
#pragma once

#include "io/traces/trace_format.hpp"

namespace servesweep {

inline constexpr TraceFormat kAiPerf{
    .name = "aiperf",
    .syntax = TraceSyntax::kJsonLines,
    .example = R"({"metadata": {"request_start_ns": 1759813207532900363}, "metrics": )"
               R"({"input_sequence_length": {"value": 550, "unit": "tokens"}, )"
               R"("output_sequence_length": {"value": 9, "unit": "tokens"}}, "error": null})",
    .time = "metadata.request_start_ns",
    .prompt = "metrics.input_sequence_length.value",
    .output = "metrics.output_sequence_length.value",
    .predicted = "",
    .time_unit = TimeUnit::kNanoseconds,
    .session = "metadata.x_correlation_id",
    .error = "error"};

}  // namespace servesweep
