// Reads a measured service grid: a CSV file with a header and the columns
//   batch_size (or batch), length (or length_tokens, seq_len, max_seq_len, total_tokens) and
//   latency_UNIT (or mean_latency_UNIT, avg_latency_UNIT), UNIT one of us, ms, s, sec.
// Other columns are ignored; lines that start with # are comments. Plain or gzip.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/latency/service_grid.hpp"

namespace servesweep {

// Throws IoError if the file cannot be read, and InputError with every bad row (file, line,
// column).
std::vector<GridPoint> read_service_grid(const std::string& path);

// The same, of a text in memory; `name` stands for the file in messages.
std::vector<GridPoint> parse_service_grid(std::string_view text, const std::string& name);

}  // namespace servesweep
