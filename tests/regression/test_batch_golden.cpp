// The batch engine against the 75 golden results of the public Python simulator (their origin is in
// tests/data/golden/batch/README.md): counts exactly, times and exact percentiles to a relative
// 1e-9, histogram percentiles within their stated error.
#include <nlohmann/json.hpp>
#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <string>

#include "host/engines/batch/batch_metrics.hpp"
#include "io/traces/trace_reader.hpp"
#include "tests/support/batch_worlds.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/source_folder.hpp"

namespace servesweep {
namespace {

using nlohmann::json;

std::string data_path(const std::string& name) {
  return testing::in_source_folder("tests/data/golden/batch/" + name);
}

template <class Enum>
Enum by_name(const std::string& name) {
  int index = 0;
  for (const char* value : EnumNames<Enum>::values) {
    if (name == value) return static_cast<Enum>(index);
    ++index;
  }
  FAIL("no such name: " << name);
  return Enum{};
}

BatchParams params_of(const json& c) {
  BatchParams p;
  p.scheduler.kind = by_name<SchedulerKind>(c["scheduler"]);
  p.bins.bin_choice = by_name<BinChoice>(c["bin_selection"]);
  p.equal_mass.k_bins = c["k_bins"];
  p.multi_bin_only.b_fixed = c["b_fixed"];
  p.dynamic.b_min = c["b_min"];
  p.dynamic.b_max = c["b_max"];
  p.cluster.num_gpus = c["num_gpus"];
  p.cluster.gpu_memory_gb = c["gpu_memory_gb"];
  p.cluster.model_memory_gb = c["model_memory_gb"];
  p.cluster.memory_margin_gb = c["memory_margin_gb"];
  p.cluster.kv_gb_per_token = c["kv_gb_per_token"];
  p.sla.token_ms = c["d_sla_token_s"].get<double>() * 1e3;
  p.sla.request_s = c["d_sla_request_s"];
  p.sla_controller.epsilon_ms = c["latency_epsilon_s"].get<double>() * 1e3;
  p.workload.load.rps_scaling = c["rps_scaling"];
  return p;
}

// The golden file's name of a figure, ours, and ours in its unit.
struct Figure {
  const char* golden;
  const char* column;
  double factor = 1.0;
};

const Figure kFigures[] = {
    {"num_requests", "completed"},
    {"total_tokens", "total_tokens"},
    {"total_output_tokens", "output_tokens"},
    {"num_batches", "num_batches"},
    {"max_batch_size", "max_batch_size"},
    {"sla_violations_token", "token_sla_violations"},
    {"sla_violations_request", "request_sla_violations"},
    {"throughput_tokens_per_sec", "throughput_tokens_per_s"},
    {"throughput_requests_per_sec", "throughput_requests_per_s"},
    {"avg_latency", "mean_latency_s"},
    {"max_latency", "max_latency_s"},
    {"avg_queueing_delay", "mean_queue_time_s"},
    {"avg_service_time", "mean_service_time_s"},
    {"total_time", "makespan_s"},
    {"avg_tbt", "mean_tbt_s"},
    {"max_tbt", "max_tbt_s"},
    {"avg_ttft", "mean_prefill_time_s"},
    {"avg_decode_tbt", "mean_decode_tbt_s"},
    {"sla_violation_rate_token", "token_sla_violation_rate"},
    {"sla_violation_rate_request", "request_sla_violation_rate"},
    {"seconds_per_generated_token", "seconds_per_output_token"},
    {"decode_step_time_ms", "decode_step_time_s", 1e3},
    {"capacity_qps_under_sla", "capacity_under_sla_per_s"},
    {"capacity_threshold_lambda", "capacity_threshold_per_s"},
    {"avg_batch_size", "mean_batch_size"},
    {"avg_utilization", "mean_gpu_utilization"},
};

const Figure kPercentiles[] = {
    {"p50_latency", "p50_latency_s"},
    {"p95_latency", "p95_latency_s"},
    {"p99_latency", "p99_latency_s"},
    {"p50_tbt", "p50_tbt_s"},
    {"p95_tbt", "p95_tbt_s"},
    {"p99_tbt", "p99_tbt_s"},
    {"p50_decode_tbt", "p50_decode_tbt_s"},
    {"p99_decode_tbt", "p99_decode_tbt_s"},
};

class Row {
 public:
  Row(const BatchParams& params, const BatchResult& result)
      : columns_(columns_from(batch_metrics(), 1, [&](std::size_t) {
          return BatchOutcome{params, result};
        })) {}
  double operator[](const std::string& name) const {
    const auto specs = columns_of(batch_metrics());
    const auto spec = std::find_if(specs.begin(), specs.end(),
                                   [&](const ColumnSpec& s) { return s.name == name; });
    REQUIRE(spec != specs.end());
    double value = 0;
    std::visit(
        [&value](const auto& column) {
          if constexpr (std::is_arithmetic_v<std::decay_t<decltype(column[0])>>) {
            value = static_cast<double>(column[0]);
          }
        },
        columns_[static_cast<std::size_t>(spec - specs.begin())]);
    return value;
  }

