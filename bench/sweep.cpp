// Whole runs of the program beside this one, from the sweep file to the closed HDF5 file, on all
// cores, in wall time (medians), with their peak memory:
//   study         8 GPU counts x 6 K x {1k, 10k, 100k, 1M} requests of a trace, rps_scaling 100
//   small worlds  20,000 and 100,000 worlds of 1,000 requests, as a ratio to the kernel alone:
//   waves
//                 of equal worlds with the same results in host memory, timed in the same run
// Prints a table; --json FILE writes all of it.
#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/timing.hpp"
#include "host/engines/batch/batch_params.hpp"
#include "host/workload/workload_builder.hpp"
#include "io/traces/trace_writer.hpp"
#include "kernels/batch_runner.hpp"

namespace servesweep {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kWave = 16'384;  // worlds, as the program's own chunks

struct Whole {
  double seconds = 0;  // median
  double peak_mebibytes = 0;
};

// Runs `servesweep run SWEEP` some times.
Whole run_program(const std::string& program, const std::string& sweep, int repetitions) {
  Whole whole;
  whole.seconds = median_seconds(repetitions, wall_seconds, [&] {
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0) {
      const std::string output = sweep + ".h5";
      if (std::freopen("/dev/null", "w", stdout) != nullptr) {
        ::execl(program.c_str(), program.c_str(), "run", sweep.c_str(), "-o", output.c_str(),
                "--fresh", "--quiet", nullptr);
      }
      ::_exit(127);
    }
    int status = 0;
    rusage usage{};
    if (::wait4(child, &status, 0, &usage) != child || status != 0) {
      throw std::runtime_error("cannot run " + program + " (name it with --program)");
    }
    whole.peak_mebibytes =
        std::max(whole.peak_mebibytes, static_cast<double>(usage.ru_maxrss) / 1024);
  });
  return whole;
}

std::string list(const std::vector<double>& values) {
  std::string text;
  for (const double v : values) text += fmt::format("{}{}", text.empty() ? "" : ", ", v);
  return "[" + text + "]";
}

std::vector<double> log_spaced(double from, double to, int count) {
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(from * std::pow(to / from, i / (count - 1.0)));
  return values;
}

const std::vector<double> kGpus = {1, 2, 4, 8, 16, 32, 64, 100};

// The axes of the small worlds; five of them, multiplied.
struct SmallWorlds {
  std::vector<double> rps, k_bins = {1, 2, 4, 8, 16}, b_max, token_ms;

  // 4,000 worlds for each rate.
  explicit SmallWorlds(int rates) : rps(log_spaced(0.5, 64, rates)) {
    for (int i = 0; i < 10; ++i) {
      b_max.push_back(8 + 13 * i);
      token_ms.push_back(6.5 + 0.5 * i);
    }
  }
  std::size_t count() const {
    return rps.size() * k_bins.size() * b_max.size() * token_ms.size() * kGpus.size();
  }
  std::string toml() const {
    return fmt::format(
        "[workload]\npreset = \"burstgpt-like\"\nrequests = 1000\nrps = {}\n[scheduler]\n"
        "kind = \"multi_bin_dynamic\"\nk_bins = {}\nb_max = {}\n[cluster]\nnum_gpus = {}\n"
        "[sla]\ntoken_ms = {}\n",
        list(rps), list(k_bins), list(b_max), list(kGpus), list(token_ms));
  }
  // The kernel alone: worlds lowered and binned before the clock runs.
  double kernel_seconds(int repetitions, bool save_details) const {
    WorkloadSpec spec;
    spec.source.preset = WorkloadPreset::kBurstGptLike;
    spec.source.requests = 1000;
    const Workload workload = build_workload(spec, {}, 42, 0);
    const RequestSet set(columns_of(workload));
    BatchRunner runner;
    WaveOptions options;
    options.save_details = save_details;
    std::vector<BinningSpec> specs;
    std::vector<BatchWorld> worlds;
    std::vector<std::size_t> binnings;  // [world]: index into specs
    for (const double rate : rps) {
      for (const double bins : k_bins) {
        BatchParams p;
        p.workload = spec;
        p.workload.load.rps = rate;
        p.equal_mass.k_bins = static_cast<std::int32_t>(bins);
        specs.push_back(binning_of(p, lower(p), set, load_scaling(p.workload, workload), nullptr));
        for (const double largest : b_max) {
          for (const double gpus : kGpus) {
            for (const double limit : token_ms) {
              p.dynamic.b_max = static_cast<std::int32_t>(largest);
              p.cluster.num_gpus = static_cast<std::int32_t>(gpus);
              p.sla.token_ms = limit;
              worlds.push_back(lower(p));
              binnings.push_back(specs.size() - 1);
            }
          }
        }
      }
    }
    const std::vector<BinnedWorkload> binned = runner.bin_all(specs);
    std::vector<std::vector<BatchWorld>> waves;
    for (std::size_t i = 0; i < worlds.size(); ++i) {
      worlds[i].workload = binned[binnings[i]];
      if (i % kWave == 0) waves.emplace_back();
      waves.back().push_back(worlds[i]);
    }
    std::vector<std::int32_t> order(kWave);
    std::iota(order.begin(), order.end(), 0);
    return median_seconds(repetitions, wall_seconds, [&] {
      for (const std::vector<BatchWorld>& wave : waves) {
        const auto end = order.begin() + static_cast<std::ptrdiff_t>(wave.size());
        runner.run(wave, {order.begin(), end}, options);
      }
    });
  }
};

