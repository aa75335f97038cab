// The engine "mm1": parameters, metrics, and how its worlds are lowered.
#include "host/base/random.hpp"
#include "host/engines/engine_model.hpp"
#include "host/engines/engines.hpp"
#include "host/results/metric_table.hpp"
#include "tests/toy_engine/mm1.hpp"

namespace servesweep {
namespace {

struct Mm1Params {
  WorkloadSpec workload;
  double mean_service_s = 1;
  bool drawn = true;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&Mm1Params::mean_service_s, "mean_service_s", "s", 1e-6, 1e6, "Mean service time.");
    visit(&Mm1Params::drawn, "drawn", "Exponential service times; else all are the mean.");
  }
};

constexpr Metric<Mm1Result> kMetrics[] = {
    {"status", ColumnType::kCategory, "", "How it ended", [](const Mm1Result&) { return 0.0; }},
    {"completed", kCountColumn, "1", "Requests",
     [](const Mm1Result& r) { return static_cast<double>(r.completed); }},
    {"utilization", kRealColumn, "1", "Share of the time that the server is busy",
     [](const Mm1Result& r) { return static_cast<double>(r.busy_ns) / double(r.end_ns); }},
    {"mean_latency_s", kRealColumn, "s", "Mean latency",
     [](const Mm1Result& r) { return double(r.latency_sum_ns) / double(r.completed) * 1e-9; },
     kHeadline},
    {"p99_latency_s", kRealColumn, "s", "99th percentile of latency",
     [](const Mm1Result& r) { return r.p99_latency_ns * 1e-9; }},
    {"features", kCountColumn, "1", "Features of the kernel that ran it",
     [](const Mm1Result& r) { return double(r.features); }},
};

struct Mm1Requests {
  std::shared_ptr<const Workload> workload;
  std::vector<double> draws{};
  explicit Mm1Requests(std::shared_ptr<const Workload> w) : workload(std::move(w)) {}
  std::size_t size() const { return workload->size(); }
  std::size_t bytes() const { return bytes_of(*workload) + draws.size() * sizeof(double); }
};

struct Mm1Model : ModelDefaults {
  static constexpr const char* kName = "mm1";
  static constexpr double kTypicalRequestsPerSecond = 50e6;
  static constexpr std::int64_t kMostRequestsPerThread = 50'000'000;
  using Traits = Mm1Traits;
  using Runner = WaveRunner<Mm1Traits>;
  using Params = Mm1Params;
  using Requests = Mm1Requests;
  using Input = const Mm1Requests*;
  using Prepared = Mm1World;
  std::uint64_t seed;
  Runner& runner;

  Mm1Model(const Sweep& sweep, const InputFiles&, Runner& with)
      : seed(sweep.settings().seed), runner(with) {}
  static void add_parameters(ParameterSet& set) {
    add_workload_parameters(set);
    set.add<Mm1Params>("server");
  }
  static Mm1Params read(const ParameterSet& set, const double* values,
                        const std::vector<std::string>& texts) {
    Mm1Params params{read_workload_spec(set, values, texts)};
    ParameterSet::assign(params, values, set.find("server.mean_service_s").value());
    return params;
  }
  static std::vector<Finding> check(const Mm1Params& p) { return check_workload(p.workload); }
  static std::vector<ColumnSpec> metrics() { return columns_of(kMetrics); }
  static std::vector<RaggedSpec> tables() {
    return {latency_histogram_table("latency_histogram", "Latencies", "Requests")};
  }

  static Mm1World lower_world(const Mm1Params& p, std::int32_t, const Mm1Requests& requests) {
    const double scaling = load_scaling(p.workload, *requests.workload);
    const auto count = static_cast<std::int64_t>(requests.size());
    return {count, nullptr, nullptr, scaling, p.mean_service_s * 1e9, p.drawn};
  }
  std::vector<Input> inputs_of(const Mm1Params&, const Mm1World&, std::int32_t replication,
                               Mm1Requests& requests) const {
    const RandomStream stream(seed, static_cast<std::uint32_t>(replication), StreamId::kService);
    for (std::size_t i = requests.draws.size(); i < requests.size(); ++i) {
      requests.draws.push_back(stream.exponential(i));
    }
    return {&requests};
  }
  static std::size_t input_bytes(const Input& input) {
    return 2 * Runner::placed_bytes(input->size() * sizeof(double));
  }
  std::vector<Mm1World> prepare(const std::vector<Input>& inputs) {
    std::vector<Mm1World> placed;
    for (const Input& i : inputs) {
      placed.push_back({0, runner.place(i->workload->arrival_ns), runner.place(i->draws)});
    }
    return placed;
  }
  static void connect(Mm1World& world, const Input&, const Mm1World& placed) {
    world.arrival_ns = placed.arrival_ns;
    world.draws = placed.draws;
  }
  static std::int64_t expected_work(const Mm1World& world) { return world.count; }
  static void write_events(const std::vector<Mm1Event>& events, std::ostream& out) {
    out << "arrival_ns,start_ns,end_ns\n";
    for (const Mm1Event& e : events) {
      out << e.arrival_ns << ',' << e.start_ns << ',' << e.end_ns << '\n';
    }
  }
  static ResultChunk collect(const std::vector<Mm1World>& worlds, const std::vector<Kept>&,
                             WaveResult<Mm1Traits> wave, bool details) {
    ResultChunk chunk;
    chunk.metrics = make_columns(kMetrics, worlds.size());
    for (std::size_t i = 0; i < worlds.size(); ++i) {
      set_row(kMetrics, wave.worlds[i], i, chunk.metrics);
    }
    if (details) {
      chunk.tables = {
          {std::move(wave.num_buckets), {std::move(wave.buckets), std::move(wave.bucket_counts)}}};
    }
    return chunk;
  }
};

const bool kIsRegistered = [] {
  register_engine(
      "mm1", []() -> std::unique_ptr<Engine> { return std::make_unique<EngineModel<Mm1Model>>(); });
  return true;
}();

}  // namespace
}  // namespace servesweep