 private:
  std::vector<ColumnData> columns_;
};

// Relative; mean queueing delays of a few ms differ by the rounding of times to whole ns (5e-12 s).
double deviation(const std::string& name, double ours, double golden) {
  if (ours == golden) return 0;
  const double scale = std::fabs(golden);
  return std::fabs(ours - golden) / (name == "avg_queueing_delay" ? std::fmax(scale, 1e-2) : scale);
}

}  // namespace

TEST_CASE("the engine reproduces the 75 golden results") {
  std::ifstream file(data_path("dev_golden.json"));
  REQUIRE(file.good());
  const json golden = json::parse(file);
  const json& cases = golden["cases"];
  REQUIRE(cases.size() == 75);

  const Trace trace = read_trace(data_path("dev_trace.csv"), TraceOptions{});
  REQUIRE(trace.predicted_tokens.size() == 3000);
  const Workload workload{trace.arrival_ns, trace.prompt_tokens, trace.output_tokens,
                          trace.predicted_tokens};
  std::vector<testing::WorldCase> worlds;
  for (const json& c : cases) worlds.push_back({params_of(c["config"]), &workload});
  testing::PreparedWorlds prepared(worlds);
  WaveOptions exactly;
  exactly.save_details = true;
  exactly.exact_percentiles = true;
  const BatchWaveResult exact = prepared.run(exactly);
  const BatchWaveResult bucketed = prepared.run();

  double worst = 0;
  double worst_bucketed = 0;
  std::size_t first_bin = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    INFO("case " << i << " " << cases[i]["config"].dump());
    const json& expected = cases[i]["expected"];
    const Row ours(worlds[i].params, exact.worlds[i]);
    const Row rough(worlds[i].params, bucketed.worlds[i]);
    CHECK(ours["percentile_error"] == 0.0);
    for (const Figure& figure : kFigures) {
      INFO(figure.golden);
      const double value = ours[figure.column] * figure.factor;
      if (expected[figure.golden].is_number_integer()) {
        CHECK(value == expected[figure.golden].get<double>());
      } else {
        const double off = deviation(figure.golden, value, expected[figure.golden]);
        worst = std::fmax(worst, off);
        CHECK(off <= 1e-9);
      }
    }
    for (const Figure& figure : kPercentiles) {
      INFO(figure.golden);
      const double value = expected[figure.golden];
      worst = std::fmax(worst, deviation(figure.golden, ours[figure.column], value));
      worst_bucketed =
          std::fmax(worst_bucketed, deviation(figure.golden, rough[figure.column], value));
      CHECK(deviation(figure.golden, ours[figure.column], value) <= 1e-9);
      CHECK(deviation(figure.golden, rough[figure.column], value) <= rough["percentile_error"]);
    }
    const std::size_t num_bins = static_cast<std::size_t>(prepared.worlds[i].workload.num_bins);
    if (expected.contains("composition")) {
      const json& composition = expected["composition"];
      REQUIRE(composition["batches_per_bin"].size() == num_bins);
      for (std::size_t k = 0; k < num_bins; ++k) {
        const BinUse& bin = exact.bins[first_bin + k];
        CHECK(bin.batches == composition["batches_per_bin"][k].get<std::int64_t>());
        CHECK(bin.lower_edge_tokens == expected["bin_boundaries"][k][0].get<std::int64_t>());
        CHECK(bin.upper_edge_tokens == expected["bin_boundaries"][k][1].get<std::int64_t>());
        if (prepared.worlds[i].is_dynamic()) {
          CHECK(bin.batch_limit == expected["bin_b_max"][k].get<std::int64_t>());
        }
        CHECK(deviation("", bin.output_variance, composition["avg_variance_per_bin"][k]) <= 1e-9);
        CHECK(deviation("", bin.output_range, composition["avg_range_per_bin"][k]) <= 1e-9);
      }
      CHECK(deviation("", ours["mean_bin_output_variance"], composition["overall_avg_variance"]) <=
            1e-9);
      CHECK(deviation("", ours["mean_bin_output_range"], composition["overall_avg_range"]) <= 1e-9);
    }
    first_bin += num_bins;
  }
  WARN("largest deviation " << worst << ", of histogram percentiles " << worst_bucketed);
}

}  // namespace servesweep
