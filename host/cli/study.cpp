// servesweep study: sweeps that answer a question together, into one file.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>

#include "host/calibrate.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/program.hpp"
#include "host/cli/sweep_options.hpp"
#include "host/cli/sweep_run.hpp"
#include "host/cli/whole_number.hpp"
#include "host/error.hpp"
#include "host/machine.hpp"
#include "host/names.hpp"
#include "host/studies/original_files.hpp"
#include "host/studies/stress_analysis.hpp"
#include "host/studies/stress_choice.hpp"
#include "host/studies/stress_plan.hpp"
#include "host/units.hpp"
#include "io/atomic_file.hpp"
#include "io/folder_lock.hpp"
#include "io/grid_reader.hpp"
#include "io/study_file.hpp"
#include "io/toml_reader.hpp"
#include "io/trace_reader.hpp"

namespace servesweep {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStress = "stress";

struct StressOptions {
  StressSettings settings;
  std::vector<int> steps = {1, 2, 3, 4, 5};
  std::int64_t best_gpu_count = 0;  // 0: found from step 2
  std::string calibration, output = "stress.h5";
  bool fresh = false, quiet = false;
  DeviceOptions device;

  bool wants(StressStep step) const {
    return std::find(steps.begin(), steps.end(), step_number(step)) != steps.end();
  }
};

// Interrupted: the study's file holds the steps that were finished.
struct Interrupted {};

class StressRun {
 public:
  explicit StressRun(StressOptions options)
      : options_(std::move(options)),
        settings_(options_.settings),
        folder_(options_.output + ".study"),
        lock_(folder_) {}
  ~StressRun() { lock_.remove_folder(); }  // unless it holds unfinished steps
  StressRun(const StressRun&) = delete;
  StressRun& operator=(const StressRun&) = delete;

  void run(const Program& program) {
    start(program);
    for (const StressStep step :
         {StressStep::kRequestScaling, StressStep::kGpuScaling, StressStep::kKSensitivity,
          StressStep::kGrid, StressStep::kComparison, StressStep::kRobustness}) {
      if (options_.wants(step)) run_step(step);
    }
  }

 private:
  static constexpr std::size_t kCacheShare = 8;  // of the memory, for workloads

  struct Step {
    std::string name;
    LoadedSweep loaded;
  };

  void start(const Program& program) {
    study_.name = kStress;
    study_.steps = stress_step_names();
    if (fs::exists(options_.output)) {  // no other kind of file is replaced
      const ResultFile there(options_.output);
      if (!options_.fresh) study_ = read_study(there, kStress, stress_step_names());
    }
    how_.limits = options_.device.start();
    provenance_ = run_provenance(this_machine());
    provenance_.command_line = shell_line(program.arguments);
    provenance_.time_started_utc = utc_now();
    const std::size_t for_workloads = how_.limits.max_memory_bytes / kCacheShare;
    how_.limits.max_memory_bytes -= for_workloads;
    how_.quiet = options_.quiet;
    how_.on_existing = options_.fresh ? OnExisting::kStartOver : OnExisting::kResume;
    workloads_ = std::make_unique<WorkloadCache>(for_workloads);
    how_.workloads = workloads_.get();
    if (!settings_.trace.empty()) look_at_trace();
    if (!options_.calibration.empty()) {
      const Calibration fit = calibrate(read_service_grid(options_.calibration));
      settings_.service = {fit.alpha_ms, fit.beta_ms_per_token, fit.gamma};
    }
  }

  // Volumes end at what the trace has, and it must be the trace that the file's results are of.
  void look_at_trace() {
    const Trace trace = read_trace(settings_.trace, {});
    const auto requests = static_cast<std::int64_t>(trace.arrival_ns.size());
    if (requests < settings_.max_requests) {
      print_warnings(
          {fmt::format("{} has {} (--max-requests is {}): volumes end there", settings_.trace,
                       format_count(requests, "request"), format_count(settings_.max_requests))});
      settings_.max_requests = requests;
    }
    const std::string now = trace.sha256 + "  " + settings_.trace;
    for (const StudySweep& sweep : study_.sweeps) {
      const std::string then = sweep.attribute("traces");
      if (then.find("  " + settings_.trace + "\n") != std::string::npos &&
          then.find(now) == std::string::npos) {
        throw InputError(settings_.trace + " has other contents than when " + options_.output +
                         " was made from it (" + sweep.step +
                         ") choose another output, or start over with --fresh");
      }
    }
  }

