// servesweep study tuning: why requests wait, and which settings of the server change it.
#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <set>

#include "host/base/error.hpp"
#include "host/base/units.hpp"
#include "host/cli/report.hpp"
#include "host/cli/support/options.hpp"
#include "host/cli/support/study_run.hpp"
#include "host/studies/tuning/tuning_analysis.hpp"
#include "host/studies/tuning/tuning_files.hpp"
#include "host/studies/tuning/tuning_plan.hpp"
#include "io/results/result_reader.hpp"

namespace servesweep {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFigures = "figures";  // the experiment that is no sweep: the report

struct TuningOptions {
  TuningSettings settings;
  std::set<std::string> skipped;  // names of experiments
  std::int64_t max_num_seqs = 0;  // of the comparison; 0: found from queue-time
  StudyOptions study;

  bool skips(const std::string& name) const { return skipped.count(name) > 0; }
};

class TuningRun {
 public:
  TuningRun(const TuningOptions& options, const std::vector<TuningExperiment>& experiments,
            const Program& program)
      : options_(options),
        experiments_(experiments),
        study_("tuning", tuning_step_names(), options.study, program,
               [&options](const Study& study) {
                 return StudyConclusions{
                     render(tuning_findings(study.worlds)), tuning_methods(study.worlds),
                     tuning_files(study, fs::path(options.study.output).filename())};
               }) {}

  // Each experiment by itself: where one fails, it is named and the others go on. The exit code is
  // the one of the first experiment that fails.
  int run() {
    for (const TuningExperiment& experiment : experiments_) {
      attempt(experiment.name, [&] {
        for (const TuningStep step : experiment.steps) run_step(step);
      });
    }
    const bool any = fs::exists(options_.study.output);
    if (any) print_findings(ResultFile(options_.study.output).findings());
    if (!options_.skips(kFigures) && (any || experiments_.empty()))
      attempt(kFigures, [&] { draw(); });
    print_end();
    return exit_code_;
  }

 private:
  void attempt(const std::string& name, const std::function<void()>& action) {
    const int code = exit_code_of(action, [&](const std::string& message) {
      std::cerr << "error: " << name << ": " << message << std::endl;
    });
    if (code == kOk) return;
    failed_.push_back(name);
    if (exit_code_ == kOk) exit_code_ = code;
  }

  StudyRun::Step load(TuningStep step, const std::vector<std::int64_t>& max_num_seqs = {}) const {
    return study_.load(step, tuning_sweep(step, options_.settings, max_num_seqs));
  }

  void run_step(TuningStep step) {
    if (step == TuningStep::kComparison) {
      study_.run(load(step, {max_num_seqs()}));
    } else if (step == TuningStep::kQueueBetween) {
      const auto between = limits_around_half(queue_time("queue_time_between"));
      if (!between.empty()) study_.run(load(step, between));
    } else {
      study_.run(load(step));
    }
  }

  Frame queue_time(const std::string& needed_by) const {
    return study_.worlds_for(needed_by, load(TuningStep::kQueueTime), "queue-time",
                             "run it too, or give --max-num-seqs");
  }

  std::int64_t max_num_seqs() const {
    if (options_.max_num_seqs > 0) return options_.max_num_seqs;
    return choose_max_num_seqs(queue_time("the comparison"));
  }

  void draw() const {
    fs::path page = options_.study.output;
    if (!fs::exists(page)) {
      throw InputError("nothing to draw (" + page.string() +
                       " is not there, and every experiment is skipped) leave out a --skip-...");
    }
    write_report(options_.study.output, page.replace_extension(".html"));
  }

  void print_end() const {
    const std::string& path = options_.study.output;
    if (fs::exists(path)) {
      std::cout << "result: " << path << " (" << format_size(fs::file_size(path)) << ")\n";
    }
    for (const std::string& file : study_.files_written()) std::cout << "        " << file << '\n';
    for (const std::string& name : failed_) std::cout << "failed: " << name << '\n';
  }

  const TuningOptions& options_;
  const std::vector<TuningExperiment>& experiments_;
  StudyRun study_;
  std::vector<std::string> failed_;  // names of experiments; what went wrong is on stderr
  int exit_code_ = kOk;
};

int run_tuning(const TuningOptions& options, const Program& program) {
  std::vector<TuningExperiment> wanted = tuning_experiments();
  std::erase_if(wanted, [&](const auto& each) { return options.skips(each.name); });
  check_gpu_memory(wanted, options.settings.gpu_memory_gb);
  return TuningRun(options, wanted, program).run();
}

}  // namespace

void add_study_tuning(CLI::App& study, Program& program) {
  const auto options = std::make_shared<TuningOptions>();
  options->study.output = "tuning.h5";
  TuningSettings& settings = options->settings;
  CLI::App* command = study.add_subcommand(
      "tuning", "Why requests wait, and which settings of a server change it: one file, one page.");
  const auto add_skip = [&](const std::string& name, const std::string& names) {
    command->add_flag_callback(
        names, [options, name] { options->skipped.insert(name); }, "Leaves out " + name);
  };
  for (const TuningExperiment& experiment : tuning_experiments()) {
    const std::string name = experiment.name, suite_name = experiment.suite_name;
    add_skip(name, "--skip-" + name + (name == suite_name ? "" : ",--skip-" + suite_name));
  }
  add_skip(kFigures, "--skip-figures,--skip-visualization");
  add_number(*command, "--requests", settings.requests, "Requests of the mix; default: 100", 1,
             2'000'000);
  add_number(*command, "--client-batch", settings.client_batch,
             "Requests that the client sends at a time before; default: 16", 1, 4096);
  add_number(*command, "--max-num-seqs", options->max_num_seqs,
             "max_num_seqs of the comparison after; default: found from queue-time", 1, 8192);
  add_value(*command, "--gpu-memory-gb", settings.gpu_memory_gb, "GB",
            "The GPU's memory, in 10^9 bytes; default: 40");
  add_seeds(*command, settings.seeds, settings.seed, "what has random requests");
  options->study.add_to(*command);
  command->footer(
      std::string("Experiments (docs/study_tuning.md):\n"
                  "  queue-time       all at once: client batches, and max_num_seqs\n"
                  "  max-num-seqs     throughput of a batch of 32\n"
                  "  memory           gpu_memory_utilization\n"
                  "  chunked-prefill  chunk size against latency and inter-token time\n"
                  "  benchmark        latency, batch throughput, the mix, lengths\n"
                  "  comparison       before and after\n"
                  "  figures          the page of `servesweep report`\n\n"
                  "One that fails is named, and the others go on. Experiments add to the result "
                  "file; what is\n"
                  "there is not run again. After an interruption the same command goes on where it "
                  "stopped.\n\n"
                  "Examples:\n"
                  "  servesweep study tuning -o t.h5\n"
                  "  servesweep study tuning --skip-benchmark --requests 1000 -o t.h5\n\n") +
      kExitCodesText);
  command->callback([options, &program] {
    program.exit_code = study_exit_code([&] { return run_tuning(*options, program); });
  });
}

}  // namespace servesweep
