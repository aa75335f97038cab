// What `run --profile` costs: a region, off and on, and whole runs of 2,000 worlds of 1,000
// requests with and without it, in turn. Medians, and the median ratio of neighbouring runs.
// Prints a table; --json FILE writes it.
#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/timing.hpp"
#include "kernels/device/profile.hpp"

namespace servesweep {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSweep = R"(
[workload]
preset = "burstgpt-like"
requests = 1000
rps = [1, 2, 4, 8, 16]
[scheduler]
kind = "multi_bin_dynamic"
k_bins = [1, 2, 4, 8, 16]
b_max = [8, 16, 32, 64, 128]
[cluster]
num_gpus = [1, 2, 4, 8, 16, 32, 64, 100]
[sla]
token_ms = [7, 9]
)";

double region_ns(bool on) {
  constexpr int kRegions = 1'000'000;
  std::optional<Profile> profile;
  if (on) profile.emplace();
  return 1e9 / kRegions * median_seconds(5, cpu_seconds, [] {
           for (int i = 0; i < kRegions; ++i) const ProfileRegion region("servesweep::bench");
         });
}

double children_cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Run {
  double wall_s = 0;
  double cpu_s = 0;
};

Run run_program(const std::string& command) {
  const double wall_s = wall_seconds(), cpu_s = children_cpu_seconds();
  if (std::system(command.c_str()) != 0) {
    throw std::runtime_error("failed: " + command + " (--program names the program)");
  }
  return {wall_seconds() - wall_s, children_cpu_seconds() - cpu_s};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return quantile_sorted(values, 0.5);
}

// Of one clock: medians off and on, and of the ratios of neighbours.
nlohmann::json compare(const char* clock, double Run::*time, const std::vector<Run>& off,
                       const std::vector<Run>& on) {
  std::vector<double> off_s, on_s, ratios;
  for (std::size_t i = 0; i < off.size(); ++i) {
    off_s.push_back(off[i].*time);
    on_s.push_back(on[i].*time);
    ratios.push_back(on_s.back() / off_s.back());
  }
  fmt::print("2,000 worlds, {}: off {:.3f} s, on {:.3f} s, ratio {:.4f}\n", clock, median(off_s),
             median(on_s), median(ratios));
  return {{"off_seconds", median(off_s)}, {"on_seconds", median(on_s)}, {"ratio", median(ratios)}};
}

void run(const std::string& program, int repetitions, const std::string& json_path) {
  nlohmann::json json;
  json["region_ns"] = {{"off", region_ns(false)}, {"on", region_ns(true)}};
  fmt::print("a region: off {:.1f} ns, on {:.0f} ns\n", json["region_ns"]["off"].get<double>(),
             json["region_ns"]["on"].get<double>());

  const fs::path folder = fs::temp_directory_path() / fmt::format("bench_profile.{}", ::getpid());
  fs::create_directory(folder);
  std::ofstream(folder / "sweep.toml") << kSweep;
  const std::string command =
      fmt::format("cd '{}' && '{}' run sweep.toml -o out.h5 --fresh --quiet > out.txt 2>&1",
                  folder.string(), program);
  const auto once = [&](bool profiled) {
    return run_program(command + (profiled ? " --profile" : ""));
  };
  once(false);
  std::vector<Run> off, on;
  for (int i = 0; i < repetitions; ++i) {
    const bool on_first = i % 2 == 1;
    (on_first ? on : off).push_back(once(on_first));
    (on_first ? off : on).push_back(once(!on_first));
  }
  fs::remove_all(folder);
  json["wall"] = compare("wall time", &Run::wall_s, off, on);
  json["cpu"] = compare("CPU time", &Run::cpu_s, off, on);
  if (!json_path.empty()) std::ofstream(json_path) << json.dump(2) << '\n';
}

}  // namespace
}  // namespace servesweep

int main(int argc, char** argv) {
  CLI::App app("What servesweep run --profile costs");
  std::string program =
      (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "servesweep").string();
  int repetitions = 41;
  std::string json;
  app.add_option("--program", program, "The program")->capture_default_str();
  app.add_option("--repetitions", repetitions, "Of each run")->capture_default_str();
  app.add_option("--json", json, "File for the results");
  CLI11_PARSE(app, argc, argv);
  servesweep::run(program, repetitions, json);
}
