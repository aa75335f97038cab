// servesweep study: sweeps that answer a question together, into one file.
#include "host/cli/commands.hpp"

namespace servesweep {

void add_study(CLI::App& app, Program& program) {
  CLI::App* study =
      app.add_subcommand("study", "Runs a study: sweeps that answer a question together.");
  study->require_subcommand(1);
  add_study_stress(*study, program);
  add_study_tuning(*study, program);
}

}  // namespace servesweep
