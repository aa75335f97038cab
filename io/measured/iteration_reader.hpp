// Reads measured iterations of a server: a CSV file with a header and the columns
//   prefill_tokens, sequences (or decodes), context_tokens and time_UNIT (or latency_UNIT), UNIT
//   one of us, ms, s, sec; and prefill_pair_tokens, which may be left out.
// Other columns are ignored; lines that start with # are comments. Plain or gzip.
#pragma once

#include <string>
#include <string_view>

#include "host/calibration/calibrate_iterations.hpp"

namespace servesweep {

// Whether the header has a column that only measured iterations have. Throws IoError if the file
// cannot be read.
bool has_iterations(const std::string& path);

// Throws IoError if the file cannot be read, and InputError with every bad row.
MeasuredIterations read_iterations(const std::string& path);

// The same, of a text in memory; `name` stands for the file in messages.
MeasuredIterations parse_iterations(std::string_view text, const std::string& name);

}  // namespace servesweep
