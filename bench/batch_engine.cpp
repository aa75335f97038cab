// Speed of the batch engine on one core: requests/s, batches/s and ns per batch over schedulers, K
// and GPU counts, on one million requests of the burstgpt-like preset at rps_scaling 100; as a
// ratio to the naive simulator of tests/reference on the same requests (timed once) and to a floor,
// one pass over the requests that only fills a histogram. All of it in one run, in CPU time, as the
// median of several repetitions; on a GPU the engine's is wall time, of one lane group. Prints a
// table; --json FILE writes all of it.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "bench/cell.hpp"
#include "bench/timing.hpp"
#include "host/base/statistics.hpp"
#include "host/engines/batch/batch_params.hpp"
#include "host/workload/workload_builder.hpp"
#include "kernels/batch_runner.hpp"
#include "tests/reference/naive_statistics.hpp"
#include "tests/support/reference_params.hpp"

namespace servesweep {
namespace {

const char* name_of(SchedulerKind kind) {
  return EnumNames<SchedulerKind>::values[static_cast<int>(kind)];
}

double naive_requests_per_s(const BatchParams& p, const Workload& workload) {
  const reference::Params params = reference_params(p);
  std::vector<reference::Request> requests;
  for (std::size_t i = 0; i < workload.size(); ++i) {
    requests.push_back({workload.arrival_ns[i], workload.prompt_tokens[i],
                        workload.output_tokens[i], workload.predicted_tokens[i], 0});
  }
  const double start = cpu_seconds();
  const reference::Log log = reference::NaiveBatch(params, requests).run();
  const reference::Statistics result = reference::statistics(params, requests, log);
  return static_cast<double>(result.completed) / (cpu_seconds() - start);
}

int run(std::int64_t num_requests, int repetitions, const std::string& only,
        const std::string& json_path) {
  start_device(1);
  WorkloadSpec spec = cell_params(SchedulerKind::kStaticFifo, 1, 1).workload;
  spec.source.requests = num_requests;
  const Workload workload = build_workload(spec, {}, 42, 0);
  const RequestSet set(columns_of(workload));
  BatchRunner runner;
  const bool on_gpu = most_lanes() > 1;
  const auto clock = on_gpu ? wall_seconds : cpu_seconds;
  const auto requests = static_cast<double>(num_requests);
  nlohmann::json json;
  json["requests"] = num_requests;
  json["kokkos"] = device_info().backend + " " + device_info().kokkos_version;

  std::vector<double> speeds, naive_ratios;
  std::vector<std::int64_t> counts(HistogramLayout::kNumBuckets);
  const double floor_seconds = median_seconds(repetitions, cpu_seconds, [&] {
    for (std::size_t i = 0; i < workload.size(); ++i) {
      const std::int32_t tokens = workload.prompt_tokens[i] + workload.output_tokens[i];
      ++counts[static_cast<std::size_t>(HistogramLayout::bucket(tokens * 5.7e6))];
    }
  });
  const double floor_per_s = requests / floor_seconds;
  fmt::print("floor (histogram only): {:.1f} million requests/s [{} buckets used]\n",
             floor_per_s * 1e-6,
             std::count_if(counts.begin(), counts.end(), [](auto c) { return c > 0; }));
  fmt::print("{:<18}{:>4}{:>5}{:>12}{:>12}{:>10}{:>10}{:>9}{:>9}\n", "scheduler", "K", "G",
             "M req/s", "M batch/s", "ns/batch", "req/batch", "x naive", "x floor");
  for (const SchedulerKind kind :
       {SchedulerKind::kStaticFifo, SchedulerKind::kMultiBinOnly, SchedulerKind::kDynamicNoBins,
        SchedulerKind::kMultiBinDynamic}) {
    for (const std::int32_t k_bins : {1, 4, 8, 32}) {
      if (!cell_params(kind, k_bins, 1).has_bins() && k_bins > 1) continue;
      for (const std::int32_t num_gpus : {1, 4, 16, 64, 100}) {
        const std::string cell = fmt::format("{},{},{}", name_of(kind), k_bins, num_gpus);
        if (!only.empty() && only != cell) continue;
        const BatchParams params = cell_params(kind, k_bins, num_gpus);
        BatchWorld world = lower(params);
        const auto binned = runner.bin_all(
            {binning_of(params, world, set, load_scaling(params.workload, workload), nullptr)});
        world.workload = binned.front();
        BatchWaveResult wave;
        const double seconds =
            median_seconds(repetitions, clock, [&] { wave = runner.run({world}, {0}, {}); });
        const double per_s = requests / seconds;
        const auto batches = static_cast<double>(wave.worlds.front().batches);
        const double naive = naive_requests_per_s(params, workload);
        speeds.push_back(per_s);
        naive_ratios.push_back(per_s / naive);
        fmt::print("{:<18}{:>4}{:>5}{:>12.1f}{:>12.2f}{:>10.1f}{:>10.2f}{:>9.0f}{:>9.2f}\n",
                   name_of(kind), k_bins, num_gpus, per_s * 1e-6, batches / seconds * 1e-6,
                   seconds / batches * 1e9, requests / batches, per_s / naive, per_s / floor_per_s);
        std::fflush(stdout);
        json["seconds"][cell] = seconds;
        json["cells"].push_back({{"scheduler", name_of(kind)},
                                 {"k_bins", k_bins},
                                 {"num_gpus", num_gpus},
                                 {"requests_per_s", per_s},
                                 {"batches_per_s", batches / seconds},
                                 {"ns_per_batch", seconds / batches * 1e9},
                                 {"ratio_to_naive", per_s / naive},
                                 {"ratio_to_floor", per_s / floor_per_s}});
      }
    }
  }
  const double slowest = *std::min_element(speeds.begin(), speeds.end());
  json["floor_requests_per_s"] = floor_per_s;
  json["geometric_mean_requests_per_s"] = geometric_mean(speeds);
  json["geometric_mean_ratio_to_naive"] = geometric_mean(naive_ratios);
  json["slowest_requests_per_s"] = slowest;
  fmt::print("geometric mean {:.1f} million requests/s, slowest cell {:.1f}; {:.0f} x naive\n",
             geometric_mean(speeds) * 1e-6, slowest * 1e-6, geometric_mean(naive_ratios));
  if (!json_path.empty()) std::ofstream(json_path) << json.dump(2) << '\n';
  return 0;
}

}  // namespace
}  // namespace servesweep

int main(int argc, char** argv) {
  CLI::App app("Speed of the batch engine on one core");
  std::int64_t requests = 1'000'000;
  int repetitions = 5;
  std::string only;
  std::string json;
  app.add_option("--requests", requests, "Requests of the trace")->capture_default_str();
  app.add_option("--repetitions", repetitions, "Of each timing")->capture_default_str();
  app.add_option("--only", only, "One cell, for a profiler: scheduler,K,G");
  app.add_option("--json", json, "File for the results");
  CLI11_PARSE(app, argc, argv);
  return servesweep::run(requests, repetitions, only, json);
}
