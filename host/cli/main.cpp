// servesweep: the command line.
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string_view>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "host/base/controls.hpp"
#include "host/base/interrupt.hpp"
#include "host/base/names.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/program.hpp"

namespace servesweep {
namespace {

constexpr const char* kFooter =
    "A first run:\n"
    "  servesweep run --dump-default > sweep.toml   # every key of a sweep file, explained\n"
    "  servesweep plan sweep.toml\n"
    "  servesweep run sweep.toml -o out.h5\n"
    "  servesweep show out.h5 --sort p99_latency_s\n\n";

// What a word that no command knows was meant to be.
std::string suggestion(const CLI::App& main) {
  const auto chosen = main.get_subcommands();
  const CLI::App& command = chosen.empty() ? main : *chosen.front();
  std::vector<std::string> known;
  for (const CLI::App* sub : command.get_subcommands({})) known.push_back(sub->get_name());
  for (const CLI::Option* option : command.get_options()) known.push_back(option->get_name());
  for (const std::string& word : main.remaining(true)) {
    if (const std::string meant = nearest(word, known); !meant.empty()) return did_you_mean(meant);
  }
  return "";
}

int run_program(int argc, char** argv) {
  Program program;
  program.arguments.assign(argv, argv + argc);
  CLI::App app(
      "Simulates sweeps of LLM-serving schedulers: each combination of a sweep file's parameters "
      "is a\n"
      "world, an independent simulated cluster; the results of all worlds are one HDF5 file.",
      "servesweep");
  app.set_version_flag("--version", "servesweep " + program_provenance().code());
  app.footer(kFooter + std::string(kExitCodesText));
  app.failure_message([](const CLI::App* main, const CLI::Error& error) {
    return "error: " + std::string(error.what()) + suggestion(*main) +
           "\nRun with --help for more information.\n";
  });
  app.require_subcommand(0, 1);  // none: below, so that a misspelt one is named
  add_run(app, program);
  add_study(app, program);
  add_plan(app, program);
  add_show(app, program);
  add_export(app, program);
  add_report(app, program);
  add_verify(app, program);
  add_compare(app, program);
  add_workload(app, program);
  add_calibrate(app, program);
  add_replay(app, program);
  add_info(app, program);
  add_docs(app, program);
  int usage = kOk;
  const auto parse = [&] {
    try {
      app.parse(argc, argv);
      if (app.get_subcommands().empty()) throw CLI::RequiredError("A subcommand");
    } catch (const CLI::ParseError& error) {  // --help is one
      usage = app.exit(error) == 0 ? kOk : kBadInput;
    }
  };
  if (const int code = exit_code_of(parse, print_error); code != kOk) return code;
  if (usage != kOk) return usage;
  if (!flush_output()) return kIoFailure;
  return program.exit_code;
}

}  // namespace
}  // namespace servesweep

int main(int argc, char** argv) {
  // OpenMP's threads spin while they wait, which takes a core each from whatever else runs, also
  // from this program's own host code. The runtime reads the variable when it is loaded, which has
  // happened: hence the program starts again.
  constexpr const char* kPolicy = "OMP_WAIT_POLICY";
  if (std::getenv(kPolicy) == nullptr && setenv(kPolicy, "passive", 1) == 0) {
    execv("/proc/self/exe", argv);  // returns where it cannot: then they spin
  }
  servesweep::escape_controls_on_terminals();
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "run" || command == "study") {  // what goes on when it is called again
    servesweep::exit_on_signals(servesweep::kInterrupted);
  }
#ifdef __GLIBC__
  // A run's large arrays come and go with its chunks: keep their pages instead of asking anew.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
  return servesweep::run_program(argc, argv);
}
