#include "host/base/provenance.hpp"

#include <chrono>
#include <ctime>

namespace servesweep {

std::string Provenance::code() const {
  return code_version + " (commit " + git_commit + (git_dirty != 0 ? ", modified)" : ")");
}

std::string utc_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[sizeof "2025-01-31T12:00:00Z"];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace servesweep
