// The batch engine against queueing theory: M/M/1, M/D/1, M/U(0,2)/1, M/M/c and M/D/c (batches of
// one request), and greedy batch service M/D^[1..b]/1, whose batches of m requests take a0 + a1 m
// (a measured grid of service times). Origin of the exact values: tests/data/golden/queueing/.
//
// Every value must lie in the confidence interval of independent replications, and every interval
// must be narrow, or it would prove nothing. The intervals hold all true values at the same time
// with probability 0.999 (Bonferroni). Worlds start empty: at a load of 0.95 and 300,000 requests
// that shifts the mean wait by 0.1 %, far less than its interval.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "host/base/random.hpp"
#include "host/base/statistics.hpp"
#include "host/results/replications.hpp"
#include "tests/support/batch_worlds.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/queueing_oracles.hpp"

namespace servesweep {
namespace {

using nlohmann::json;

constexpr std::uint64_t kSeed = 20240;
#ifdef SERVESWEEP_BRIEF_TESTS
constexpr std::uint32_t kReplications = 5;
constexpr std::int64_t kRequests = 60'000;
constexpr bool kNarrow = false;
#else
constexpr std::uint32_t kReplications = 40;
constexpr std::int64_t kRequests = 300'000;
constexpr bool kNarrow = true;  // the intervals
#endif
constexpr double kLevel = 0.999;  // of all intervals together

struct Figure {
  std::string name;  // as in the oracle
  double exact = 0;
  std::vector<double> replications = {};
};

struct Case {
  std::string label;
  BatchParams params;
  std::vector<double> grid = {};  // batch sizes, lengths, times [ms]
  double load = 0;
  std::vector<Figure> figures = {};
};

// The clock of the oracles is in mean service times: 1 s here.
Case make_case(const json& oracle, ServiceKind service, int servers, double load) {
  Case c{oracle["model"].get<std::string>() + " " + oracle["params"].dump(), {}};
  BatchParams& p = c.params;
  p.scheduler.kind = SchedulerKind::kStaticFifo;
  p.static_fifo.fixed_batch_size = 1;
  p.cluster.num_gpus = servers;
  p.workload.load.rps_scaling = oracle["params"]["lam"];  // of arrivals with rate 1
  p.service.model = service;
  p.exponential.mean_ms = 1000;
  p.deterministic.time_ms = 1000;
  p.uniform = {0, 2000};
  c.load = load;
  for (const char* name : {"W", "Wq", "L", "Lq", "rho", "util", "mean_batch", "P_wait", "Wq_p99",
                           "W_p50", "W_p90", "W_p99"}) {
    if (oracle.contains(name)) c.figures.push_back({name, oracle[name]});
  }
  return c;
}

std::vector<Case> single_requests(const std::string& model, ServiceKind service) {
  std::vector<Case> cases;
  for (const json& oracle : testing::queueing_oracles(model)) {
    const json& p = oracle["params"];
    if (oracle["model"] != model) continue;
    const int servers = p.value("c", 1);
    cases.push_back(make_case(oracle, service, servers, p["lam"].get<double>() / servers));
  }
  return cases;
}

std::vector<Case> greedy_batches() {
  std::vector<Case> cases;
  for (const json& oracle : testing::queueing_oracles("greedy dynamic batching")) {
    const json& p = oracle["params"];
    Case c = make_case(oracle, ServiceModels::code_of<GridService>(), 1, p["load"]);
    c.params.static_fifo.fixed_batch_size = p["b"];
    // A line in the batch size, whatever the length.
    const double one = 1e3 * (p["a0"].get<double>() + p["a1"].get<double>());
    const double two = one + 1e3 * p["a1"].get<double>();
    c.grid = {1, 2, 0, 1, one, one, two, two};
    // Where a server never stops, no interval is about normal.
    std::erase_if(c.figures, [](const Figure& f) { return f.name == "util" && f.exact > 0.999; });
    cases.push_back(std::move(c));
  }
  return cases;
}

bool is_of_waits(const std::string& name) { return name == "P_wait" || name == "Wq_p99"; }

// Figures that no result holds, from batches of one request.
double value_of_waits(const std::string& name, const std::vector<BatchEvent>& batches) {
  std::vector<std::int64_t> waits_ns;
  for (const BatchEvent& batch : batches) waits_ns.push_back(batch.wait_sum_ns);
  if (name == "P_wait") {
    return 1 - static_cast<double>(std::count(waits_ns.begin(), waits_ns.end(), 0)) / kRequests;
  }
  const auto p99 = waits_ns.begin() + kRequests * 99 / 100;
  std::nth_element(waits_ns.begin(), p99, waits_ns.end());
  return static_cast<double>(*p99) * 1e-9;
}

double value_of(const std::string& name, const BatchResult& r, int servers) {
  const auto completed = static_cast<double>(r.completed);
  if (name == "L")
    return static_cast<double>(r.latency_sum_ns) / static_cast<double>(r.last_completion_ns);
  if (name == "Lq") {
    return static_cast<double>(r.latency_sum_ns - r.service_sum_ns) /
           static_cast<double>(r.last_completion_ns);
  }
  if (name == "W") return static_cast<double>(r.latency_sum_ns) * 1e-9 / completed;
  if (name == "Wq") {
    return static_cast<double>(r.latency_sum_ns - r.service_sum_ns) * 1e-9 / completed;
  }
  if (name == "rho" || name == "util") {
    return static_cast<double>(r.busy_sum_ns) / servers / static_cast<double>(r.last_completion_ns);
  }
  if (name == "mean_batch") return completed / static_cast<double>(r.batches);
  const int quantile = name == "W_p50" ? 0 : name == "W_p90" ? 1 : 3;
  return r.latency_quantiles_ns[quantile] * 1e-9;
}

// The widest half width of an interval, relative to its mean, that still proves something. Waits
// of a heavily loaded queue are long correlated, and rare ones (little load, many servers) scarce.
double widest(const Case& c, const Figure& figure) {
  if (figure.name == "rho" || figure.name == "util" || figure.name == "mean_batch") return 0.005;
  const bool rare_waits = c.params.cluster.num_gpus >= 8 && c.load <= 0.5;
  if (rare_waits && figure.name != "W") return 0.08;
  return 0.01 / (1 - c.load);
}

Workload poisson_workload(std::uint32_t replication) {
  WorkloadSpec spec;
  spec.source.requests = kRequests;
  spec.arrivals.kind = ArrivalKind::kPoisson;
  spec.mean_rate.rate_per_s = 1;
  spec.prompt.choice.kind = spec.output.choice.kind = LengthKind::kFixed;
  spec.prompt.fixed.tokens = spec.output.fixed.tokens = 1;
  spec.predictor.predictor = PredictorKind::kOracle;
  return build_workload(spec, nullptr, kSeed, replication);
}

// What all worlds of a replication have in common.
struct Requests {
  Workload workload;
  std::vector<double> exponential, uniform;

