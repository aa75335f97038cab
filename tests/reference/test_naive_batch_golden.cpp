// The naive simulator against the 75 golden results of the public Python simulator: counts exactly,
// other figures to a relative 1e-9. Run with -s to see the largest deviation of each figure.
#include <nlohmann/json.hpp>
#include <fstream>
#include <map>
#include <numeric>
#include <sstream>
#include <string>

#include "tests/reference/naive_statistics.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/source_folder.hpp"

using namespace servesweep::reference;
using nlohmann::json;

namespace {

std::ifstream open_golden(const std::string& name) {
  const std::string path = servesweep::testing::in_source_folder("tests/data/golden/batch/" + name);
  std::ifstream file(path);
  INFO(path);
  REQUIRE(file.good());
  return file;
}

std::vector<Request> read_trace() {
  std::ifstream file = open_golden("dev_trace.csv");
  std::vector<Request> requests;
  std::string line;
  std::getline(file, line);
  for (Int first_us = -1; std::getline(file, line);) {
    std::istringstream cells(line);
    std::vector<std::string> row;
    for (std::string cell; std::getline(cells, cell, ',');) row.push_back(cell);
    const Int us = std::llround(std::stod(row[0]) * 1e6);
    if (first_us < 0) first_us = us;
    requests.push_back(
        {(us - first_us) * 1000, std::stoll(row[2]), std::stoll(row[3]), std::stoll(row[6]), 0});
  }
  return requests;
}

Params read_config(const json& c) {
  static const std::map<std::string, Scheduler> schedulers = {
      {"static_fifo", Scheduler::kStaticFifo},
      {"multi_bin_only", Scheduler::kMultiBinOnly},
      {"dynamic_no_bins", Scheduler::kDynamicNoBins},
      {"multi_bin_dynamic", Scheduler::kMultiBinDynamic}};
  Params p;
  p.scheduler = schedulers.at(c.at("scheduler"));
  p.longest_queue = c.at("bin_selection") == "longest_queue";
  p.k_bins = c.at("k_bins");
  p.num_gpus = c.at("num_gpus");
  p.rps_scaling = c.at("rps_scaling");
  p.b_min = c.at("b_min");
  p.b_max = c.at("b_max");
  p.b_fixed = c.at("b_fixed");
  p.gpu_memory_gb = c.at("gpu_memory_gb");
  p.model_memory_gb = c.at("model_memory_gb");
  p.memory_margin_gb = c.at("memory_margin_gb");
  p.kv_gb_per_token = c.at("kv_gb_per_token");
  p.d_token_ms = 1e3 * c.at("d_sla_token_s").get<double>();
  p.epsilon_ms = 1e3 * c.at("latency_epsilon_s").get<double>();
  p.d_request_s = c.at("d_sla_request_s");
  return p;
}

// Every figure of the golden file but bin_boundaries, under its name there; seconds.
json figures(const Params& p, const Log& log, const Statistics& s) {
  const auto requests = static_cast<double>(s.completed);
  const auto outputs = static_cast<double>(s.output_tokens);
  const double makespan = static_cast<double>(s.makespan_ns) / 1e9;
  const auto mean_s = [&](const std::vector<Int>& list, double unit) {
    return static_cast<double>(sum(list)) / requests / unit;
  };
  const double late = static_cast<double>(s.token_violations) / requests;
  const double rate = requests / makespan;

  json f;
  f["num_requests"] = s.completed;
  f["num_batches"] = s.batches;
  f["max_batch_size"] = s.largest_batch;
  f["avg_batch_size"] = requests / static_cast<double>(s.batches);
  f["total_tokens"] = s.prompt_tokens + s.output_tokens;
  f["total_output_tokens"] = s.output_tokens;
  f["total_time"] = makespan;
  f["throughput_requests_per_sec"] = rate;
  f["throughput_tokens_per_sec"] =
      static_cast<double>(s.prompt_tokens + s.output_tokens) / makespan;
  f["avg_latency"] = mean_s(s.latency_ns, 1e9);
  f["p50_latency"] = percentile(s.latency_ns, 50) / 1e9;
  f["p95_latency"] = percentile(s.latency_ns, 95) / 1e9;
  f["p99_latency"] = percentile(s.latency_ns, 99) / 1e9;
  f["max_latency"] = static_cast<double>(s.latency_ns.back()) / 1e9;
  f["avg_queueing_delay"] = mean_s(s.queueing_ns, 1e9);
  f["avg_service_time"] = mean_s(s.service_ns, 1e9);
  f["avg_tbt"] = mean_s(s.tbt_ps, 1e12);
  f["p50_tbt"] = percentile(s.tbt_ps, 50) / 1e12;
  f["p95_tbt"] = percentile(s.tbt_ps, 95) / 1e12;
  f["p99_tbt"] = percentile(s.tbt_ps, 99) / 1e12;
  f["max_tbt"] = static_cast<double>(s.tbt_ps.back()) / 1e12;
  f["avg_ttft"] = mean_s(s.prefill_ps, 1e12);
  f["avg_decode_tbt"] = mean_s(s.decode_tbt_ps, 1e12);
  f["p50_decode_tbt"] = percentile(s.decode_tbt_ps, 50) / 1e12;
  f["p99_decode_tbt"] = percentile(s.decode_tbt_ps, 99) / 1e12;
  f["sla_violations_token"] = s.token_violations;
  f["sla_violations_request"] = s.request_violations;
  f["sla_violation_rate_token"] = late;
  f["sla_violation_rate_request"] = static_cast<double>(s.request_violations) / requests;
  f["seconds_per_generated_token"] = makespan / outputs;
  f["decode_step_time_ms"] = 1e3 * mean_s(s.service_ns, 1e9) / (outputs / requests);
  f["capacity_qps_under_sla"] = (requests - static_cast<double>(s.token_violations)) / makespan;
  f["capacity_threshold_lambda"] = rate * (1.0 + std::max(0.05 - late, 0.0) / 0.05);
  Int busy = 0, last_free = 0;
  for (const GpuStatistics& gpu : s.gpus) {
    busy += gpu.busy_ns;
    last_free = std::max(last_free, gpu.free_ns);
  }
  f["avg_utilization"] =
      static_cast<double>(busy) / static_cast<double>(last_free) / static_cast<double>(p.num_gpus);
  if (p.scheduler != Scheduler::kMultiBinOnly && p.scheduler != Scheduler::kMultiBinDynamic) {
    return f;
  }
  json& c = f["composition"];
  double variance = 0.0, range = 0.0;
  for (std::size_t k = 0; k < s.bins.size(); ++k) {
    f["bin_b_max"].push_back(log.bins[k].b_max);
    f["bin_boundaries"].push_back({log.bins[k].lower, log.bins[k].upper});
    c["batches_per_bin"].push_back(s.bins[k].batches);
    c["avg_variance_per_bin"].push_back(s.bins[k].variance);
    c["avg_range_per_bin"].push_back(s.bins[k].range);
    variance += s.bins[k].variance;
    range += s.bins[k].range;
  }
  c["total_batches"] = s.batches;
  c["overall_avg_variance"] = variance / static_cast<double>(s.bins.size());
  c["overall_avg_range"] = range / static_cast<double>(s.bins.size());
  return f;
}

double deviation(const std::string& name, double ours, double golden) {
  // A mean queueing delay of a few ms comes from durations that we round to whole ns: 5e-12 s off.
  const double least = name == "avg_queueing_delay" ? 10e-3 : 0.0;
  return ours == golden ? 0.0 : std::abs(ours - golden) / std::max(std::abs(golden), least);
}

}  // namespace

