// Mooncake (Qin et al. 2024, arXiv:2407.00079): one JSON object a line, times in milliseconds.
// hash_ids, the prompt's blocks of 512 tokens for prefix caching, are ignored.
#pragma once

#include "io/formats/times.hpp"
#include "io/trace_format.hpp"

namespace servesweep {

inline constexpr TraceFormat kMooncake{
    .name = "mooncake",
    .syntax = TraceSyntax::kJsonLines,
    .example = R"({"timestamp": 0, "input_length": 6758, "output_length": 500})",
    .time = "timestamp",
    .prompt = "input_length",
    .output = "output_length",
    .predicted = "",
    .parse_time = parse_milliseconds,
    .time_rule = "milliseconds, a number"};

}  // namespace servesweep
