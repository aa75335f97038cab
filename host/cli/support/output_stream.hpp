// Where a command writes its main product: a file, or "-" for the standard output.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace servesweep {

// InputError where the file is one of the command's inputs, or any HDF5 file: no product takes the
// place of results. IoError where it is a link that leads nowhere. To be called before the work.
void check_output(const std::string& path, const std::vector<std::string>& inputs);

// Checks, too. A file appears whole or not at all. Throws IoError.
void write_output(const std::string& path, const std::vector<std::string>& inputs,
                  const std::function<void(std::ostream&)>& write);

}  // namespace servesweep
