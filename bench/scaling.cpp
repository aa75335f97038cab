// What the engine's launches depend on, on a CPU, in wall time: the number of threads, the order in
// which worlds start, and how many worlds are in a wave. The sweeps are uneven:
//   192 worlds     8 GPU counts x 6 K x {1k, 10k, 100k, 1M} requests
//   10,000 worlds  8 GPU counts x 5 K x 50 b_max x {100, 300, 1k, 3k, 10k} requests
//   65,536 worlds  8 GPU counts x 4 K x 512 b_max x {125, 250, 500, 1k} requests, in waves
// "as given" starts the worlds with most requests last, as such a sweep numbers them. Kokkos takes
// its threads once in a process, so this program runs itself for each number of threads, in turns.
// Prints medians, and the ratio of least times too, which a machine that does something else
// disturbs less. Before that, from each world's own CPU time (longest: the longest world's share of
// all), how many times faster than one some threads would be if only the start order kept them from
// their number. --cpu-time compares the CPU time that the threads take together: what they cost
// each other, whatever else the machine does. --json FILE writes the medians.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <numeric>
#include <queue>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/cell.hpp"
#include "bench/timing.hpp"
#include "host/workload/workload_builder.hpp"
#include "kernels/batch_runner.hpp"

namespace servesweep {
namespace {

using Clock = double (*)();
using Seconds = std::map<std::string, double>;
using Rounds = std::map<std::string, std::vector<double>>;  // [round] seconds

constexpr std::array<std::size_t, 4> kBalancedThreads = {2, 8, 32, 128};

struct Worlds {
  std::vector<BatchWorld> worlds;

  Worlds(BatchRunner& runner, const std::vector<std::int64_t>& requests,
         const std::vector<std::int32_t>& k_bins, std::int32_t num_b_max) {
    std::deque<Workload> workloads;
    std::deque<RequestSet> sets;
    std::vector<BinningSpec> specs;
    std::vector<std::size_t> binnings;  // [world]: index into specs
    for (const std::int64_t count : requests) {
      BatchParams p = cell_params(SchedulerKind::kMultiBinDynamic, 1, 1);
      p.workload.source.requests = count;
      const Workload& workload = workloads.emplace_back(build_workload(p.workload, {}, 42, 0));
      const RequestSet& set = sets.emplace_back(columns_of(workload));
      for (const std::int32_t bins : k_bins) {
        p.equal_mass.k_bins = bins;
        const double scaling = load_scaling(p.workload, workload);
        specs.push_back(binning_of(p, lower(p), set, scaling, nullptr));
        for (std::int32_t b = 0; b < num_b_max; ++b) {
          p.dynamic.b_max = 128 - b % 128;
          for (const std::int32_t gpus : {1, 2, 4, 8, 16, 32, 64, 100}) {
            p.cluster.num_gpus = gpus;
            worlds.push_back(lower(p));
            binnings.push_back(specs.size() - 1);
          }
        }
      }
    }
    const std::vector<BinnedWorkload> binned = runner.bin_all(specs);
    for (std::size_t i = 0; i < worlds.size(); ++i) worlds[i].workload = binned[binnings[i]];
  }

  std::vector<std::int32_t> as_given() const {
    std::vector<std::int32_t> order(worlds.size());
    std::iota(order.begin(), order.end(), 0);
    return order;
  }
  std::vector<std::int32_t> long_first() const {
    std::vector<std::int32_t> order = as_given();
    std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
      return expected_work(worlds[static_cast<std::size_t>(a)]) >
             expected_work(worlds[static_cast<std::size_t>(b)]);
    });
    return order;
  }
};

template <class Work>
double seconds_of(Clock clock_seconds, const Work& work) {
  const double start = clock_seconds();
  work();
  return clock_seconds() - start;
}

void time_orders(BatchRunner& runner, const Worlds& sweep, Clock clock, Seconds& seconds) {
  const std::string name = fmt::format("{:>6} worlds", sweep.worlds.size());
  for (const auto& [start, order] :
       {std::pair("long first", sweep.long_first()), std::pair("as given", sweep.as_given())}) {
    seconds[fmt::format("{}, {}", name, start)] =
        seconds_of(clock, [&, &start_order = order] { runner.run(sweep.worlds, start_order, {}); });
  }
}

void time_waves(BatchRunner& runner, const Worlds& sweep, Clock clock, Seconds& seconds) {
  std::vector<BatchWorld> worlds;  // long ones first, so that each wave is about even
  for (const std::int32_t i : sweep.long_first()) {
    worlds.push_back(sweep.worlds[static_cast<std::size_t>(i)]);
  }
  std::vector<std::int32_t> order = sweep.as_given();
  for (const std::size_t wave : {65'536, 16'384, 4096, 1024, 256}) {
    order.resize(wave);
    seconds[fmt::format("{:>6} worlds in a wave", wave)] = seconds_of(clock, [&] {
      for (std::size_t first = 0; first < worlds.size(); first += wave) {
        const auto begin = worlds.begin() + static_cast<std::ptrdiff_t>(first);
        runner.run({begin, begin + static_cast<std::ptrdiff_t>(wave)}, order, {});
      }
    });
  }
}

// When the last of some threads is done, each taking the next world in this order.
double makespan(const std::vector<double>& world_seconds, const std::vector<std::int32_t>& order,
                std::size_t threads) {
  std::priority_queue<double, std::vector<double>, std::greater<>> free_at(
      {}, std::vector<double>(threads));
  double end = 0;
  for (const std::int32_t world : order) {
    const double done = free_at.top() + world_seconds[static_cast<std::size_t>(world)];
    free_at.pop();
    free_at.push(done);
    end = std::max(end, done);
  }
  return end;
}