  Step load(StressStep step, const Configuration& best = {},
            const std::vector<GridChoice>& choices = {}) const {
    const std::string& name = stress_step_names()[static_cast<std::size_t>(step)];
    return {name, load_sweep(parse_toml(stress_sweep_toml(step, settings_, best, choices), name))};
  }

  bool is_there(const Step& step) const {
    const Sweep& sweep = step.loaded.sweep;
    const auto rows = rows_of_sweep(study_, step.name, sweep.fingerprint());
    return static_cast<std::int64_t>(rows.size()) == sweep.num_worlds();
  }

  // The worlds of a step whose choices another one needs.
  Frame rows_of(StressStep which, const std::string& needed_by,
                const std::string& otherwise) const {
    const Step step = load(which);
    if (!is_there(step)) {
      throw InputError(fmt::format(
          "{} needs the results of step {} (it has not been run with these settings) add {} to "
          "--steps{}",
          needed_by, step_number(which), step_number(which), otherwise));
    }
    return study_.worlds.select(rows_of_sweep(study_, step.name, step.loaded.sweep.fingerprint()));
  }

  Frame grid_rows(std::int64_t requests, double scaling) const {
    const Frame grid = rows_of(StressStep::kGrid, "step 5", "");
    const auto volumes = grid.numbers("workload_requests");
    const auto scalings = settings_.real_timestamps ? std::vector<double>(volumes.size(), 1.0)
                                                    : grid.numbers("rps_scaling");
    std::vector<std::size_t> rows;
    for (std::size_t row = 0; row < volumes.size(); ++row) {
      if (volumes[row] == static_cast<double>(requests) && scalings[row] == scaling) {
        rows.push_back(row);
      }
    }
    return grid.select(rows);
  }

  Configuration best_of_grid(std::int64_t requests, double scaling) const {
    const MethodChoice best = choose_method(grid_rows(requests, scaling));
    return {best.num_gpus, best.k_bins};
  }

  std::vector<GridChoice> grid_choices() const {
    std::vector<GridChoice> choices;
    for (const std::int64_t requests : settings_.volumes()) {
      for (const double scaling : settings_.load_scalings()) {
        const Frame rows = grid_rows(requests, scaling);
        const auto gpus = rows.numbers("num_gpus");
        std::vector<std::size_t> one_gpu;
        for (std::size_t row = 0; row < gpus.size(); ++row) {
          if (gpus[row] == 1) one_gpu.push_back(row);
        }
        const MethodChoice best = choose_method(rows);
        choices.push_back({requests,
                           scaling,
                           choose_k(rows.select(one_gpu)).k_bins,
                           {best.num_gpus, best.k_bins}});
      }
    }
    return choices;
  }

  Configuration best_gpu_count() const {
    if (options_.best_gpu_count > 0) return {options_.best_gpu_count, 0};
    const GpuChoice choice =
        choose_gpus(rows_of(StressStep::kGpuScaling, "step 3", ", or give --best-gpu-count"));
    if (!options_.quiet) std::cerr << "step 3: " << choice.reason << std::endl;
    return {choice.num_gpus, 0};
  }

  void run_step(StressStep which) {
    Configuration best;
    std::vector<GridChoice> choices;
    if (which == StressStep::kKSensitivity) best = best_gpu_count();
    if (which == StressStep::kComparison) choices = grid_choices();
    if (which == StressStep::kRobustness) {
      best = best_of_grid(settings_.robustness_volume(),
                          settings_.real_timestamps ? 1 : settings_.rps_scaling);
    }
    run_step(load(which, best, choices));
  }

  void run_step(const Step& step) {
    const Sweep& sweep = step.loaded.sweep;
    if (is_there(step)) {
      if (!options_.quiet) std::cerr << step.name << ": already there" << std::endl;
      make_newest(study_, step.name, sweep.fingerprint());
      write();
      return;
    }
    if (!options_.quiet) {
      std::cerr << step.name << ": " << format_count(sweep.num_points(), "configuration") << ", "
                << format_count(sweep.num_worlds(), "world") << std::endl;
    }
    print_warnings(sweep.warnings());
    const std::string path =
        folder_ + "/" + step.name + "-" + sweep.fingerprint().substr(0, 12) + ".h5";
    const SweepRunEnd end = run_to_file(step.loaded, path, provenance_, how_);
    if (end.outcome.end != RunEnd::kFinished) throw Interrupted();
    SweepResult result;
    {
      const ResultFile file(path);
      result = read_sweep_result(file, step.name);
    }
    add_sweep(study_, result);
    write();
    fs::remove(path);
  }

