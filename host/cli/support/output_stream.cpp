#include "host/cli/support/output_stream.hpp"

#include <iostream>

#include "io/files/atomic_file.hpp"

namespace servesweep {

void write_output(const std::string& path, const std::function<void(std::ostream&)>& write) {
  if (path == "-") {
    write(std::cout);
  } else {
    write_file_atomically(path, write);
  }
}

}  // namespace servesweep
