#include "host/base/provenance.hpp"

#include <fmt/chrono.h>
#include <ctime>

namespace servesweep {

std::string Provenance::code() const {
  return code_version + " (commit " + git_commit + (git_dirty != 0 ? ", modified)" : ")");
}

std::string utc_now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

}  // namespace servesweep
