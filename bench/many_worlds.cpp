// What one device does with 100 to 1,000,000 worlds: kernels and the copy of the results to host
// memory, in wall time (medians), without histograms. The worlds are those of an uneven study:
// multi_bin_dynamic on 1,000 requests of the burstgpt-like preset, by rate, K, GPUs, b_max and
// token SLA; 100,000 different ones in a scattered order, again from the first where more are
// wanted. They run in waves of up to 16,384, long ones first, as the program runs them; lowering
// and binning are not timed. Prints a table; --json FILE writes all of it.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/timing.hpp"
#include "host/engines/batch/batch_params.hpp"
#include "host/workload/workload_builder.hpp"
#include "kernels/batch_runner.hpp"

namespace servesweep {
namespace {

constexpr std::int64_t kWave = 16'384;
constexpr std::int64_t kRequests = 1'000;  // of a world

// A world's place on each axis.
struct Point {
  static constexpr int kRates = 25, kBins = 5, kGpus = 8, kBatches = 10, kTokenSlas = 10;
  static constexpr std::int64_t kPoints = kRates * kBins * kGpus * kBatches * kTokenSlas;
  int rate, bins, gpus, batch, token_sla;

  explicit Point(std::int64_t world) {
    std::int64_t rest = world * 61'803 % kPoints;  // no common factor: every point once
    const auto take = [&rest](int count) {
      const auto value = static_cast<int>(rest % count);
      rest /= count;
      return value;
    };
    rate = take(kRates);
    bins = take(kBins);
    gpus = take(kGpus);
    batch = take(kBatches);
    token_sla = take(kTokenSlas);
  }

  BatchParams params(const WorkloadSpec& workload) const {
    BatchParams p;
    p.workload = workload;
    p.workload.load.rps = 0.5 * std::pow(128.0, rate / (kRates - 1.0));  // to 64
    p.equal_mass.k_bins = 1 << bins;
    p.cluster.num_gpus = std::min(1 << gpus, 100);
    p.dynamic.b_max = 8 + 13 * batch;
    p.sla.token_ms = 6.5 + 0.5 * token_sla;
    return p;
  }
  std::size_t binning() const {
    return static_cast<std::size_t>(rate) * kBins + static_cast<std::size_t>(bins);
  }
};

// The worlds of all points, without their workloads, and how these are binned.
struct Study {
  Workload workload;
  std::unique_ptr<RequestSet> set;
  std::vector<BinningSpec> specs;  // [Point::binning()]
  std::vector<BatchWorld> worlds;  // [world]

  Study() {
    WorkloadSpec spec;
    spec.source.preset = WorkloadPreset::kBurstGptLike;
    spec.source.requests = kRequests;
    workload = build_workload(spec, {}, 42, 0);
    set = std::make_unique<RequestSet>(columns_of(workload));
    specs.resize(std::size_t{Point::kRates} * Point::kBins);
    for (std::int64_t i = 0; i < Point::kPoints; ++i) {
      const Point point(i);
      const BatchParams p = point.params(spec);
      worlds.push_back(lower(p));
      BinningSpec& binning = specs[point.binning()];
      if (binning.requests != nullptr) continue;
      binning = binning_of(p, worlds.back(), *set, load_scaling(p.workload, workload), nullptr);
    }
  }
};

struct Wave {
  std::vector<BatchWorld> worlds;
  std::vector<std::int32_t> start_order;
};

// A runner with the study's workloads on its device.
class Device {
 public:
  Device(const Study& study, int lanes) : study_(study), runner_(lanes) {
    const std::size_t free_bytes = device_info().free_bytes;
    if (free_bytes > 0) limit_bytes_ = free_bytes / 10 * 9;
    for (const BinningSpec& spec : study.specs) {
      workloads_.workloads += BatchRunner::workload_bytes(spec);
      workloads_.preparation =
          std::max(workloads_.preparation, BatchRunner::preparation_bytes(spec));
    }
    runner_.reserve(workloads_, workloads_.workloads, limit_bytes_);
    binned_ = runner_.bin(study.specs);
  }

  // The first `count` worlds.
  std::vector<Wave> waves_of(std::int64_t count) const {
    std::vector<Wave> waves;
    for (std::int64_t first = 0; first < count; first += kWave) {
      Wave& wave = waves.emplace_back();
      for (std::int64_t i = first; i < std::min(first + kWave, count); ++i) {
        const std::int64_t point = i % Point::kPoints;
        BatchWorld& world =
            wave.worlds.emplace_back(study_.worlds[static_cast<std::size_t>(point)]);
        world.workload = binned_[Point(point).binning()];
      }
      std::vector<std::int64_t> work;
      for (const BatchWorld& world : wave.worlds) work.push_back(expected_work(world));
      wave.start_order.resize(wave.worlds.size());
      std::iota(wave.start_order.begin(), wave.start_order.end(), 0);
      std::stable_sort(
          wave.start_order.begin(), wave.start_order.end(), [&](std::int32_t a, std::int32_t b) {
            return work[static_cast<std::size_t>(a)] > work[static_cast<std::size_t>(b)];
          });
    }
    return waves;
  }

