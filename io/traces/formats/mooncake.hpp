// Mooncake (Qin et al. 2024, arXiv:2407.00079): one JSON object a line, times in milliseconds.
// hash_ids are the prompt's blocks of 512 tokens for prefix caching; the last may be partial. Other
// tools write such rows with blocks of another size, in seconds, or with sessions (AIPerf, Dynamo):
// a later turn of a session may have, instead of its time, a delay after the answer before it.
#pragma once

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
    .time_unit = TimeUnit::kMilliseconds,
    .prefix_hashes = "hash_ids",
    .prefix_block_tokens = 512,
    .session = "session_id",
    .delay = "delay"};

}  // namespace servesweep
