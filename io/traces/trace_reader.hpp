// Reads request traces: the format is found from the first line, gzip from the first bytes
// (docs/trace_formats.md).
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

#include "host/workload/trace.hpp"

namespace servesweep {

// Throws IoError if the file cannot be read or decompressed, InputError (with file, line and
// column of each finding, up to 20) if it is no trace, or its rows take more than most_bytes. The
// text is never in memory as a whole, so that compressed files may be larger than it.
Trace read_trace(const std::string& path, const TraceOptions& options = {},
                 std::size_t most_bytes = std::numeric_limits<std::size_t>::max());

// Reads a trace from text in memory, as it is (no gzip); `name` stands for the path.
Trace parse_trace(std::string_view text, const std::string& name, const TraceOptions& options = {});

}  // namespace servesweep
