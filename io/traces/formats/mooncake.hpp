// Mooncake (Qin et al. 2024, arXiv:2407.00079): one JSON object a line, times in milliseconds.
// hash_ids are the prompt's blocks of 512 tokens for prefix caching; the last may be partial.
#pragma once

#include "io/traces/formats/times.hpp"
#include "io/traces/trace_format.hpp"

namespace servesweep {

inline constexpr TraceFormat kMooncake{
    .name = "mooncake",
    .syntax = TraceSyntax::kJsonLines,
    .example =
        R"({"timestamp": 0, "input_length": 6758, "output_length": 500, "hash_ids": [0, 1]})",
    .time = "timestamp",
    .prompt = "input_length",
    .output = "output_length",
    .predicted = "",
    .parse_time = parse_milliseconds,
    .time_rule = "milliseconds, a number",
    .prefix_hashes = "hash_ids",
    .prefix_block_tokens = 512};

}  // namespace servesweep