int run(const std::string& program, int repetitions, const std::string& json_path) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("bench_sweep.{}", ::getpid());
  fs::create_directory(folder);
  const auto write = [&](const char* name, const std::string& text) {
    std::ofstream(folder / name) << text;
    return (folder / name).string();
  };
  start_device(0);
  WorkloadSpec spec;
  spec.source.preset = WorkloadPreset::kBurstGptLike;
  spec.source.requests = 1'000'000;
  write_trace((folder / "trace.csv").string(), build_workload(spec, {}, 42, 0));

  const Whole study =
      run_program(program,
                  write("study.toml",
                        "[workload]\ntrace = \"trace.csv\"\nrequests = [1000, 10_000, 100_000, "
                        "1_000_000]\nrps_scaling = 100\n[scheduler]\nkind = \"multi_bin_dynamic\""
                        "\nk_bins = [1, 2, 4, 8, 16, 32]\n[cluster]\nnum_gpus = " +
                            list(kGpus) + "\n"),
                  repetitions);
  fmt::print("study: 192 worlds, 53.3 million requests: {:.2f} s, peak {:.0f} MiB\n", study.seconds,
             study.peak_mebibytes);

  nlohmann::json json;
  json["threads"] = device_info().concurrency;
  json["seconds"]["study"] = study.seconds;
  json["peak_mebibytes"]["study"] = study.peak_mebibytes;
  for (const int rates : {5, 25}) {
    const SmallWorlds small(rates);
    const Whole whole = run_program(program, write("small.toml", small.toml()), repetitions);
    const double kernel_s = small.kernel_seconds(repetitions, true);
    const double bare_s = small.kernel_seconds(repetitions, false);
    fmt::print(
        "small worlds: {} of 1,000 requests: {:.2f} s, {:.2f} x the kernel alone ({:.2f} s; "
        "without histograms {:.2f} s), peak {:.0f} MiB\n",
        small.count(), whole.seconds, whole.seconds / kernel_s, kernel_s, bare_s,
        whole.peak_mebibytes);
    const std::string name = fmt::format("{} small worlds", small.count());
    json["seconds"][name] = whole.seconds;
    json["seconds"][name + ", kernel alone"] = kernel_s;
    json["seconds"][name + ", kernel alone without histograms"] = bare_s;
    json["peak_mebibytes"][name] = whole.peak_mebibytes;
    json["ratio_to_kernel"][name] = whole.seconds / kernel_s;
  }
  fs::remove_all(folder);
  if (!json_path.empty()) std::ofstream(json_path) << json.dump(2) << '\n';
  return 0;
}

}  // namespace
}  // namespace servesweep

int main(int argc, char** argv) {
  CLI::App app("Whole runs of servesweep, from the sweep file to the HDF5 file");
  std::string program =
      (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "servesweep").string();
  int repetitions = 3;
  std::string json;
  app.add_option("--program", program, "The program")->capture_default_str();
  app.add_option("--repetitions", repetitions, "Of each timing")->capture_default_str();
  app.add_option("--json", json, "File for the results");
  CLI11_PARSE(app, argc, argv);
  return servesweep::run(program, repetitions, json);
}