void print_balance(BatchRunner& runner, const Worlds& sweep) {
  std::vector<double> world_seconds;
  for (const BatchWorld& world : sweep.worlds) {
    world_seconds.push_back(seconds_of(cpu_seconds, [&] { runner.run({world}, {0}, {}); }));
  }
  const double sum = std::accumulate(world_seconds.begin(), world_seconds.end(), 0.0);
  const double longest = *std::max_element(world_seconds.begin(), world_seconds.end());
  fmt::print("{:<28}",
             fmt::format("{:>6} worlds, longest {:.2g}", sweep.worlds.size(), longest / sum));
  for (const std::size_t threads : kBalancedThreads) {
    fmt::print("{:>10.2f}{:>10.2f}", sum / makespan(world_seconds, sweep.long_first(), threads),
               sum / makespan(world_seconds, sweep.as_given(), threads));
  }
  fmt::print("\n");
}

Worlds few_worlds(BatchRunner& runner) {
  return {runner, {1000, 10'000, 100'000, 1'000'000}, {1, 2, 4, 8, 16, 32}, 1};
}
Worlds many_worlds(BatchRunner& runner) {
  return {runner, {100, 300, 1000, 3000, 10'000}, {1, 2, 4, 8, 16}, 50};
}

// What the program that is started for a number of threads does.
void measure(int threads, Clock clock) {
  start_device(threads);
  BatchRunner runner;
  Seconds seconds;
  time_orders(runner, few_worlds(runner), clock, seconds);
  time_orders(runner, many_worlds(runner), clock, seconds);
  time_waves(runner, {runner, {125, 250, 500, 1000}, {1, 4, 8, 16}, 512}, clock, seconds);
  fmt::print("{}\n", nlohmann::json(seconds).dump());
}

void start_with(int threads, bool cpu_time, Rounds& rounds) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  // A thread that waits shall not spin where CPU time counts.
  const std::string command =
      fmt::format("{}'{}' --measure {}{}", cpu_time ? "OMP_WAIT_POLICY=passive " : "", self,
                  threads, cpu_time ? " --cpu-time" : "");
  std::FILE* child = ::popen(command.c_str(), "r");
  std::string printed;
  std::array<char, 4096> part{};
  while (child != nullptr && std::fgets(part.data(), part.size(), child) != nullptr) {
    printed += part.data();
  }
  if (child == nullptr || ::pclose(child) != 0) throw std::runtime_error("cannot run " + self);
  for (const auto& [name, seconds] : nlohmann::json::parse(printed).get<Seconds>()) {
    rounds[name].push_back(seconds);
  }
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return quantile_sorted(values, 0.5);
}

double least(const std::vector<double>& values) {
  return *std::min_element(values.begin(), values.end());
}

void run(int most_threads, int rounds, bool cpu_time, const std::string& json_path) {
  start_device(1);
  BatchRunner runner;
  fmt::print("{:<28}", "balance: times 1 thread");
  for (const std::size_t threads : kBalancedThreads) {
    fmt::print("{:>20}", fmt::format("{} threads", threads));
  }
  fmt::print("\n{:<28}", "");
  for (std::size_t i = 0; i < kBalancedThreads.size(); ++i) {
    fmt::print("{:>10}{:>10}", "long", "given");
  }
  fmt::print("\n");
  print_balance(runner, few_worlds(runner));
  print_balance(runner, many_worlds(runner));

  Rounds one, all;
  for (int i = 0; i < rounds; ++i) {
    start_with(1, cpu_time, one);
    start_with(most_threads, cpu_time, all);
  }
  nlohmann::json json;
  json["threads"] = most_threads;
  fmt::print("{:<28}{:>12}{:>12}{:>10}{:>16}\n", cpu_time ? "median CPU s" : "median s", "1 thread",
             fmt::format("{} threads", most_threads), "ratio", "of least times");
  for (const auto& [name, seconds] : one) {
    const double ratio = median(seconds) / median(all[name]);
    fmt::print("{:<28}{:>12.4f}{:>12.4f}{:>10.2f}{:>16.2f}\n", name, median(seconds),
               median(all[name]), ratio, least(seconds) / least(all[name]));
    json["seconds"][name + ", 1 thread"] = median(seconds);
    json["seconds"][fmt::format("{}, {} threads", name, most_threads)] = median(all[name]);
    json["ratio"][name] = ratio;
  }
  if (!json_path.empty()) std::ofstream(json_path) << json.dump(2) << '\n';
}

}  // namespace
}  // namespace servesweep

int main(int argc, char** argv) {
  CLI::App app("How the batch engine's launches fill the cores");
  int threads = static_cast<int>(std::thread::hardware_concurrency());
  int rounds = 5;
  int measured_threads = 0;
  bool cpu_time = false;
  std::string json;
  app.add_option("--threads", threads, "Compared with 1")->capture_default_str();
  app.add_option("--rounds", rounds, "Of 1 and of all threads, in turns")->capture_default_str();
  app.add_flag("--cpu-time", cpu_time, "Instead of wall time, of all threads together");
  app.add_option("--json", json, "File for the results");
  app.add_option("--measure", measured_threads)->group("");  // for itself
  CLI11_PARSE(app, argc, argv);
  if (measured_threads > 0) {
    servesweep::measure(measured_threads,
                        cpu_time ? servesweep::cpu_seconds : servesweep::wall_seconds);
  } else {
    servesweep::run(threads, rounds, cpu_time, json);
  }
  return 0;
}
