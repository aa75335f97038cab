// A checksum that a file carries: a line behind its contents with the SHA-256 of all before the
// line. HDF5 ignores what stands behind a file's end, and cuts it off when a program opens the file
// to write: a file that another tool has changed has none.
#pragma once

#include <string>
#include <string_view>

namespace servesweep {

std::string checksum_line(std::string_view contents);
// Behind the contents of an open file. `path`: for messages.
void append_checksum(int descriptor, const std::string& path);

enum class Checksum { kNone, kSame, kDiffers };
// Reads the whole file. IoError where it cannot.
Checksum verify_checksum(const std::string& path);

}  // namespace servesweep
