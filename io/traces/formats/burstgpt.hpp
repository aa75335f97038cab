// BurstGPT (Wang et al. 2024, arXiv:2401.17644): requests to ChatGPT and GPT-4 of a university.
// Times are seconds since the trace's first day; a response of 0 tokens is a failed request.
// "Predicted tokens" is not of the dataset: an output length that a predictor gave.
#pragma once

#include "io/traces/formats/times.hpp"
#include "io/traces/trace_format.hpp"

namespace servesweep {

inline constexpr TraceFormat kBurstGpt{
    .name = "burstgpt",
    .syntax = TraceSyntax::kCsv,
    .example = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type",
    .time = "Timestamp",
    .prompt = "Request tokens",
    .output = "Response tokens",
    .predicted = "Predicted tokens",
    .parse_time = parse_seconds,
    .time_rule = "seconds, a decimal number"};

}  // namespace servesweep
