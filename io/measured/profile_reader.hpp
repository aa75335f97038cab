// Reads a measured kernel profile: a folder with three CSV files, each with a header and these
// columns (as LLMServingSim's profiler writes them), plain or gzip inside.
//   dense.csv         layer, tokens, time_us
//   per_sequence.csv  layer, sequences, time_us
//   attention.csv     prefill_chunk, kv_prefill, n_decode, kv_decode, time_us
// Other columns are ignored.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/latency/kernel_profile.hpp"

namespace servesweep {

// The files of a profile in this folder.
std::vector<std::string> kernel_profile_files(const std::string& folder);

// Throws IoError if a file cannot be read, and InputError with every bad row (file, line, column).
KernelProfile read_kernel_profile(const std::string& folder);

// The same of texts in memory, in the order of kernel_profile_files(); `names` stand for the files
// in messages.
KernelProfile parse_kernel_profile(const std::vector<std::string_view>& texts,
                                   const std::vector<std::string>& names);

}  // namespace servesweep
