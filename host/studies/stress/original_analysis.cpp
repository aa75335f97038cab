// The original's analysis: its keys, with our choices and findings.
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "host/base/units.hpp"
#include "host/studies/stress/original_files.hpp"
#include "host/studies/stress/stress_choice.hpp"
#include "host/studies/stress/stress_load.hpp"
#include "host/studies/study_data.hpp"

namespace servesweep {
namespace {

using Json = nlohmann::ordered_json;

struct Key {
  const char* name;
  const char* metric;
  double scale;
};
constexpr Key kKeys[] = {{"sla_violations_pct", "token_sla_violation_rate", 100},
                         {"request_sla_violations_pct", "request_sla_violation_rate", 100},
                         {"capacity_qps", "capacity_under_sla_per_s", 1},
                         {"avg_latency_sec", "mean_latency_s", 1},
                         {"p95_latency_sec", "p95_latency_s", 1},
                         {"throughput_req_per_sec", "throughput_requests_per_s", 1},
                         {"gpu_utilization_pct", "mean_gpu_utilization", 100}};

double capacity(const StudyData& data, const SeedGroup& group) {
  return data.mean_of(group, "capacity_under_sla_per_s");
}

Json whole(double number) { return static_cast<std::int64_t>(number); }

// {"<key>": [a value per configuration], ...}
Json lists(const StudyData& data, const std::vector<SeedGroup>& groups, const char* axis,
           const std::string& column) {
  Json json;
  json[axis] = Json::array();
  for (const SeedGroup& group : groups) json[axis].push_back(whole(data.input(group, column)));
  for (const Key& key : kKeys) {
    json[key.name] = Json::array();
    for (const SeedGroup& group : groups) {
      json[key.name].push_back(key.scale * data.mean_of(group, key.metric));
    }
  }
  return json;
}

Json values(const StudyData& data, const SeedGroup& group) {
  Json json;
  for (const Key& key : kKeys) json[key.name] = key.scale * data.mean_of(group, key.metric);
  json["num_gpus"] = whole(data.input(group, "num_gpus"));
  return json;
}

std::vector<SeedGroup> step1(const StudyData& data) {
  return data.configurations(StressStep::kRequestScaling,
                             {"scheduler_kind", "num_gpus", "workload_requests"});
}

// By scheduler; on more GPUs than one under a key of its own.
Json request_scaling(const StudyData& data) {
  std::vector<std::pair<std::string, std::vector<SeedGroup>>> series;
  for (const SeedGroup& group : step1(data)) {
    std::string name = data.text(group, "scheduler_kind");
    if (group.key[1] > 1)
      name += "_" + format_count(static_cast<std::int64_t>(group.key[1])) + "_gpus";
    if (series.empty() || series.back().first != name) series.push_back({name, {}});
    series.back().second.push_back(group);
  }
  Json json = Json::object();
  for (const auto& [name, groups] : series) {
    json[name] = lists(data, groups, "request_volumes", "workload_requests");
    json[name]["num_gpus"] = whole(groups.front().key[1]);
  }
  return json;
}

// Of the schedulers on one GPU.
Json scheduler_comparison(const StudyData& data) {
  Json json = Json::object();
  for (const SeedGroup& group : step1(data)) {
    if (group.key[1] != 1) continue;
    const std::string volume = format_count(static_cast<std::int64_t>(group.key[2])) + "_requests";
    json[volume][data.text(group, "scheduler_kind")] = values(data, group);
  }
  for (auto& volume : json) {
    if (!volume.contains("multi_bin_dynamic")) continue;
    const Json ours = volume["multi_bin_dynamic"];
    for (const char* baseline : {"static_fifo", "dynamic_no_bins"}) {
      if (!volume.contains(baseline)) continue;
      const Json base = volume[baseline];
      const auto reduction_pct = [&](const char* key) -> Json {
        const auto before = base[key].get<double>();
        if (before == 0) return nullptr;
        return 100 * (before - ours[key].get<double>()) / before;
      };
      volume[std::string("multi_bin_vs_") + baseline] = {
          {"sla_improvement_pct", reduction_pct("sla_violations_pct")},
          {"request_sla_improvement_pct", reduction_pct("request_sla_violations_pct")},
          {"qps_improvement_ratio",
           ours["capacity_qps"].get<double>() / base["capacity_qps"].get<double>()},
          {"latency_reduction_pct", reduction_pct("avg_latency_sec")}};
    }
  }
  return json;
}

Json bottleneck(const StudyData& data, const std::vector<SeedGroup>& groups) {
  constexpr double kSmallGain = 0.1;
  for (std::size_t i = 1; i < groups.size(); ++i) {
    const double gain = capacity(data, groups[i]) / capacity(data, groups[i - 1]) - 1;
    if (gain >= kSmallGain) continue;
    const bool idle = data.mean_of(groups[i], "mean_gpu_utilization") < kBusyUtilization;
    return {{"gpu_count", whole(groups[i].key[0])},
            {"qps_gain_pct", 100 * gain},
            {"likely_cause", idle ? "arrival_rate_limited" : "gpus_busy"}};
  }
  return nullptr;
}

Json gpu_scaling(const StudyData& data) {
  const std::vector<SeedGroup> groups = data.configurations(StressStep::kGpuScaling, {"num_gpus"});
  if (groups.empty()) return Json::object();
  Json json = lists(data, groups, "gpu_counts", "num_gpus");
  json["scaling_efficiency"] = Json::array();
  double best = 0;
  for (const SeedGroup& group : groups) {
    best = std::max(best, capacity(data, group));
    if (&group == &groups.front()) continue;
    const double gpu_ratio = group.key[0] / groups.front().key[0];
    const double qps_ratio = capacity(data, group) / capacity(data, groups.front());
    const double efficiency = qps_ratio / gpu_ratio;
    json["scaling_efficiency"].push_back({{"num_gpus", whole(group.key[0])},
                                          {"gpu_ratio", gpu_ratio},
                                          {"qps_ratio", qps_ratio},
                                          {"efficiency", efficiency},
                                          {"interpretation", efficiency > 1.05   ? "superlinear"
                                                             : efficiency > 0.85 ? "linear"
                                                                                 : "sublinear"}});
  }
  const Json found = bottleneck(data, groups);
  const GpuChoice choice =
      choose_gpus(data.frame().select(data.newest_rows(StressStep::kGpuScaling)));
  json["bottleneck_analysis"] = {{"detected", !found.is_null()},
                                 {"details", found},
                                 {"max_qps", best},
                                 {"optimal_gpu_count", choice.num_gpus},
                                 {"reason", choice.reason}};
  return json;
}

Json k_sensitivity(const StudyData& data) {
  const std::vector<SeedGroup> groups = data.configurations(StressStep::kKSensitivity, {"k_bins"});
  if (groups.empty()) return Json::object();
  Json json = lists(data, groups, "k_values", "k_bins");
  const MethodChoice choice =
      choose_k(data.frame().select(data.newest_rows(StressStep::kKSensitivity)));
  double least = capacity(data, groups.front()), most = least;
  for (const SeedGroup& group : groups) {
    least = std::min(least, capacity(data, group));
    most = std::max(most, capacity(data, group));
    if (group.key[0] != static_cast<double>(choice.k_bins)) continue;
    json["optimal_k"] = values(data, group);
    json["optimal_k"]["k_bins"] = choice.k_bins;
  }
  json["interpretation"] = {
      {"best_k", choice.k_bins},
      {"performance_range",
       {{"min_qps", least}, {"max_qps", most}, {"variance_pct", 100 * (most - least) / most}}}};
  return json;
}

Json metadata(const Study& study, const StudyData& data) {
  Json json;
  std::string date;
  for (const StudySweep& sweep : study.sweeps) {
    date = std::max(date, sweep.attribute("time_finished_utc"));
  }
  json["date"] = date;
  if (study.worlds.num_rows() == 0) return json;
  const std::size_t last = study.worlds.num_rows() - 1;
  const SeedGroup any{{last}, {}};
  const std::string trace =
      study.worlds.has("workload_trace") ? data.text(any, "workload_trace") : "";
  json["dataset"] = trace.empty() ? data.text(any, "workload_preset") : trace;
  json["calibration"] = {{"alpha_ms", data.value(last, "alpha_ms")},
                         {"beta_ms_per_token", data.value(last, "beta_ms_per_token")},
                         {"gamma", data.value(last, "service_gamma")}};
  std::size_t total = 0, successful = 0;
  Json tests;
  for (const auto& [step, name, keys] :
       {std::tuple{StressStep::kRequestScaling, "step1_tests",
                   std::vector<std::string>{"scheduler_kind", "num_gpus", "workload_requests"}},
        {StressStep::kGpuScaling, "step2_tests", {"num_gpus"}},
        {StressStep::kKSensitivity, "step3_tests", {"k_bins"}}}) {
    const std::vector<std::size_t>& rows = data.newest_rows(step);
    const std::size_t configurations = replications_by(data.frame(), rows, keys).size();
    tests[name] = configurations;
    total += configurations;
    successful += data.configurations(step, keys).size();
    if (rows.empty()) continue;
    json["rps_scaling"] = data.value(rows.front(), "rps_scaling");
    json["sla_deadline_seconds"] = data.value(rows.front(), "token_ms") / 1000;
    json["request_sla_deadline_seconds"] = data.value(rows.front(), "request_s");
  }
  json["total_tests"] = total;
  json.update(tests);
  json["successful_tests"] = successful;
  return json;
}

}  // namespace

std::string original_analysis(const Study& study, const std::vector<StudyFinding>& findings) {
  const StudyData data(study.worlds);
  Json json;
  json["experiment_metadata"] = metadata(study, data);
  json["step1_request_scaling"] = request_scaling(data);
  json["step2_gpu_scaling"] = gpu_scaling(data);
  json["step3_kbins_sensitivity"] = k_sensitivity(data);
  json["scheduler_comparison"] = scheduler_comparison(data);
  json["key_findings"] = Json::array();
  json["findings"] = Json::array();
  for (const StudyFinding& finding : findings) {
    json["key_findings"].push_back(finding.text);
    Json numbers = Json::array();
    for (const auto& [name, value] : finding.numbers) {
      numbers.push_back({{"name", name}, {"value", value}});
    }
    json["findings"].push_back(
        {{"topic", finding.topic}, {"text", finding.text}, {"numbers", numbers}});
  }
  return json.dump(2) + "\n";
}

}  // namespace servesweep
