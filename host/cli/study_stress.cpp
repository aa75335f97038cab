// servesweep study stress: which scheduler, how many GPUs, which K, and how sure.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>

#include "host/base/error.hpp"
#include "host/base/units.hpp"
#include "host/calibration/calibrate.hpp"
#include "host/cli/program.hpp"
#include "host/cli/support/options.hpp"
#include "host/cli/support/output_stream.hpp"
#include "host/cli/support/study_run.hpp"
#include "host/studies/stress/original_files.hpp"
#include "host/studies/stress/stress_analysis.hpp"
#include "host/studies/stress/stress_choice.hpp"
#include "host/studies/stress/stress_plan.hpp"
#include "io/measured/grid_reader.hpp"
#include "io/results/result_reader.hpp"
#include "io/traces/trace_reader.hpp"

namespace servesweep {
namespace {

struct StressOptions {
  StressSettings settings;
  std::vector<int> steps = {1, 2, 3, 4, 5};
  std::int64_t best_gpu_count = 0;  // 0: found from step 2
  std::string calibration;
  StudyOptions study;

  bool wants(StressStep step) const {
    return std::find(steps.begin(), steps.end(), step_number(step)) != steps.end();
  }
};

StudyConclusions conclude(const Study& study) {
  StudyConclusions conclusions{
      render(stress_findings(study.worlds)), method_rows(study.worlds), {}, kOriginalPrefix};
  conclusions.files = original_files(study, conclusions.findings);
  return conclusions;
}

class StressRun {
 public:
  StressRun(const StressOptions& options, const Program& program)
      : options_(options),
        settings_(options.settings),
        study_("stress", stress_step_names(), options.study, program, conclude) {
    if (!settings_.trace.empty()) look_at_trace();
    if (!options_.calibration.empty()) {
      const Calibration fit = calibrate(read_service_grid(options_.calibration));
      settings_.service = {fit.alpha_ms, fit.beta_ms_per_token, fit.gamma};
    }
  }

  void run() {
    for (const StressStep step :
         {StressStep::kRequestScaling, StressStep::kGpuScaling, StressStep::kKSensitivity,
          StressStep::kGrid, StressStep::kComparison, StressStep::kRobustness}) {
      if (options_.wants(step)) run_step(step);
    }
  }

 private:
  // Volumes end at what the trace has, and it must be the trace that the file's results are of.
  void look_at_trace() {
    const Trace trace =
        read_trace(settings_.trace, {}, memory_limit(options_.study.device.max_memory));
    const auto requests = static_cast<std::int64_t>(trace.size());
    if (requests < settings_.max_requests) {
      print_warnings(
          {fmt::format("{} has {} (--max-requests is {}): volumes end there", settings_.trace,
                       format_count(requests, "request"), format_count(settings_.max_requests))});
      settings_.max_requests = requests;
    }
    study_.check_trace(settings_.trace, trace.sha256);
  }

  StudyRun::Step load(StressStep step, const StressConfiguration& best = {},
                      const std::vector<GridChoice>& choices = {}) const {
    return study_.load(step, stress_sweep(step, settings_, best, choices));
  }

  // The worlds of a step on which another step's choices depend.
  Frame worlds_of(StressStep step, const std::string& needed_by,
                  const std::string& otherwise) const {
    const int number = step_number(step);
    return study_.worlds_for(needed_by, load(step), fmt::format("step {}", number),
                             fmt::format("add {} to --steps{}", number, otherwise));
  }

  Frame grid() const { return worlds_of(StressStep::kGrid, "step 5", ""); }

  StressConfiguration best_gpu_count() const {
    if (options_.best_gpu_count > 0) return {options_.best_gpu_count, 0};
    const Choice choice =
        choose_gpus(worlds_of(StressStep::kGpuScaling, "step 3", ", or give --best-gpu-count"));
    if (!options_.study.quiet) std::cerr << "step 3: " << text_of(choice.reason) << std::endl;
    return {choice.num_gpus, 0};
  }

  void run_step(StressStep step) {
    StressConfiguration best;
    std::vector<GridChoice> choices;
    if (step == StressStep::kKSensitivity) best = best_gpu_count();
    if (step == StressStep::kComparison) choices = grid_choices(grid(), settings_);
    if (step == StressStep::kRobustness) best = robustness_choice(grid(), settings_);
    study_.run(load(step, best, choices));
  }

