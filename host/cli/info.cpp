// servesweep info: the program and the machine.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <iostream>
#include <memory>

#include "host/base/units.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/program.hpp"
#include "kernels/device/device.hpp"
#include "servesweep_version.hpp"

namespace servesweep {
namespace {

void print_info(bool as_json) {
  const Machine machine = this_machine();
  start_device();
  const Provenance p = run_provenance(machine);
  const int threads = device_info().concurrency;
  if (as_json) {
    const nlohmann::ordered_json json{{"version", p.code_version},
                                      {"git_commit", p.git_commit},
                                      {"git_dirty", p.git_dirty != 0},
                                      {"compiler", p.compiler},
                                      {"compiler_flags", p.compiler_flags},
                                      {"build_type", kBuildType},
                                      {"kokkos_version", p.kokkos_version},
                                      {"kokkos_backend", p.kokkos_backend},
                                      {"concurrency", threads},
                                      {"device", p.device},
                                      {"cores", machine.cores},
                                      {"memory_bytes", machine.memory_bytes}};
    std::cout << json.dump(2) << '\n';
    return;
  }
  std::cout << "servesweep  " << p.code() << '\n'
            << "compiler    " << p.compiler << ", " << kBuildType << ", " << p.compiler_flags
            << '\n'
            << "Kokkos      " << p.kokkos_version << ", backend " << p.kokkos_backend << ", "
            << threads << (threads == 1 ? " thread\n" : " threads\n") << "device      " << p.device
            << '\n'
            << "cores       " << machine.cores << '\n'
            << "memory      " << format_size(machine.memory_bytes)
            << " (half of it is the default of --max-memory)\n";
}

}  // namespace

void add_info(CLI::App& app, Program&) {
  const auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand(
      "info", "Prints version, commit, compiler, Kokkos and its backend, device, cores, memory.");
  command->add_flag("--json", *json, "As a JSON object");
  command->footer("Exit code 4 if there is no device.\n\nExample:\n  servesweep info --json");
  command->callback([json] { print_info(*json); });
}

}  // namespace servesweep
