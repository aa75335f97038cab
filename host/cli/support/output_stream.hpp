// Where a command writes its main product: a file, or "-" for the standard output.
#pragma once

#include <functional>
#include <ostream>
#include <string>

namespace servesweep {

// A file appears whole or not at all. Throws IoError.
void write_output(const std::string& path, const std::function<void(std::ostream&)>& write);

}  // namespace servesweep