  explicit Requests(std::uint32_t replication) : workload(poisson_workload(replication)) {
    const RandomStream stream(kSeed, replication, StreamId::kService);
    for (std::size_t i = 0; i < workload.size(); ++i) {
      exponential.push_back(stream.exponential(i));
      uniform.push_back(stream.uniform(i));
    }
  }
};

void simulate(std::vector<Case>& cases, const Requests& requests) {
  std::vector<testing::WorldCase> worlds;
  bool has_quantiles = false;
  for (const Case& c : cases) {
    const ServiceDraw draw = draws_of(c.params.service.model);
    worlds.push_back({c.params, &requests.workload,
                      draw == ServiceDraw::kExponential ? &requests.exponential
                      : draw == ServiceDraw::kUniform   ? &requests.uniform
                                                        : nullptr});
    has_quantiles |= c.figures.back().name == "W_p99";
  }
  testing::PreparedWorlds prepared(worlds);
  std::vector<std::shared_ptr<const double>> grids;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (cases[i].grid.empty()) continue;
    grids.push_back(prepared.runner.upload(cases[i].grid));
    const double* values = grids.back().get();
    prepared.worlds[i].service.as<GridService>() = {values, values + 2, values + 4, 2, 2};
  }
  WaveOptions options;
  options.exact_percentiles = has_quantiles;
  const BatchWaveResult wave = prepared.run(options);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    REQUIRE(wave.worlds[i].completed == kRequests);
    std::vector<BatchEvent> batches;
    for (Figure& f : cases[i].figures) {
      if (is_of_waits(f.name)) {
        if (batches.empty()) batches = prepared.runner.replay(prepared.worlds[i]);
        f.replications.push_back(value_of_waits(f.name, batches));
      } else {
        f.replications.push_back(
            value_of(f.name, wave.worlds[i], cases[i].params.cluster.num_gpus));
      }
    }
  }
}

}  // namespace

TEST_CASE("waiting times agree with queueing theory") {
  // Worlds of one group run side by side, on the same requests.
  std::vector<std::vector<Case>> groups = {
      single_requests("M/M/1", ServiceModels::code_of<ExponentialService>()),
      single_requests("M/D/1", ServiceModels::code_of<DeterministicService>()),
      single_requests("M/U(0,2)/1 (Pollaczek-Khinchine)", ServiceModels::code_of<UniformService>()),
      single_requests("M/M/c", ServiceModels::code_of<ExponentialService>()),
      single_requests("M/D/c", ServiceModels::code_of<DeterministicService>()),
      greedy_batches()};
  std::size_t num_figures = 0;
  for (const auto& cases : groups) {
    for (const Case& c : cases) num_figures += c.figures.size();
  }
  REQUIRE(num_figures > 150);
  const double level = 1 - (1 - kLevel) / static_cast<double>(num_figures);

  for (std::uint32_t i = 0; i < kReplications; ++i) {
    const Requests requests(i);
    for (auto& cases : groups) simulate(cases, requests);
  }
  double farthest = 0;  // in standard errors
  for (const auto& cases : groups) {
    for (const Case& c : cases) {
      for (const Figure& f : c.figures) {
        const MeanInterval interval = mean_interval(f.replications, level);
        INFO(c.label << ": " << f.name << " is " << f.exact << ", simulated " << interval.mean
                     << " +- " << interval.half_width);
        CHECK(interval.contains(f.exact));
        if (kNarrow) CHECK(interval.half_width <= widest(c, f) * interval.mean);
        const double error = std::sqrt(sample_variance(f.replications) / kReplications);
        if (error > 0) farthest = std::max(farthest, std::fabs(interval.mean - f.exact) / error);
      }
    }
  }
  WARN(num_figures << " exact values, the farthest " << farthest << " standard errors off");
}

}  // namespace servesweep
