// Azure LLM inference traces of 2023 (Patel et al., Splitwise, ISCA 2024): an hour of two services.
// Times are dates with 100 ns resolution.
#pragma once

#include "io/traces/trace_format.hpp"

namespace servesweep {

inline constexpr TraceFormat kAzure{.name = "azure",
                                    .syntax = TraceSyntax::kCsv,
                                    .example = "TIMESTAMP,ContextTokens,GeneratedTokens",
                                    .time = "TIMESTAMP",
                                    .prompt = "ContextTokens",
                                    .output = "GeneratedTokens",
                                    .predicted = "",
                                    .time_unit = TimeUnit::kDate};

}  // namespace servesweep
