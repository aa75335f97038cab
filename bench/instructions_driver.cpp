// Runs one small case of an engine in one thread, for bench/instructions to count what it executes:
// the functions run_counted() and, for the batch engine, bin_counted() hold what is counted. Prints
// the case's requests and batches or events as JSON; without a case, the counted functions of all
// cases and the compiler.
#include <nlohmann/json.hpp>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "bench/cell.hpp"
#include "host/workload/workload_builder.hpp"
#include "kernels/batch_runner.hpp"
#include "kernels/continuous_runner.hpp"
#include "servesweep_version.hpp"

namespace servesweep {
namespace {

constexpr std::int64_t kRequests = 100'000;

struct Case {
  const char* name;
  BatchParams params;
  bool exact_percentiles = false;
};

BatchParams with(BatchParams params, const std::function<void(BatchParams&)>& change) {
  change(params);
  return params;
}

std::vector<Case> cases() {
  using Kind = SchedulerKind;
  const BatchParams usual = cell_params(Kind::kMultiBinDynamic, 4, 16);
  const BatchParams many_bins = cell_params(Kind::kMultiBinDynamic, 32, 100);
  return {
      {"multi_bin_dynamic,32,100", many_bins},
      {"multi_bin_dynamic,4,16", usual},
      {"multi_bin_only,4,1", cell_params(Kind::kMultiBinOnly, 4, 1)},
      {"static_fifo,1,4", cell_params(Kind::kStaticFifo, 1, 4)},
      {"dynamic_no_bins,1,16", cell_params(Kind::kDynamicNoBins, 1, 16)},
      {"multi_bin_dynamic,4,16,full",
       with(usual, [](BatchParams& p) { p.scheduler.dispatch = Dispatch::kFull; })},
      {"multi_bin_dynamic,32,100,longest_queue",
       with(many_bins, [](BatchParams& p) { p.bins.bin_choice = BinChoice::kLongestQueue; })},
      {"multi_bin_dynamic,4,16,exact", usual, true},
      {"multi_bin_dynamic,4,16,grid",
       with(usual,
            [](BatchParams& p) { p.service.model = ServiceModels::code_of<GridService>(); })},
  };
}

// Four batch sizes by eight lengths, about as fast as the affine model.
struct Grid {
  static constexpr std::int32_t kBatchSizes = 4;
  static constexpr std::int32_t kLengths = 8;
  std::shared_ptr<const double> values;

  explicit Grid(const BatchRunner& runner) {
    std::vector<double> all = {1, 8, 32, 128};
    for (int i = 0; i < kLengths; ++i) all.push_back(64 << i);
    for (int b = 0; b < kBatchSizes; ++b) {
      for (int i = 0; i < kLengths; ++i) all.push_back((5.5 + 0.1 * b) * (64 << i));
    }
    values = runner.upload(all);
  }
  GridServiceParams params() const {
    GridServiceParams p;
    p.num_batch_sizes = kBatchSizes;
    p.num_lengths = kLengths;
    p.batch_sizes = values.get();
    p.lengths = p.batch_sizes + kBatchSizes;
    p.time_ms = p.lengths + kLengths;
    return p;
  }
};

struct ContinuousCase {
  const char* name;
  ContinuousParams params;
  double rate_per_s;
};

std::vector<ContinuousCase> continuous_cases() {
  ContinuousParams prefill_first = continuous_cell_params(256, 1);
  prefill_first.scheduler.mode = SchedulingModes::code_of<PrefillFirstMode>();
  prefill_first.blocks.num_blocks /= 3;  // so few that sequences are preempted
  return {{"continuous,mixed,256,1", continuous_cell_params(256, 1), 6.0},
          {"continuous,mixed,32,16", continuous_cell_params(32, 16), 60.0},
          {"continuous,prefill_first,256,1", prefill_first, 4.0}};
}

}  // namespace
}  // namespace servesweep

// What callgrind is to find by name.
extern "C" {
[[gnu::noinline]] void bin_counted(const std::function<void()>& bin) { bin(); }
[[gnu::noinline]] void run_counted(const std::function<void()>& run) { run(); }
}

namespace servesweep {
namespace {

nlohmann::json run(const Case& which) {
  BatchParams params = which.params;
  params.workload.source.requests = kRequests;
  const Workload workload = build_workload(params.workload, {}, 42, 0);
  const RequestSet set(columns_of(workload));
  BatchRunner runner;
  const Grid grid(runner);
  std::vector<BatchWorld> worlds = {lower(params)};
  if (reads_grid(params.service.model)) worlds[0].service.as<GridService>() = grid.params();
  const std::vector<BinningSpec> specs = {
      binning_of(params, worlds[0], set, load_scaling(params.workload, workload), nullptr)};
  WaveOptions options;
  options.exact_percentiles = which.exact_percentiles;
  std::vector<BinnedWorkload> binned;
  BatchWaveResult wave;
  const auto bin_all = [&] { binned = runner.bin_all(specs); };
  const auto run_all = [&] {
    worlds[0].workload = binned.front();
    wave = runner.run(worlds, {0}, options);
  };
  bin_all();  // what happens only the first time is not counted
  run_all();
  bin_counted(bin_all);
  run_counted(run_all);
  return {{"requests", kRequests}, {"batches", wave.worlds.front().batches}};
}

nlohmann::json run(const ContinuousCase& which) {
  WorkloadSpec spec = conversations(kRequests);
  spec.mean_rate.rate_per_s = which.rate_per_s;
  const Workload workload = build_workload(spec, {}, 42, 0);
  const std::vector<ContinuousWorld> worlds = {continuous_world(workload, which.params)};
  ContinuousRunner runner;
  ContinuousWaveResult wave;
  const auto run_all = [&] { wave = runner.run(worlds, {0}, {true}); };
  run_all();
  run_counted(run_all);
  return {{"requests", kRequests}, {"events", wave.worlds.front().tally.iteration_runs}};
}

}  // namespace
}  // namespace servesweep

int main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "";
  nlohmann::json counted;
  bool found = false;
  const auto visit = [&](const auto& cases, const nlohmann::json& functions) {
    for (const auto& which : cases) {
      counted[which.name] = functions;
      if (which.name != name) continue;
      servesweep::start_device(1);
      std::cout << run(which) << '\n';
      found = true;
    }
  };
  visit(servesweep::cases(), {"bin", "run"});
  visit(servesweep::continuous_cases(), {"run"});
  if (name.empty())
    std::cout << nlohmann::json{{"compiler", servesweep::kCompiler}, {"cases", counted}} << '\n';
  return found || name.empty() ? 0 : 2;
}
