#include "host/cli/program.hpp"

#include "kernels/device/device.hpp"
#include "servesweep_version.hpp"

namespace servesweep {
namespace {

std::string shell_word(const std::string& word) {
  static constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=./,:@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

}  // namespace

Provenance program_provenance() {
  Provenance p;
  p.code_version = kVersion;
  p.git_commit = kGitCommit;
  p.git_dirty = kGitDirty ? 1 : 0;
  p.compiler = kCompiler;
  p.compiler_flags = kCompilerFlags;
  return p;
}

Provenance run_provenance(const Machine& machine) {
  Provenance p = program_provenance();
  const DeviceInfo device = device_info();
  p.kokkos_version = device.kokkos_version;
  p.kokkos_backend = device.backend;
  p.device = machine.processor;
  return p;
}

std::string shell_line(const std::vector<std::string>& arguments) {
  std::string line;
  for (const std::string& argument : arguments) {
    line += (line.empty() ? "" : " ") + shell_word(argument);
  }
  return line;
}

}  // namespace servesweep
