// BurstGPT (Wang et al. 2024, arXiv:2401.17644): requests to ChatGPT and GPT-4 of a university.
// Times are seconds since the trace's first day; a response of 0 tokens is a failed request.
// Release 2 adds session ids, which the sessions of API calls leave empty.
// "Predicted tokens" is not of the dataset: an output length that a predictor gave.
#pragma once

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
    .time_unit = TimeUnit::kSeconds,
    .session = "Session ID"};

}  // namespace servesweep
