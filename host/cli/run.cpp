// servesweep run: a sweep file to a result file.
#include <filesystem>
#include <iostream>
#include <memory>

#include "host/base/error.hpp"
#include "host/base/units.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/program.hpp"
#include "host/cli/support/options.hpp"
#include "host/cli/support/summary.hpp"
#include "host/cli/support/sweep_options.hpp"
#include "host/cli/support/sweep_run.hpp"
#include "host/engines/engines.hpp"
#include "host/run/profile_report.hpp"
#include "host/sweep/parameter_docs.hpp"
#include "io/files/toml_reader.hpp"
#include "io/results/verify.hpp"
#include "io/tables/show.hpp"
#include "io/traces/formats/times.hpp"
#include "kernels/device/device.hpp"
#include "kernels/device/profile.hpp"

namespace servesweep {
namespace {

struct RunOptions {
  std::string sweep_file, output, engine = "batch";
  std::vector<std::string> overrides;
  DeviceOptions device;
  std::string max_time, fixed_time;
  bool fresh = false, quiet = false, profile = false, dump_default = false;
};

// With a fixed time the file holds nothing that equal sweeps do not share: its command line has
// only what decides the results.
Provenance provenance_of(const RunOptions& options, const Program& program) {
  Provenance p = run_provenance(this_machine());
  p.sweep_file = options.sweep_file;
  if (options.fixed_time.empty()) {
    p.command_line = shell_line(program.arguments);
    p.time_started_utc = utc_now();
    return p;
  }
  std::vector<std::string> deciding = {"servesweep", "run", options.sweep_file};
  for (const std::string& setting : options.overrides) {
    deciding.insert(deciding.end(), {"-s", setting});
  }
  p.command_line = shell_line(deciding);
  p.time_started_utc = p.time_finished_utc = options.fixed_time;
  return p;
}

void print_result(const std::string& path, const RunOutcome* outcome) {
  const ProfileRegion region("servesweep::summary");
  const ResultFile file(path);
  std::cout << render_totals(file) << '\n';
  if (outcome != nullptr && unfinished_worlds(file) > 0) {  // not all requests were simulated
    std::cout << "ran " << format_count(outcome->worlds_done, "world") << " in "
              << format_duration(outcome->seconds) << '\n';
  } else if (outcome != nullptr) {
    std::cout << "simulated " << format_count(outcome->requests_done, "request") << " of "
              << format_count(outcome->worlds_done, "world") << " in "
              << format_duration(outcome->seconds) << ": "
              << format_quantity(static_cast<double>(outcome->requests_done) / outcome->seconds)
              << " requests/s\n";
  }
  const std::string name = shell_line({path});
  std::cout << "result: " << path << " (" << format_size(std::filesystem::file_size(path)) << ")\n"
            << "next: servesweep show " << name << " --sort p99_latency_s --top 20\n"
            << "      servesweep export " << name << " --csv "
            << shell_line({std::filesystem::path(path).stem().string() + ".csv"}) << '\n';
}

int run_sweep_file(const RunOptions& options, const Program& program) {
  if (std::int64_t ns = 0;
      !options.fixed_time.empty() && !parse_date_time(options.fixed_time, ns)) {
    throw InputError("invalid --fixed-time=" + options.fixed_time +
                     " (must be a date and time such as 2025-01-31T12:00:00Z)");
  }
  const double max_time_s = options.max_time.empty()
                                ? std::numeric_limits<double>::infinity()
                                : parse_duration_s(options.max_time, "--max-time");
  const std::string output = options.output.empty()
                                 ? std::filesystem::path(options.sweep_file).stem().string() + ".h5"
                                 : options.output;
  if (!options.fresh) check_existing_result(output);
  SweepRun how;
  how.limits = options.device.start();
  how.on_existing = options.fresh ? OnExisting::kStartOver : OnExisting::kResume;
  how.max_time_s = max_time_s;
  how.quiet = options.quiet;
  const LoadedSweep loaded = load_sweep(read_toml(options.sweep_file, options.overrides));
  print_warnings(loaded.sweep.warnings());
  const SweepRunEnd end = run_to_file(loaded, output, provenance_of(options, program), how);
  if (end.outcome.end != RunEnd::kFinished) return kInterrupted;
  if (end.already_complete) {
    std::cerr << "already complete: " << output << " holds all "
              << format_count(loaded.sweep.num_worlds()) << " worlds of this sweep" << std::endl;
  }
  print_result(output, end.already_complete ? nullptr : &end.outcome);
  return unfinished_worlds(ResultFile(output)) > 0 ? kSomeUnfinished : kOk;
}

int run(const RunOptions& options, const Program& program) {
  if (!options.profile) return run_sweep_file(options, program);
  const Profile profile;
  const int code = run_sweep_file(options, program);
  std::cerr << '\n' << profile_table(profile.report());
  return code;
}

}  // namespace

void add_run(CLI::App& app, Program& program) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App* command =
      app.add_subcommand("run", "Runs the worlds of a sweep file and writes one result file.");
  CLI::Option* file = add_value(*command, "sweep", options->sweep_file, "SWEEP.toml",
                                "Sweep file (docs/parameters.md)");
  add_value(*command, "-o,--output", options->output, "OUT.h5",
            "Result file; default: the sweep file's name with .h5, in the current folder");
  add_override_option(*command, options->overrides);
  options->device.add_to(*command);
  add_value(*command, "--max-time", options->max_time, "TIME",
            "Starts nothing that is expected to end later than this, such as 90s, 15m or 2h,\n"
            "after the start; what is left is for the next run");
  command->add_flag("--fresh", options->fresh,
                    "Starts over: gives up an older result, or unfinished parts, of that name");
  command->add_flag("-q,--quiet", options->quiet, "No progress on stderr");
  CLI::Option* fixed_time =
      add_value(*command, "--fixed-time", options->fixed_time, "ISO8601",
                "Written as start and end of the run, with only what decides the results of the\n"
                "command: files of equal sweeps are then equal byte for byte");
  command
      ->add_flag("--profile", options->profile,
                 "Prints on stderr where the time went, and writes it to the result file\n"
                 "(docs/profile.md)")
      ->excludes(fixed_time);
  CLI::Option* dump =
      command->add_flag("--dump-default", options->dump_default,
                        "Prints a complete sweep file with all defaults, explained");
  add_value(*command, "--engine", options->engine, "NAME",
            "Engine of --dump-default; default: batch")
      ->needs(dump);
  file->excludes(dump);
  command->footer(
      std::string("Started again after an interruption of any kind, even kill -9, the "
                  "same command goes on\nwhere it stopped; with another sweep file it "
                  "refuses. What is finished is kept in\nOUT.h5.parts until OUT.h5 is "
                  "complete.\n\n"
                  "Examples:\n"
                  "  servesweep run examples/default.toml -o out.h5\n"
                  "  servesweep run sweep.toml -s 'num_gpus=[1,2,4]' -s workload.trace=azure.csv\n"
                  "  servesweep run sweep.toml -o out.h5 --max-time 1h --max-memory 8G\n"
                  "  servesweep run sweep.toml -o out.h5 --profile\n"
                  "  servesweep run --dump-default > sweep.toml\n\n") +
      kExitCodesText);
  command->callback([options, &program] {
    if (options->dump_default) {
      std::cout << dump_default(options->engine, make_engine(options->engine)->parameters());
    } else if (options->sweep_file.empty()) {
      throw CLI::RequiredError("sweep");
    } else {
      program.exit_code = run(*options, program);
    }
  });
}

}  // namespace servesweep
