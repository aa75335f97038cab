// The original's analysis: its keys, with our choices and findings.
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "host/base/units.hpp"
#include "host/studies/stress/original_files.hpp"
#include "host/studies/stress/stress_choice.hpp"
#include "host/studies/stress/stress_findings.hpp"
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

double capacity(const Configuration& of) { return of.value("capacity_under_sla_per_s"); }

Json whole(double number) { return static_cast<std::int64_t>(number); }

Json values(const Configuration& of) {
  Json json;
  for (const Key& key : kKeys) json[key.name] = key.scale * of.value(key.metric);
  json["num_gpus"] = whole(of.value("num_gpus"));
  return json;
}

// {"<key>": [a value per configuration], ...}
Json lists(const Configurations& all, const char* axis, const std::string& column) {
  Json json;
  json[axis] = Json::array();
  for (const Key& key : kKeys) json[key.name] = Json::array();
  for (const Configuration& each : all) {
    json[axis].push_back(whole(each.value(column)));
    for (const Key& key : kKeys) json[key.name].push_back(key.scale * each.value(key.metric));
  }
  return json;
}

// By scheduler; on more GPUs than one under a key of its own.
Json request_scaling(const StudyData& data) {
  Json json = Json::object();
  for (const Configurations& volumes : over_volumes(data)) {
    std::string name = volumes.front().text("scheduler_kind");
    const double gpus = volumes.front().key[1];
    if (gpus > 1) name += "_" + number_text(gpus) + "_gpus";
    json[name] = lists(volumes, "request_volumes", "workload_requests");
    json[name]["num_gpus"] = whole(gpus);
  }
  return json;
}

// Of the schedulers on one GPU.
Json scheduler_comparison(const StudyData& data) {
  Json json = Json::object();
  for (const Configurations& volumes : over_volumes(data)) {
    for (const Configuration& each : volumes) {
      if (each.key[1] != 1) continue;
      json[format_count(static_cast<std::int64_t>(each.key[2])) + "_requests"]
          [each.text("scheduler_kind")] = values(each);
    }
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

Json bottleneck(const Configurations& groups) {
  constexpr double kSmallGain = 0.1;
  for (std::size_t i = 1; i < groups.size(); ++i) {
    const double gain = capacity(groups[i]) / capacity(groups[i - 1]) - 1;
    if (gain >= kSmallGain) continue;
    const bool idle = groups[i].value("mean_gpu_utilization") < kBusyUtilization;
    return {{"gpu_count", whole(groups[i].key[0])},
            {"qps_gain_pct", 100 * gain},
            {"likely_cause", idle ? "arrival_rate_limited" : "gpus_busy"}};
  }
  return nullptr;
}

Json gpu_scaling(const StudyData& data) {
  const Configurations groups = over_gpus(data);
  if (groups.empty()) return Json::object();
  Json json = lists(groups, "gpu_counts", "num_gpus");
  json["scaling_efficiency"] = Json::array();
  for (std::size_t i = 1; i < groups.size(); ++i) {
    const double gpu_ratio = groups[i].key[0] / groups[0].key[0];
    const double qps_ratio = capacity(groups[i]) / capacity(groups[0]);
    const double efficiency = qps_ratio / gpu_ratio;
    json["scaling_efficiency"].push_back({{"num_gpus", whole(groups[i].key[0])},
                                          {"gpu_ratio", gpu_ratio},
                                          {"qps_ratio", qps_ratio},
                                          {"efficiency", efficiency},
                                          {"interpretation", efficiency > 1.05   ? "superlinear"
                                                             : efficiency > 0.85 ? "linear"
                                                                                 : "sublinear"}});
  }
  const Json found = bottleneck(groups);
  const Choice choice = choose_gpus(data.frame().select(data.newest_rows(StressStep::kGpuScaling)));
  json["bottleneck_analysis"] = {
      {"detected", !found.is_null()},
      {"details", found},
      {"max_qps", capacity(ascending(groups, "capacity_under_sla_per_s").back())},
      {"optimal_gpu_count", choice.num_gpus},
      {"reason", text_of(choice.reason)}};
  return json;
}

Json k_sensitivity(const StudyData& data) {
  const Configurations groups = over_bins(data);
  if (groups.empty()) return Json::object();
  Json json = lists(groups, "k_values", "k_bins");
  const Choice choice = choose_k(data.frame().select(data.newest_rows(StressStep::kKSensitivity)));
  for (const Configuration& each : groups) {
    if (each.key[0] != static_cast<double>(choice.k_bins)) continue;
    json["optimal_k"] = values(each);
    json["optimal_k"]["k_bins"] = choice.k_bins;
  }
  const Configurations by_capacity = ascending(groups, "capacity_under_sla_per_s");
  const double least = capacity(by_capacity.front()), most = capacity(by_capacity.back());
  json["interpretation"] = {
      {"best_k", choice.k_bins},
      {"performance_range",
       {{"min_qps", least}, {"max_qps", most}, {"variance_pct", 100 * (most - least) / most}}}};
  return json;
}

Json metadata(const Study& study, const StudyData& data) {
  Json json;
  json["date"] = last_finished_utc(study);
  if (study.worlds.num_rows() == 0) return json;
  const std::size_t last = study.worlds.num_rows() - 1;
  const auto text = [&](const char* column) {
    return study.worlds.has(column) ? study.worlds.texts(column)[last] : "";
  };
  json["dataset"] =
      text("workload_trace").empty() ? text("workload_preset") : text("workload_trace");
  json["calibration"] = {{"alpha_ms", data.value(last, "alpha_ms")},
                         {"beta_ms_per_token", data.value(last, "beta_ms_per_token")},
                         {"gamma", data.value(last, "service_gamma")}};
  std::size_t total = 0, successful = 0;
  Json tests;
  for (const auto& [step, name] : {std::pair{StressStep::kRequestScaling, "step1_tests"},
                                   {StressStep::kGpuScaling, "step2_tests"},
                                   {StressStep::kKSensitivity, "step3_tests"}}) {
    const std::vector<std::string> keys = {"scheduler_kind", "num_gpus", "workload_requests",
                                           "k_bins"};
    const std::vector<std::size_t>& rows = data.newest_rows(step);
    const std::size_t configurations = data.group(rows, keys).size();
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
