// servesweep show: a result file as a table.
#include "io/tables/show.hpp"

#include <iostream>
#include <memory>

#include "host/base/error.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/support/options.hpp"
#include "host/cli/support/reading.hpp"
#include "host/run/profile_report.hpp"
#include "io/results/output_format.hpp"

namespace servesweep {

namespace {

struct ShowArguments {
  std::string file;
  ShowOptions show;
  bool profile = false;
  ReadOptions read;
};

std::string stored_profile(const ResultFile& file) {
  const std::string json = file.attribute(kProfileAttribute);
  if (json.empty()) {
    throw InputError(file.path() +
                     " has no profile (its run did not measure one) make it with run --profile");
  }
  return profile_table(read_profile(json, file.path() + ", attribute " + kProfileAttribute));
}

int show_file(const ShowArguments& arguments) {
  const ResultFile file(arguments.file);
  if (arguments.profile) {
    std::cout << stored_profile(file);
    return kOk;
  }
  const std::string table = render_table(file, arguments.show);
  std::cout << render_summary(file);
  if (const std::string note = estimate_note(file); !note.empty()) std::cout << note << '\n';
  std::cout << '\n' << table;
  return kOk;
}

}  // namespace

void add_show(CLI::App& app, Program& program) {
  const auto arguments = std::make_shared<ShowArguments>();
  ShowOptions& show = arguments->show;
  CLI::App* command =
      app.add_subcommand("show", "Prints the worlds of a result file as a table, with units.");
  add_value(*command, "file", arguments->file, "OUT.h5", "Result file")->required();
  add_value(*command, "--sort", show.sort, "COLUMN",
            "Sorts by this column, smallest first; default: by world");
  command->add_flag("--descending", show.descending, "Largest first");
  add_number(*command, "--top", show.top, "Worlds to print, 0 for all; default: 20", 0);
  add_list(*command, "--columns", show.columns, "A,B,C",
           "Columns to print, or `all`, a line each; default: the inputs and main metrics that\n"
           "vary");
  CLI::Option* profile = command->add_flag(
      "--profile", arguments->profile,
      "Prints where the time of the run went instead, if it was one with --profile");
  for (const char* option : {"--sort", "--descending", "--top", "--columns"}) {
    profile->excludes(command->get_option(option));
  }
  arguments->read.add_to(*command);
  command->footer(
      "Examples:\n"
      "  servesweep show out.h5 --sort p99_latency_s --top 20\n"
      "  servesweep show out.h5 --sort throughput_requests_per_s --descending\n"
      "  servesweep show out.h5 --columns world,num_gpus,p99_latency_s --top 0\n"
      "  servesweep show out.h5 --columns all --top 1");
  command->callback([arguments, &program] {
    program.exit_code =
        read_results({arguments->file}, arguments->read, [&] { return show_file(*arguments); });
  });
}

}  // namespace servesweep