TEST_CASE("the naive simulator reproduces the golden results") {
  const std::vector<Request> requests = read_trace();
  const json golden = json::parse(open_golden("dev_golden.json"));
  REQUIRE(requests.size() == 3000);
  REQUIRE(golden.at("cases").size() == 75);

  std::map<std::string, double> largest;  // [figure], over all cases
  for (std::size_t i = 0; i < golden["cases"].size(); ++i) {
    const json expected = golden["cases"][i]["expected"].flatten();
    const Params p = read_config(golden["cases"][i]["config"]);
    const Log log = NaiveBatch(p, requests).run();
    const Statistics s = statistics(p, requests, log);
    const json ours = figures(p, log, s).flatten();
    INFO("case " << i);
    CHECK(log.arrived == 3000);
    CHECK(log.rejected == 0);
    CHECK(s.unfinished == 0);
    REQUIRE(ours.size() == expected.size());
    for (const auto& [path, value] : expected.items()) {
      INFO(path);
      REQUIRE(ours.contains(path));
      if (ours[path].is_number_integer()) {
        CHECK(ours[path].get<double>() == value.get<double>());
        continue;
      }
      const std::string name = path.substr(1, path.find_last_not_of("/0123456789"));
      const double off = deviation(name, ours[path], value);
      CHECK(off <= 1e-9);
      largest[name] = std::max(largest[name], off);
    }
  }
  for (const auto& [name, off] : largest) {
    INFO("largest deviation of " << name << ": " << off);
    CHECK(off <= 1e-9);
  }
}
