#include "host/cli/support/output_stream.hpp"

#include <filesystem>
#include <iostream>

#include "host/base/error.hpp"
#include "io/files/atomic_file.hpp"
#include "io/hdf5/hdf5.hpp"

namespace servesweep {

void check_output(const std::string& path, const std::vector<std::string>& inputs) {
  namespace fs = std::filesystem;
  std::error_code not_there;
  if (path.empty() || path == "-") return;
  target_of(path);
  if (!fs::is_regular_file(path, not_there)) return;
  const auto refuse = [&](const char* why) {
    throw InputError(path + " would be replaced (" + why + ") choose another file to write");
  };
  for (const std::string& input : inputs) {
    if (fs::equivalent(path, input, not_there)) refuse("it is what the command reads");
  }
  if (hdf5::is_hdf5(path)) refuse("it is an HDF5 file, which may hold results");
}

void write_output(const std::string& path, const std::vector<std::string>& inputs,
                  const std::function<void(std::ostream&)>& write) {
  check_output(path, inputs);
  if (path == "-") {
    write(std::cout);
  } else {
    write_file_atomically(path, write);
  }
}

}  // namespace servesweep