  const StressOptions& options_;
  StressSettings settings_;
  StudyRun study_;
};

void print_end(const StudyOptions& study) {
  const std::string& path = study.output;
  const ResultFile file(path);
  print_findings(file.findings());
  const std::string name = shell_line({path});
  std::cout << "result: " << path << " (" << format_size(std::filesystem::file_size(path)) << ", "
            << format_count(file.num_worlds(), "world") << ")\n"
            << "        beside it " << study.side_file(kOriginalPrefix, "*")
            << ": steps 1 to 3 as CSV, the findings as JSON\n"
            << "next: servesweep report " << name << '\n'
            << "      servesweep show " << name << " --sort p99_latency_s --top 20\n";
}

int run_stress(StressOptions& options, const Program& program) {
  for (const std::string& file : {options.settings.trace, options.calibration}) {
    if (!file.empty()) options.study.inputs.push_back(file);
  }
  for (const char* name : kOriginalFiles) {
    check_output(options.study.side_file(kOriginalPrefix, name), options.study.inputs);
  }
  StressRun(options, program).run();
  print_end(options.study);
  return kOk;
}

}  // namespace

void add_study_stress(CLI::App& study, Program& program) {
  const auto options = std::make_shared<StressOptions>();
  options->study.output = "stress.h5";
  StressSettings& settings = options->settings;
  CLI::App* command = study.add_subcommand(
      "stress", "Which scheduler, how many GPUs, which K, and how sure: five steps, one file.");
  CLI::Option* steps = add_value(*command, "--steps", options->steps, "N,...",
                                 "Steps to run, such as 1,2,4; default: all")
                           ->delimiter(',')
                           ->check(whole_number(1, 5));
  std::vector<CLI::Option*> others = {steps};
  for (const int step : {1, 2, 3}) {
    CLI::Option* only = command->add_flag_callback(
        fmt::format("--step{}-only", step), [options, step] { options->steps = {step}; },
        fmt::format("The same as --steps {}", step));
    for (CLI::Option* other : others) only->excludes(other);
    others.push_back(only);
  }
  add_number(*command, "--best-gpu-count", options->best_gpu_count,
             "GPUs of step 3; default: found from step 2", 1, 4096);
  add_number(*command, "--max-requests", settings.max_requests,
             "Largest volume; the smaller ones are 1000, 10,000, ...; default: 1,000,000", 1,
             2'000'000'000);
  add_number(*command, "--max-gpus", settings.max_gpus, "Most GPUs; default: 100", 1, 4096);
  add_value(*command, "--d-sla", settings.token_sla_s, "SECONDS",
            "Token SLA: limit of the decode time per token; default: 0.01");
  add_value(*command, "--d-sla-request", settings.request_sla_s, "SECONDS",
            "Request SLA: limit of the latency; default: 20");
  CLI::Option* scaling = add_value(
      *command, "--rps-scaling", settings.rps_scaling, "FACTOR",
      "Factor by which requests arrive faster than by the workload's clock; default: 100");
  command
      ->add_flag("--real-timestamps", settings.real_timestamps, "Replays at the workload's clock")
      ->excludes(scaling);
  add_value(*command, "--trace", settings.trace, "FILE",
            "Requests from this trace; default: the generator burstgpt-like");
  add_value(*command, "--calibration", options->calibration, "GRID.csv",
            "Measured grid of batch times, to fit the service model to; default: the "
            "model's\ndefault coefficients");
  add_seeds(*command, settings.seeds, settings.seed,
            "every step but the grid of step 4, which has one");
  options->study.add_to(*command);
  command->footer(
      std::string("Steps (docs/study_stress.md):\n"
                  "  1 request scaling   schedulers over volumes of requests\n"
                  "  2 GPU scaling       multi_bin_dynamic over GPUs at the largest volume\n"
                  "  3 sensitivity to K  at the best number of GPUs\n"
                  "  4 grid              GPUs x K x volumes x load scalings, and four methods "
                  "compared\n"
                  "  5 robustness        one input at a time around the best configuration\n\n"
                  "Steps add to the result file; a configuration that is run again replaces its "
                  "row. A step\nthat is there is not run again. After an interruption of any kind "
                  "the same command goes\non where it stopped.\n\n"
                  "Examples:\n"
                  "  servesweep study stress -o s.h5\n"
                  "  servesweep study stress --steps 1,2 --max-requests 100000 -o s.h5\n"
                  "  servesweep study stress --step3-only --best-gpu-count 32 -o s.h5\n\n") +
      kExitCodesText);
  command->callback([options, &program] {
    program.exit_code = study_exit_code([&] { return run_stress(*options, program); });
  });
}

}  // namespace servesweep
