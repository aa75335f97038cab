// Runs one small case of the batch engine in one thread, for bench/instructions to count what it
// executes: the functions run_counted() and bin_counted() hold what is counted. Prints the case's
// requests and batches as JSON; without a case, the names of all and the compiler.
#include <nlohmann/json.hpp>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "bench/cell.hpp"
#include "host/workload_builder.hpp"
#include "kernels/batch_runner.hpp"
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
       with(usual, [](BatchParams& p) { p.service.model = ServiceKind::kGrid; })},
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

std::vector<BinnedWorkload> binned;
WaveResult wave;

}  // namespace
}  // namespace servesweep

// What callgrind is to find by name.
extern "C" {
[[gnu::noinline]] void bin_counted(servesweep::BatchRunner* runner,
                                   const std::vector<servesweep::BinningSpec>* specs) {
  servesweep::binned = runner->bin_all(*specs);
}
[[gnu::noinline]] void run_counted(servesweep::BatchRunner* runner,
                                   const std::vector<servesweep::BatchWorld>* worlds,
                                   const servesweep::WaveOptions* options) {
  servesweep::wave = runner->run(*worlds, {0}, *options);
}
}

namespace servesweep {
namespace {

void run(const Case& which) {
  start_device(1);
  BatchParams params = which.params;
  params.workload.source.requests = kRequests;
  const Workload workload = build_workload(params.workload, {}, 42, 0);
  const RequestSet set(columns_of(workload));
  BatchRunner runner;
  const Grid grid(runner);
  std::vector<BatchWorld> worlds = {lower(params)};
  if (params.service.model == ServiceKind::kGrid) worlds[0].service.grid = grid.params();
  const std::vector<BinningSpec> specs = {
      binning_of(params, worlds[0], set, load_scaling(params.workload, workload), nullptr)};
  WaveOptions options;
  options.exact_percentiles = which.exact_percentiles;

  binned = runner.bin_all(specs);  // what happens only the first time is not counted
  worlds[0].workload = binned.front();
  wave = runner.run(worlds, {0}, options);
  bin_counted(&runner, &specs);
  worlds[0].workload = binned.front();
  run_counted(&runner, &worlds, &options);
  std::cout << nlohmann::json{{"requests", kRequests}, {"batches", wave.worlds.front().batches}}
            << '\n';
}

}  // namespace
}  // namespace servesweep

int main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "";
  nlohmann::json names;
  for (const servesweep::Case& which : servesweep::cases()) {
    names.push_back(which.name);
    if (which.name == name) {
      servesweep::run(which);
      return 0;
    }
  }
  std::cout << nlohmann::json{{"compiler", servesweep::kCompiler}, {"cases", names}} << '\n';
  return name.empty() ? 0 : 2;
}
