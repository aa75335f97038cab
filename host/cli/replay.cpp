// servesweep replay: one world of a result file again, with every event on a line: a batch, or a
// run of iterations of the continuous engine.
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>

#include "host/base/error.hpp"
#include "host/base/sha256.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/program.hpp"
#include "host/cli/support/options.hpp"
#include "host/cli/support/output_stream.hpp"
#include "host/cli/support/reading.hpp"
#include "host/cli/support/sweep_options.hpp"
#include "io/files/text_source.hpp"
#include "io/files/toml_reader.hpp"
#include "io/results/result_reader.hpp"
#include "kernels/device/device.hpp"

namespace servesweep {
namespace {

struct ReplayOptions {
  std::string file, events;
  std::optional<std::string> base;
  std::int64_t world = 0;
  DeviceOptions device;
  ReadOptions read;
};

// The version that ran the sweep, as Provenance::code() says it.
std::string code_of(const StudySweep& made_in) {
  Provenance made;
  made.code_version = made_in.attribute("code_version");
  made.git_commit = made_in.attribute("git_commit");
  made.git_dirty = made_in.attribute("git_dirty") == "1" ? 1 : 0;
  return made.code();
}

// The sweep as it was. Its resolved specification names files from the sweep file's folder.
LoadedSweep load_again(const ResultFile& file, const StudySweep& made_in,
                       const std::optional<std::string>& base) {
  const std::filesystem::path sweep_file = made_in.attribute("sweep_file");
  LoadedSweep loaded =
      load_sweep(parse_toml(made_in.attribute("resolved_toml"), file.path() + ", resolved_toml",
                            base.value_or(sweep_file.parent_path().string())));
  if (loaded.sweep.fingerprint() != made_in.attribute("sweep_fingerprint")) {
    throw InputError(file.path() +
                     " holds a sweep that this program reads differently (it was made "
                     "by servesweep " +
                     code_of(made_in) + ") use that version");
  }
  return loaded;
}

// The files that the sweep reads are there and as they were. Returns their paths.
std::vector<std::string> check_inputs(const ResultFile& file, const StudySweep& made_in,
                                      const Sweep& sweep) {
  constexpr std::size_t kDigits = 64;
  std::vector<std::string> paths;
  std::istringstream lines(made_in.attribute("traces"));
  for (std::string line; std::getline(lines, line);) {
    const std::string then = line.substr(0, kDigits);
    const std::string path = sweep.path(line.substr(kDigits + 2));
    std::string now;
    try {
      now = TextSource(path).sha256();
    } catch (const IoError& error) {
      throw IoError(std::string(error.what()) + "\n" + file.path() + " was made from it (SHA-256 " +
                    then + ") name the folder where the sweep's file names start with --base");
    }
    if (now != then) {
      throw InputError(path + " has other contents now (SHA-256 " + now + "; " + file.path() +
                       " was made from " + then +
                       ") find the old file, and name its folder with --base");
    }
    paths.push_back(path);
  }
  return paths;
}

bool same_bits(const ColumnData& a, const ColumnData& b) {
  if (a.index() != b.index()) return false;
  if (const auto* reals = std::get_if<std::vector<double>>(&a)) {
    const double x = reals->at(0), y = std::get<std::vector<double>>(b).at(0);
    return std::isnan(x) ? std::isnan(y) : x == y && std::signbit(x) == std::signbit(y);
  }
  return a == b;
}

// The world's inputs, then its metrics as stored and as computed again. True if all are equal.
bool print_comparison(const ResultFile& file, std::int64_t world, const ResultSchema& schema,
                      const ResultChunk& again, std::ostream& out) {
  for (const ResultColumn& column : file.columns()) {
    if (column.role == ColumnRole::kMetric) continue;
    const std::string text = column_texts(column.spec, file.data(column.spec.name, world, 1)).at(0);
    if (text.empty()) continue;
    const bool has_unit = !column.spec.unit.empty() && column.spec.unit != "1";
    out << fmt::format("{:<32}{}{}\n", column.spec.name, text,
                       has_unit ? " " + column.spec.unit : "");
  }
  out << fmt::format("\n{:<32}{:>24}{:>24}\n", "metric", "in the file", "again");
  std::size_t different = 0;
  for (std::size_t i = 0; i < schema.metrics.size(); ++i) {
    const ColumnSpec& spec = schema.metrics[i];
    const ColumnData stored = file.data(spec.name, world, 1);
    const bool same = same_bits(stored, again.metrics.at(i));
    if (!same) ++different;
    const auto shown = [&](const ColumnData& data) {
      const std::string text = column_texts(spec, data).at(0);
      return text.empty() ? std::string("-") : text;
    };
    out << fmt::format("{:<32}{:>24}{:>24}{}\n", spec.name, shown(stored), shown(again.metrics[i]),
                       same ? "" : "  different");
  }
  out << '\n'
      << (different == 0
              ? fmt::format("all {} metrics are bit-identical\n", schema.metrics.size())
              : fmt::format("{} of {} metrics differ\n", different, schema.metrics.size()));
  return different == 0;
}

int replay(const ReplayOptions& options) {
  check_output(options.events, {options.file});
  const RunLimits limits = options.device.start();
  const ResultFile file(options.file);
  if (options.world >= file.num_worlds()) {
    throw InputError("invalid --world=" + std::to_string(options.world) + " (" + file.path() +
                     " has the worlds 0 to " + std::to_string(file.num_worlds() - 1) + ")");
  }
  const auto [made_in, world] = file.origin(options.world);
  if (code_of(made_in) != program_provenance().code()) {
    print_warnings({file.path() + " was made by servesweep " + code_of(made_in) + ", this is " +
                    program_provenance().code()});
  }
  const auto [engine, sweep] = load_again(file, made_in, options.base);
  std::vector<std::string> files = check_inputs(file, made_in, sweep);
  files.insert(files.end(), {options.file, made_in.attribute("sweep_file")});
  check_output(options.events, files);
  SweepInputs inputs(sweep, limits.max_memory_bytes);
  WorkloadSource workloads(sweep, inputs.files());
  const auto engine_run = engine->start(sweep, workloads, limits);
  const ResultChunk again = engine_run->start(engine_run->plan(world, world + 1))();
  if (!options.events.empty()) {
    write_output(options.events, files,
                 [&, id = world](std::ostream& out) { engine_run->replay(id, out); });
  }
  std::ostream& report = options.events == "-" ? std::cerr : std::cout;
  return print_comparison(file, options.world, engine->schema(sweep), again, report)
             ? kOk
             : kSomeUnfinished;
}

}  // namespace

void add_replay(CLI::App& app, Program& program) {
  const auto options = std::make_shared<ReplayOptions>();
  CLI::App* command = app.add_subcommand("replay",
                                         "Runs one world of a result file again, alone, with every "
                                         "batch or run of iterations on a line.");
  add_value(*command, "file", options->file, "OUT.h5", "Result file")->required();
  add_value(*command, "--world", options->world, "ID", "World id, as in the column `world`")
      ->required()
      ->check(whole_number(0));
  add_value(*command, "--events", options->events, "FILE",
            "CSV file to write, - for the standard output: a line per batch;\n"
            "of the continuous engine per run of iterations that are alike");
  add_value(*command, "--base", options->base, "DIR",
            "Where file names of the sweep start: the folder of its sweep file;\n"
            "default: where that was when the result was made");
  options->device.add_to(*command);
  options->read.add_to(*command);
  command->footer(
      "Prints the world's parameters, and its metrics beside those in the file: they have the "
      "same\n"
      "bits. Exit code 1 if they have not. The events' columns are in docs/batch_engine.md and\n"
      "docs/continuous_engine.md.\n\n"
      "Examples:\n"
      "  servesweep replay out.h5 --world 17 --events e.csv\n"
      "  servesweep replay results/out.h5 --world 17 --base sweeps");
  command->callback([options, &program] {
    program.exit_code =
        read_results({options->file}, options->read, [&] { return replay(*options); });
  });
}

}  // namespace servesweep
