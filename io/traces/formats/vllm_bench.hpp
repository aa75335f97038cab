// The result file of vLLM's serving benchmark, with details: one JSON object, in which a list has a
// number per request. start_times, which older versions do not write, are seconds of the client's
// clock. A request that failed has an output of 0 tokens. Latencies and texts are ignored.
#pragma once

#include "io/traces/trace_format.hpp"

namespace servesweep {

inline constexpr TraceFormat kVllmBench{
    .name = "vllm-bench",
    .syntax = TraceSyntax::kJsonLists,
    .example = R"({"date": "20260102-030405", "completed": 2, "input_lens": [100, 200], )"
               R"("output_lens": [3, 2], "start_times": [10.0, 11.5]})",
    .time = "start_times",
    .prompt = "input_lens",
    .output = "output_lens",
    .predicted = "",
    .time_unit = TimeUnit::kSeconds};

}  // namespace servesweep
