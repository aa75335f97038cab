// The commands of the program. Each adds itself with its options; what it does when it is chosen
// leaves an exit code and throws what goes wrong (main.cpp).
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "host/cli/support/exit_code.hpp"

namespace servesweep {

struct Program {
  std::vector<std::string> arguments;  // argv
  int exit_code = kOk;
};

void add_run(CLI::App& app, Program& program);
void add_study(CLI::App& app, Program& program);
void add_study_stress(CLI::App& study, Program& program);
void add_study_tuning(CLI::App& study, Program& program);
void add_plan(CLI::App& app, Program& program);
void add_show(CLI::App& app, Program& program);
void add_export(CLI::App& app, Program& program);
void add_report(CLI::App& app, Program& program);
void add_verify(CLI::App& app, Program& program);
void add_compare(CLI::App& app, Program& program);
void add_workload(CLI::App& app, Program& program);
void add_calibrate(CLI::App& app, Program& program);
void add_replay(CLI::App& app, Program& program);
void add_info(CLI::App& app, Program& program);
void add_docs(CLI::App& app, Program& program);

}  // namespace servesweep
