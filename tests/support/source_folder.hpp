// Files of the source tree that tests read.
#pragma once

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace servesweep::testing {

inline std::string in_source_folder(const std::string& path) {
  const char* folder = std::getenv("SERVESWEEP_SOURCE_DIR");
  if (folder == nullptr) {
    throw std::runtime_error(
        "SERVESWEEP_SOURCE_DIR is not set (ctest does) set it to the checkout");
  }
  return std::string(folder) + "/" + path;
}

}  // namespace servesweep::testing
