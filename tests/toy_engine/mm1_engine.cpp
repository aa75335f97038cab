// The engine "mm1": parameters, metrics, and how its worlds are lowered.
#include "host/engines/engine_model.hpp"
#include "host/engines/engines.hpp"
#include "tests/toy_engine/mm1.hpp"

namespace servesweep {

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
template <class Visitor>
void visit_params(Mm1Params& p, Visitor&& visit) {
  visit(p, "server", always);
}

constexpr Metric<Mm1Result> kMetrics[] = {
    {"status", ColumnType::kCategory, "", "How it ended", [](const Mm1Result&) { return 0.0; }},
    {"completed", kCountColumn, "1", "Requests",
     [](const Mm1Result& r) { return double(r.completed); }},
    {"utilization", kRealColumn, "1", "Share of the time that the server is busy",
     [](const Mm1Result& r) { return double(r.busy_ns) / double(r.end_ns); }},
    {"mean_latency_s", kRealColumn, "s", "Mean latency",
     [](const Mm1Result& r) { return double(r.latency_sum_ns) / double(r.completed) * 1e-9; },
     kHeadline},
    {"p99_latency_s", kRealColumn, "s", "99th percentile of latency",
     [](const Mm1Result& r) { return r.p99_latency_ns * 1e-9; }},
    {"features", kCountColumn, "1", "Features of the kernel that ran it",
     [](const Mm1Result& r) { return double(r.features); }},
};

struct Mm1Requests : WorkloadRequests {
  using WorkloadRequests::WorkloadRequests;
  std::vector<double> draws;
};

struct Mm1Model : ModelBase<WaveRunner<Mm1Traits>, Mm1Params> {
  using ModelBase::ModelBase;
  static constexpr const char* kName = "mm1";
  using Requests = Mm1Requests;

  static const auto& metrics() { return kMetrics; }
  static Mm1World lower_world(const Mm1Params& p, const RandomSource& random,
                              Mm1Requests& requests) {
    const RandomStream stream = random.stream(StreamId::kService);
    requests.draw(requests.draws, [&](std::size_t i) { return stream.exponential(i); });
    const double scaling = load_scaling(p.workload, *requests.workload);
    return {std::int64_t(requests.size()), scaling, p.mean_service_s * 1e9, p.drawn};
  }
  static std::vector<RequestArray> inputs_of(const Mm1Params&, const Mm1World& w,
                                             const Mm1Requests& r) {
    return {{r.workload->arrival_ns, w, w.arrival_ns}, {r.draws, w, w.draws}};
  }
  static std::int64_t expected_work(const Mm1World& world) { return world.count; }
  static constexpr const char* kEventColumns = "arrival_ns,start_ns,end_ns";
  static auto event_row(const Mm1Event& e) { return std::tie(e.arrival_ns, e.start_ns, e.end_ns); }
};

const bool kIsRegistered = register_engine(Mm1Model::kName, make_engine_of<Mm1Model>);

}  // namespace servesweep
