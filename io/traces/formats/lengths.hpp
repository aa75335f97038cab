// Lengths of requests without times, as conversations (ShareGPT and the like) are counted for
// benchmarks: two columns, two members, or pairs of numbers in a JSON array.
#pragma once

#include "io/traces/trace_format.hpp"

namespace servesweep {

inline constexpr TraceFormat kLengthColumns{.name = "length-columns",
                                            .syntax = TraceSyntax::kCsv,
                                            .example = "prompt_len,output_len",
                                            .time = "",
                                            .prompt = "prompt_len",
                                            .output = "output_len",
                                            .predicted = "",
                                            .time_unit = TimeUnit::kSeconds};

inline constexpr TraceFormat kLengthRows{.name = "length-rows",
                                         .syntax = TraceSyntax::kJsonLines,
                                         .example = R"({"prompt_len": 35, "output_len": 500})",
                                         .time = "",
                                         .prompt = "prompt_len",
                                         .output = "output_len",
                                         .predicted = "",
                                         .time_unit = TimeUnit::kSeconds};

inline constexpr TraceFormat kLengthPairs{.name = "length-pairs",
                                          .syntax = TraceSyntax::kJsonPairs,
                                          .example = "[[35, 500], [1087, 230]]",
                                          .time = "",
                                          .prompt = "first of a pair",
                                          .output = "second of a pair",
                                          .predicted = "",
                                          .time_unit = TimeUnit::kSeconds};

}  // namespace servesweep
