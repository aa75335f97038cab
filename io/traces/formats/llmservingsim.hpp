// LLMServingSim (Cho et al., IISWC 2024): one JSON object a line, times in nanoseconds.
// block_hash_ids_<N> has a hash for each full block of N tokens of prompt and output together;
// token ids are ignored.
#pragma once

#include "io/traces/trace_format.hpp"

namespace servesweep {

inline constexpr TraceFormat kLlmServingSim{
    .name = "llmservingsim",
    .syntax = TraceSyntax::kJsonLines,
    .example = R"({"input_toks": 35, "output_toks": 500, "arrival_time_ns": 46926808, )"
               R"("block_hash_ids_16": [1, 2]})",
    .time = "arrival_time_ns",
    .prompt = "input_toks",
    .output = "output_toks",
    .predicted = "",
    .time_unit = TimeUnit::kNanoseconds,
    .prefix_hashes = "block_hash_ids_",
    .prefix_covers_output = true};

}  // namespace servesweep