  void write() {
    Provenance provenance = provenance_;
    provenance.traces = study_.sweeps.back().attribute("traces");
    provenance.time_finished_utc = utc_now();
    const std::vector<StudyFinding> findings = analyse_stress(study_.worlds);
    write_study(options_.output, study_, provenance, findings, method_rows(study_.worlds));
    const fs::path folder = fs::path(options_.output).parent_path();
    for (const auto& [name, text] : original_files(study_, findings)) {
      write_file_atomically((folder / name).string(), text);
    }
  }

  StressOptions options_;
  StressSettings& settings_;
  std::string folder_;
  FolderLock lock_;
  Provenance provenance_;
  Study study_;
  SweepRun how_;
  std::unique_ptr<WorkloadCache> workloads_;
};

// The answer stands last, where a terminal shows it.
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

void print_end(const std::string& path) {
  const ResultFile file(path);
  print_findings(file.findings());
  const std::string name = shell_line({path});
  std::cout << "result: " << path << " (" << format_size(fs::file_size(path)) << ", "
            << format_count(file.num_worlds(), "world") << ")\n"
            << "        beside it " << kOriginalStem
            << "_*: steps 1 to 3 as CSV, the findings as JSON\n"
            << "next: servesweep report " << name << '\n'
            << "      servesweep show " << name << " --sort p99_latency_s --top 20\n";
}

int run_stress(const StressOptions& options, const Program& program) {
  if (options.output.empty()) throw InputError("invalid -o (it is empty) name a result file");
  try {
    StressRun(options).run(program);
  } catch (const Interrupted&) {
    return kInterrupted;
  }
  print_end(options.output);
  return kOk;
}

void add_stress(CLI::App& study, Program& program) {
  const auto options = std::make_shared<StressOptions>();
  StressSettings& settings = options->settings;
  CLI::App* command = study.add_subcommand(
      "stress", "Which scheduler, how many GPUs, which K, and how sure: five steps, one file.");
  CLI::Option* steps =
      command->add_option("--steps", options->steps, "Steps to run, such as 1,2,4; default: all")
          ->type_name("N,...")
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
  command
      ->add_option("--best-gpu-count", options->best_gpu_count,
                   "GPUs of step 3; default: found from step 2")
      ->type_name("N")
      ->check(whole_number(1, 4096));
  command
      ->add_option("--max-requests", settings.max_requests,
                   "Largest volume; the smaller ones are 1000, 10,000, ...; default: 1,000,000")
      ->type_name("N")
      ->check(whole_number(1, 2'000'000'000));
  command->add_option("--max-gpus", settings.max_gpus, "Most GPUs; default: 100")
      ->type_name("N")
      ->check(whole_number(1, 4096));
  command
      ->add_option("--d-sla", settings.token_sla_s,
                   "Token SLA: limit of the decode time per token; default: 0.01")
      ->type_name("SECONDS");
  command
      ->add_option("--d-sla-request", settings.request_sla_s,
                   "Request SLA: limit of the latency; default: 20")
      ->type_name("SECONDS");
  CLI::Option* scaling =
      command
          ->add_option("--rps-scaling", settings.rps_scaling,
                       "Replays so many times faster than the workload's clock; default: 100")
          ->type_name("FACTOR");
  command
      ->add_flag("--real-timestamps", settings.real_timestamps, "Replays at the workload's clock")
      ->excludes(scaling);
  command
      ->add_option("--trace", settings.trace,
                   "Requests from this trace; default: the generator burstgpt-like")
      ->type_name("FILE");
  command
      ->add_option("--calibration", options->calibration,
                   "Measured grid of batch times, to fit the service model to; default: the "
                   "model's\ndefault coefficients")
      ->type_name("GRID.csv");
  command
      ->add_option("--seeds", settings.seeds,
                   "Replications of every step but the grid of step 4, which has one; default: 5")
      ->type_name("N")
      ->check(whole_number(1, 1'000'000));
  command->add_option("--seed", settings.seed, "Seed of everything random; default: 42")
      ->type_name("N");
  command->add_option("-o,--output", options->output, "Result file; default: stress.h5")
      ->type_name("OUT.h5");
  options->device.add_to(*command);
  command->add_flag("--fresh", options->fresh, "Starts over: gives up what the result file holds");
  command->add_flag("-q,--quiet", options->quiet, "No progress on stderr");
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
  command->callback([options, &program] { program.exit_code = run_stress(*options, program); });
}

}  // namespace

void add_study(CLI::App& app, Program& program) {
  CLI::App* study =
      app.add_subcommand("study", "Runs a study: sweeps that answer a question together.");
  study->require_subcommand(1);
  add_stress(*study, program);
}

}  // namespace servesweep
