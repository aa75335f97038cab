// splitwise-sim (Patel et al., Splitwise, ISCA 2024): the simulator's request traces, times in
// seconds. Types, applications and batch sizes are ignored.
#pragma once

#include "io/traces/trace_format.hpp"

namespace servesweep {

inline constexpr TraceFormat kSplitwise{.name = "splitwise",
                                        .syntax = TraceSyntax::kCsv,
                                        .example =
                                            "request_id,request_type,application_id,arrival_"
                                            "timestamp,batch_size,prompt_size,token_size",
                                        .time = "arrival_timestamp",
                                        .prompt = "prompt_size",
                                        .output = "token_size",
                                        .predicted = "",
                                        .time_unit = TimeUnit::kSeconds};

}  // namespace servesweep
