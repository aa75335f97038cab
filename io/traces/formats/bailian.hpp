// Traces of Alibaba's Bailian service (Wang et al., "KVCache in the Wild", USENIX ATC 2025): one
// JSON object a line with Mooncake's names, but times in seconds and hashes of blocks of 16 tokens.
// A turn names the chat before it; the roots have -1. Types of requests and turn numbers are
// ignored.
#pragma once

#include "io/traces/trace_format.hpp"

namespace servesweep {

inline constexpr TraceFormat kBailian{
    .name = "bailian",
    .syntax = TraceSyntax::kJsonLines,
    .example = R"({"chat_id": 7, "parent_chat_id": -1, "timestamp": 61.1, "input_length": 521, )"
               R"("output_length": 5, "type": "text", "turn": 1, "hash_ids": [0, 1]})",
    .time = "timestamp",
    .prompt = "input_length",
    .output = "output_length",
    .predicted = "",
    .time_unit = TimeUnit::kSeconds,
    .prefix_hashes = "hash_ids",
    .prefix_block_tokens = 16,
    .marks = {"chat_id", "parent_chat_id"},
    .session = "chat_id",
    .parent = "parent_chat_id"};

}  // namespace servesweep
