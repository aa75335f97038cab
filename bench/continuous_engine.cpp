// Speed of the continuous engine on one core: 100,000 requests with the lengths of Azure's
// conversation trace (resampled from it with --trace, else lognormal fits to it), Poisson arrivals
// at 0.7 and 1.1 of what the replicas serve when all requests are there at once; by max_num_seqs
// and replicas. As ratios to the same engine that steps every iteration, and to the naive simulator
// of tests/reference (on the first requests, timed once). All of it in one run, in CPU time,
// medians of several repetitions. Prints a table; --json FILE writes all of it.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "bench/cell.hpp"
#include "bench/timing.hpp"
#include "host/base/statistics.hpp"
#include "host/workload/workload_builder.hpp"
#include "io/traces/trace_reader.hpp"
#include "kernels/continuous_runner.hpp"
#include "tests/reference/naive_continuous.hpp"

namespace servesweep {
namespace {

namespace naive = reference::continuous;

struct Options {
  std::int64_t requests = 100'000;
  std::int64_t naive_requests = 5'000;
  int repetitions = 5;
  std::string trace, only, json;
};

Workload build(const Options& options) {
  WorkloadSpec spec = conversations(options.requests);
  if (!options.trace.empty()) {
    LengthSpec* lengths[] = {&spec.prompt, &spec.output};
    for (LengthSpec* each : lengths) {
      each->choice.kind = LengthKind::kEmpirical;
      each->trace = options.trace;
    }
  }
  const TraceProvider traces = [](const std::string& path, const TraceOptions& trace_options) {
    return std::make_shared<const Trace>(read_trace(path, trace_options));
  };
  return build_workload(spec, traces, 42, 0);
}

struct Timed {
  double seconds = 0;
  ContinuousResult result;
};

class Cell {
 public:
  Cell(const Workload& workload, const ContinuousParams& params)
      : world_(continuous_world(workload, params)), rate_per_s_(natural_rate_per_s(workload)) {}

  void arrive_at(double rate_per_s) { world_.load_scaling = rate_per_s / rate_per_s_; }

  // Requests/s of the replicas when all of them are there at once.
  double capacity_per_s(ContinuousRunner& runner) {
    world_.load_scaling = 1e9;
    const ContinuousResult result = runner.run({world_}, {0}, {}).worlds.front();
    return static_cast<double>(result.tally.completed) /
           (ns_of(result.peaks.last_completion) * 1e-9);
  }

  Timed time(ContinuousRunner& runner, bool step, int repetitions) {
    world_.step = step;
    Timed timed;
    timed.seconds = median_seconds(repetitions, cpu_seconds, [&] {
      timed.result = runner.run({world_}, {0}, {}).worlds.front();
    });
    return timed;
  }

  double naive_requests_per_s(std::int64_t num_requests) const {
    naive::Params p;
    p.max_num_seqs = world_.max_sequences;
    p.max_num_batched_tokens = world_.max_batched_tokens;
    p.num_blocks = world_.num_blocks;
    p.router = "least_outstanding";
    const AffineRegime& c = world_.groups[0].service.as<AffineIteration>().regimes[0];
    const naive::Service service{{{0, c.base, c.per_prompt_token, c.per_prompt_token_pair,
                                   c.per_sequence, c.per_context_token}},
                                 {}};
    p.services.assign(static_cast<std::size_t>(world_.num_replicas), service);
    std::vector<naive::Request> requests;
    for (std::int64_t i = 0; i < std::min(num_requests, world_.requests.count); ++i) {
      requests.push_back(
          {world_.arrival_ns(i), world_.prompt(i), world_.output(i), 0, 0, {0, 0}, {}});
    }
    const double start = cpu_seconds();
    const naive::Log log = naive::NaiveContinuous(p, requests).run();
    const double seconds = cpu_seconds() - start;
    return log.iterations > 0 ? static_cast<double>(requests.size()) / seconds : 0;
  }

 private:
  ContinuousWorld world_;
  double rate_per_s_;
};

int run(const Options& options) {
  start_device(1);
  const Workload workload = build(options);
  ContinuousRunner runner;
  const auto requests = static_cast<double>(workload.size());
  nlohmann::json json;
  json["requests"] = workload.size();
  json["lengths"] = options.trace.empty() ? "lognormal" : "trace";
  json["kokkos"] = device_info().backend + " " + device_info().kokkos_version;
  fmt::print("{:>5}{:>4}{:>6}{:>10}{:>11}{:>11}{:>9}{:>9}{:>9}\n", "rho", "M", "N", "M req/s",
             "events/req", "iters/req", "preempt", "x step", "x naive");
  for (const std::int32_t num_replicas : {1, 4, 16}) {
    for (const std::int32_t max_num_seqs : {32, 256}) {
      for (const double rho : {0.7, 1.1}) {
        const std::string name = fmt::format("{},{},{}", rho, max_num_seqs, num_replicas);
        if (!options.only.empty() && options.only != name) continue;
        Cell here(workload, continuous_cell_params(max_num_seqs, num_replicas));
        here.arrive_at(rho * here.capacity_per_s(runner));
        const Timed jump = here.time(runner, false, options.repetitions);
        const Timed step = here.time(runner, true, options.repetitions);
        const double naive_per_s = here.naive_requests_per_s(options.naive_requests);
        const ReplicaTally& tally = jump.result.tally;
        const double per_s = requests / jump.seconds;
        const double events = static_cast<double>(tally.iteration_runs) / requests;
        const double iterations = static_cast<double>(tally.iterations) / requests;
        fmt::print("{:>5}{:>5}{:>5}{:>10.2f}{:>11.2f}{:>11.2f}{:>9}{:>9.2f}{:>9.0f}\n", rho,
                   max_num_seqs, num_replicas, per_s * 1e-6, events, iterations, tally.preemptions,
                   step.seconds / jump.seconds, per_s / naive_per_s);
        std::fflush(stdout);
        json["seconds"][name] = jump.seconds;
        json["cells"].push_back({{"rho", rho},
                                 {"max_num_seqs", max_num_seqs},
                                 {"num_replicas", num_replicas},
                                 {"requests_per_s", per_s},
                                 {"events_per_request", events},
                                 {"iterations_per_request", iterations},
                                 {"preemptions", tally.preemptions},
                                 {"ratio_to_step", step.seconds / jump.seconds},
                                 {"ratio_to_naive", per_s / naive_per_s}});
      }
    }
  }
  if (!options.json.empty()) std::ofstream(options.json) << json.dump(2) << '\n';
  return 0;
}

}  // namespace
}  // namespace servesweep

int main(int argc, char** argv) {
  CLI::App app("Speed of the continuous engine on one core");
  servesweep::Options options;
  app.add_option("--requests", options.requests, "Requests")->capture_default_str();
  app.add_option("--naive-requests", options.naive_requests, "Of those, for the naive simulator")
      ->capture_default_str();
  app.add_option("--repetitions", options.repetitions, "Of each timing")->capture_default_str();
  app.add_option("--trace", options.trace, "Trace whose lengths are resampled");
  app.add_option("--only", options.only, "One cell, for a profiler: rho,M,N");
  app.add_option("--json", options.json, "File for the results");
  CLI11_PARSE(app, argc, argv);
  return servesweep::run(options);
}