  // Runs the waves, each while the results of the one before are copied. Returns all batches.
  std::int64_t run(const std::vector<Wave>& waves) {
    std::int64_t batches = 0;
    const auto finish = [&](const PendingWave<BatchTraits>& wave) {
      if (wave == nullptr) return;
      for (const BatchResult& result : wave().worlds) batches += result.batches;
    };
    PendingWave<BatchTraits> last;
    for (const Wave& wave : waves) {
      WaveShape<BatchTraits> shape;
      for (const BatchWorld& world : wave.worlds) {
        shape.add(world);
      }
      WaveMemory needs = runner_.plan(shape, {}, limit_bytes_);
      needs.workloads = workloads_.workloads;
      if (!runner_.reserve(needs, 0, limit_bytes_)) {
        throw std::runtime_error("the device has too little free memory for this benchmark");
      }
      auto started = runner_.start(wave.worlds, wave.start_order, {});
      finish(std::exchange(last, std::move(started)));
    }
    finish(last);
    return batches;
  }

 private:
  const Study& study_;
  BatchRunner runner_;
  std::size_t limit_bytes_ = SIZE_MAX;
  WaveMemory workloads_;
  std::vector<BinnedWorkload> binned_;
};

// "all": every width that the device has and, where it has several, 0: one chosen for each wave.
std::vector<int> lane_widths(const std::string& wanted) {
  if (wanted != "all") return {wanted == "chosen" ? 0 : std::stoi(wanted)};
  std::vector<int> widths;
  if (most_lanes() > 1) widths.push_back(0);
  for (int lanes = 1; lanes <= most_lanes(); lanes *= 2) widths.push_back(lanes);
  return widths;
}

int run(const std::vector<std::int64_t>& counts, const std::string& wanted_lanes, int repetitions,
        const std::string& json_path) {
  start_device();
  const Study study;
  nlohmann::ordered_json json;
  json["backend"] = device_info().backend;
  json["concurrency"] = device_info().concurrency;
  json["requests_per_world"] = kRequests;
  fmt::print("{:>9}{:>8}{:>12}{:>14}{:>14}{:>14}\n", "worlds", "lanes", "seconds", "worlds/s",
             "M batch/s", "M req/s");
  for (const int lanes : lane_widths(wanted_lanes)) {
    const std::string width = lanes == 0 ? "chosen" : std::to_string(lanes);
    Device device(study, lanes);
    for (const std::int64_t count : counts) {
      const std::vector<Wave> waves = device.waves_of(count);
      device.run({waves.front()});  // allocates, and warms up
      std::int64_t batches = 0;
      const double seconds =
          median_seconds(repetitions, wall_seconds, [&] { batches = device.run(waves); });
      const double worlds_per_s = static_cast<double>(count) / seconds;
      const double batches_per_s = static_cast<double>(batches) / seconds;
      const double requests_per_s = worlds_per_s * static_cast<double>(kRequests);
      fmt::print("{:>9}{:>8}{:>12.4f}{:>14.0f}{:>14.2f}{:>14.2f}\n", count, width, seconds,
                 worlds_per_s, batches_per_s * 1e-6, requests_per_s * 1e-6);
      std::fflush(stdout);
      json["runs"].push_back({{"worlds", count},
                              {"lanes", width},
                              {"batches", batches},
                              {"seconds", seconds},
                              {"worlds_per_s", worlds_per_s},
                              {"batches_per_s", batches_per_s},
                              {"requests_per_s", requests_per_s}});
      json["seconds"][fmt::format("{} worlds, lanes {}", count, width)] = seconds;
    }
  }
  if (!json_path.empty()) std::ofstream(json_path) << json.dump(2) << '\n';
  return 0;
}

}  // namespace
}  // namespace servesweep

int main(int argc, char** argv) {
  CLI::App app("Speed of a device by the number of worlds");
  std::vector<std::int64_t> worlds = {100, 1'000, 10'000, 100'000, 1'000'000};
  std::string lanes = "chosen";
  int repetitions = 3;
  std::string json;
  app.add_option("--worlds", worlds, "Numbers of worlds, with commas")
      ->delimiter(',')
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--lanes", lanes, "Width of a world's lane group")
      ->check(CLI::IsMember({"chosen", "all", "1", "2", "4", "8", "16", "32"}))
      ->capture_default_str();
  app.add_option("--repetitions", repetitions, "Of each timing")->capture_default_str();
  app.add_option("--json", json, "File for the results");
  CLI11_PARSE(app, argc, argv);
  try {
    return servesweep::run(worlds, lanes, repetitions, json);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_many_worlds: error: {}\n", error.what());
    return 1;
  }
}
