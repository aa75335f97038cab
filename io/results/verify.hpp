// Whether a result file is as it was written, and can be read from end to end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/files/checksum.hpp"

namespace servesweep {

// IoError where a file's checksum differs. Files that have none pass: they were changed by another
// tool, or made by an older version.
void verify_results(const std::vector<std::string>& paths);

// Before a new file takes its place: what is on the disk is whole, and of this many worlds. Else
// IoError.
void check_written(const std::string& path, std::int64_t num_worlds);

// Reads every attribute, column and table. IoError where it cannot.
void read_all(const std::string& path);

// For a program that has threads when it reads the file: reads it in a process of its own before.
// Nothing happens where there is no file, or no HDF5 file.
void check_existing_result(const std::string& path);

}  // namespace servesweep
