#include "host/base/machine.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

namespace servesweep {
namespace {

namespace fs = std::filesystem;

std::string processor_name() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown processor";
}

// The file holds "max" where there is no limit.
void apply_limit(const fs::path& file, std::size_t& bytes) {
  std::ifstream in(file);
  std::size_t limit = 0;
  if (in >> limit) bytes = std::min(bytes, limit);
}

// Limits of the control groups that hold this process, versions 2 and 1.
void apply_limits(std::size_t& bytes) {
  const fs::path root = "/sys/fs/cgroup";
  std::ifstream in("/proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {  // "0::/user.slice/x" or "5:memory:/x"
    const std::size_t last = line.rfind(':');
    const bool v2 = line.starts_with("0::");
    if (last == std::string::npos || !(v2 || line.find(":memory:") != std::string::npos)) continue;
    const fs::path top = v2 ? root : root / "memory";
    const char* name = v2 ? "memory.max" : "memory.limit_in_bytes";
    apply_limit(top / name, bytes);
    fs::path group = top;
    for (const fs::path& part : fs::path(line.substr(last + 1)).relative_path()) {
      group /= part;
      apply_limit(group / name, bytes);
    }
  }
}

}  // namespace

Machine this_machine() {
  Machine machine;
  machine.processor = processor_name();
  machine.cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  machine.memory_bytes = static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) *
                         static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  apply_limits(machine.memory_bytes);
  return machine;
}

}  // namespace servesweep
