#include "host/cli/support/study_run.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "host/base/error.hpp"
#include "host/base/machine.hpp"
#include "host/base/units.hpp"
#include "host/cli/program.hpp"
#include "host/cli/support/options.hpp"
#include "host/cli/support/output_stream.hpp"
#include "io/files/atomic_file.hpp"
#include "io/results/study_file.hpp"
#include "io/results/verify.hpp"

namespace servesweep {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kCacheShare = 8;  // of the memory, for workloads that steps share

// The folder of an output that may be written. The file that is there is looked at before the
// folder's lock starts a thread.
std::string folder_of(const StudyOptions& options) {
  const std::string& output = options.output;
  if (output.empty()) throw InputError("invalid -o (it is empty) name a result file");
  target_of(output);
  if (!options.fresh) check_existing_result(output);
  return output + ".study";
}

}  // namespace

void print_findings(const std::vector<StudyFinding>& findings) {
  std::string topic;
  const auto print = [&](bool answer) {
    for (const StudyFinding& finding : findings) {
      if ((finding.topic == kAnswerTopic) != answer) continue;
      if (finding.topic != topic) std::cout << '\n' << (topic = finding.topic) << '\n';
      std::cout << "  " << finding.text << '\n';
    }
  };
  print(false);
  print(true);
  std::cout << '\n';
}

void StudyOptions::add_to(CLI::App& command) {
  add_value(command, "-o,--output", output, "OUT.h5", "Result file; default: " + output);
  device.add_to(command);
  command.add_flag("--fresh", fresh, "Starts over: gives up what the result file holds");
  command.add_flag("-q,--quiet", quiet, "No progress on stderr");
  command.add_flag("--original-names", original_names,
                   "Names the files beside the result file as the original does, not after the\n"
                   "result file: for scripts; a second study in the folder then replaces them");
}

std::string StudyOptions::side_file(const std::string& original_prefix,
                                    const std::string& name) const {
  const fs::path file = output;
  return (file.parent_path() /
          ((original_names ? original_prefix : file.stem().string() + "_") + name))
      .string();
}

void add_seeds(CLI::App& command, std::int32_t& seeds, std::uint64_t& seed,
               const std::string& replicated) {
  add_number(command, "--seeds", seeds,
             fmt::format("Replications of {}; default: {}", replicated, seeds), 1, 1'000'000);
  add_value(command, "--seed", seed, "N",
            fmt::format("Seed of everything random; default: {}", seed));
}

int study_exit_code(const std::function<int()>& run) {
  try {
    return run();
  } catch (const StudyInterrupted&) {
    return kInterrupted;
  }
}

StudyRun::StudyRun(const std::string& name, const std::vector<std::string>& steps,
                   StudyOptions options, const Program& program, Conclude conclude)
    : options_(std::move(options)), conclude_(std::move(conclude)), folder_(folder_of(options_)) {
  study_.name = name;
  study_.steps = steps;
  if (fs::exists(options_.output)) {  // no other kind of file is replaced
    if (!options_.fresh) {
      study_ = read_study(ResultFile(options_.output), name, steps);
    } else if (verify_checksum(options_.output) == Checksum::kNone) {
      const ResultFile is_one(options_.output);  // a damaged one need not be opened to know it
    }
  }
  how_.limits = options_.device.start();
  const std::size_t for_workloads = how_.limits.max_memory_bytes / kCacheShare;
  how_.limits.max_memory_bytes -= for_workloads;
  how_.quiet = options_.quiet;
  how_.on_existing = options_.fresh ? OnExisting::kStartOver : OnExisting::kResume;
  workloads_ = std::make_unique<WorkloadCache>(for_workloads);
  how_.workloads = workloads_.get();
  provenance_ = run_provenance(this_machine());
  provenance_.command_line = shell_line(program.arguments);
  provenance_.time_started_utc = utc_now();
}

std::optional<Frame> StudyRun::worlds_of(const Step& step) const {
  const Sweep& sweep = step.loaded.sweep;
  const auto rows = rows_of_sweep(study_, step.name, sweep.fingerprint());
  if (static_cast<std::int64_t>(rows.size()) < sweep.num_worlds()) return std::nullopt;
  return study_.worlds.select(rows);
}

Frame StudyRun::worlds_for(const std::string& needed_by, const Step& step,
                           const std::string& called, const std::string& remedy) const {
  if (auto worlds = worlds_of(step)) return *std::move(worlds);
  throw InputError(
      fmt::format("{} needs the results of {} (it has not been run with these settings) {}",
                  needed_by, called, remedy));
}

void StudyRun::check_trace(const std::string& path, const std::string& sha256) const {
  for (const StudySweep& sweep : study_.sweeps) {
    const std::string then = sweep.attribute("traces");
    if (then.find("  " + path + "\n") != std::string::npos &&
        then.find(sha256 + "  " + path) == std::string::npos) {
      throw InputError(path + " has other contents than when " + options_.output +
                       " was made from it (" + sweep.step +
                       ") choose another output, or start over with --fresh");
    }
  }
}

void StudyRun::run(const Step& step) {
  const Sweep& sweep = step.loaded.sweep;
  if (worlds_of(step)) {
    if (!options_.quiet) std::cerr << step.name << ": already there" << std::endl;
    if (make_newest(study_, step.name, sweep.fingerprint())) write();
    return;
  }
  if (!options_.quiet) {
    std::cerr << step.name << ": " << format_count(sweep.num_points(), "configuration") << ", "
              << format_count(sweep.num_worlds(), "world") << std::endl;
  }
  print_warnings(sweep.warnings());
  const std::string path =
      folder_.path + "/" + step.name + "-" + sweep.fingerprint().substr(0, 12) + ".h5";
  const SweepRunEnd end = run_to_file(step.loaded, path, provenance_, how_);
  if (end.outcome.end != RunEnd::kFinished) throw StudyInterrupted();
  add_sweep(study_, read_sweep_result(ResultFile(path), step.name));
  write();
  std::error_code ignored;  // the step is in the study's file
  fs::remove(path, ignored);
}

void StudyRun::write() {
  Provenance provenance = provenance_;
  provenance.traces = study_.sweeps.back().attribute("traces");
  provenance.time_finished_utc = utc_now();
  const StudyConclusions conclusions = conclude_(study_);
  folder_.lock.check_held();
  write_study(options_.output, study_, provenance, conclusions.findings, conclusions.methods);
  for (const auto& [name, contents] : conclusions.files) {
    const std::string path = options_.side_file(conclusions.original_prefix, name);
    write_output(path, options_.inputs, [&text = contents](std::ostream& out) { out << text; });
    files_written_.insert(path);
  }
}

}  // namespace servesweep
