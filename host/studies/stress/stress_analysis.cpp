#include "host/studies/stress/stress_analysis.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "host/studies/stress/stress_findings.hpp"

namespace servesweep {
namespace {

// Where seeds draw nothing that matters to a configuration, its intervals have no width, and look
// surer than they are.
void equal_seeds(const StudyData& data, FindingRecords& found) {
  Configurations several = data.group(
      rows_of_steps(data),
      {kStepColumn, "rps_scaling", "workload_requests", "scheduler_kind", "num_gpus", "k_bins"});
  std::erase_if(several, [](const Configuration& each) {
    return each.rows.size() < 2 || !each.usable({kMeanLatency.column});
  });
  const auto equal = std::count_if(several.begin(), several.end(), [](const Configuration& each) {
    const std::vector<double> latencies_s = each.values(kMeanLatency.column);
    return std::count(latencies_s.begin(), latencies_s.end(), latencies_s.front()) ==
           static_cast<std::ptrdiff_t>(latencies_s.size());
  });
  if (equal == 0) return;
  found.push_back(
      {kAnswerTopic,
       {"Seeds: all gave the same results in {} of {}; where the requests are a trace's, seeds "
        "draw other predictions and no other requests, so intervals say nothing about other "
        "requests.",
        {Number{"equal_configurations", static_cast<double>(equal)},
         Count{"configurations", static_cast<double>(several.size()), "configuration"}}},
       kMeanLatency.column});
}

// Steps can have been run with different settings; sentences that speak of several then mix them.
void mixed_settings(const StudyData& data, FindingRecords& found) {
  for (const char* setting : {"workload_trace", "real_timestamps", "token_ms", "request_s",
                              "alpha_ms", "beta_ms_per_token", "service_gamma"}) {
    if (!data.frame().has(setting)) continue;
    const std::vector<std::string> texts = data.frame().texts(setting);
    std::map<std::string, std::set<int>> steps;  // by value
    for (const std::size_t row : rows_of_steps(data)) {
      steps[texts[row]].insert(step_number(static_cast<StressStep>(data.value(row, kStepColumn))));
    }
    if (steps.size() < 2) continue;
    std::vector<Clause> values;
    for (const auto& [value, numbers] : steps) {
      std::vector<Clause> of_steps;
      for (const int number : numbers) of_steps.push_back({"{}", {Number{"step", 1.0 * number}}});
      values.push_back({"{} in step {}",
                        {value.empty() ? "none" : value, joined(std::move(of_steps), " ", " ")}});
    }
    found.push_back({kAnswerTopic,
                     {"Settings: the steps were run with different values of {}, {}. They do "
                      "not answer one question.",
                      {setting, joined(std::move(values), "; ", "; ")}}});
  }
}

void stress_left_out(const StudyData& data, FindingRecords& found) {
  std::vector<std::size_t> rows = rows_of_steps(data);
  const std::vector<std::size_t>& robust = data.newest_rows(StressStep::kRobustness);
  rows.insert(rows.end(), robust.begin(), robust.end());
  find_left_out(data, rows, found);
}

}  // namespace

std::vector<std::size_t> rows_of_steps(const StudyData& data) {
  std::vector<std::size_t> all;
  for (const StressStep step :
       {StressStep::kRequestScaling, StressStep::kGpuScaling, StressStep::kKSensitivity,
        StressStep::kGrid, StressStep::kComparison}) {
    const std::vector<std::size_t>& rows = data.newest_rows(step);
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

Clause workload(const Configuration& of) {
  if (std::isnan(of.value("rps_scaling"))) {
    return {"{} at real timestamps", {Count{"requests", of.value("workload_requests"), "request"}}};
  }
  return {"{} at load scaling {}",
          {Count{"requests", of.value("workload_requests"), "request"}, of.number("rps_scaling")}};
}

Clause method_settings(const Configuration& of) {
  const Count gpus = of.count("num_gpus", "GPU");
  if (std::isnan(of.value("k_bins"))) return {"{}", {gpus}};
  return {"{}, K = {}", {gpus, of.number("k_bins")}};
}

Clause method(const Configuration& of) {
  return {"{} ({})", {of.text("scheduler_kind"), method_settings(of)}};
}

FindingRecord varied(const std::string& topic, Clause what, const Configuration& with) {
  return {topic, {"{} with {} and {}.", {std::move(what), workload(with), with.seeds()}}};
}

Clause mean_over_seeds(const Variable& metric, const Configuration& of) {
  const Argument mean = level(metric, of);
  if (of.rows.size() < 2) return {"{}{}", {mean, kOneSeedNote}};
  const MeanInterval interval = mean_interval(of.values(metric.column));
  double low = interval.mean - interval.half_width, high = interval.mean + interval.half_width;
  std::string name = metric.name;
  if (std::string_view(metric.unit) == "%") {  // a share is never below 0 nor above 1
    name += "_percent";
    low = 100 * std::max(0.0, low);
    high = 100 * std::min(1.0, high);
  }
  return {"{} ({}, 95 % interval: {})",
          {mean, of.seeds(), NumberRange{name, low, high, metric.unit}}};
}

FindingRecords stress_findings(const Frame& study) {
  return findings_of(
      study, {mixed_settings, stress_left_out, scheduler_findings, gpu_findings, k_findings,
              method_findings, equal_seeds, sla_findings, overload_findings, utilization_findings,
              batch_size_findings, robustness_findings});
}

std::vector<MethodRow> method_rows(const Frame& study) {
  const StudyData data(study);
  std::vector<MethodRow> rows;
  for (const MethodComparison& c : comparisons(data)) {
    if (!c.is_largest_volume) continue;
    Configurations all = c.bases;
    all.insert(all.end(), c.multi_bin.begin(), c.multi_bin.end());
    // One GPU may be both what is compared and what was chosen.
    if (c.multi_bin.size() == 1 && all.back().value("num_gpus") == 1) all.push_back(all.back());
    for (const Configuration& each : all) {
      const double scaling = each.value("rps_scaling");
      rows.push_back({std::isnan(scaling) ? 1 : scaling,
                      text_of({"{}, {}", {each.text("scheduler_kind"), method_settings(each)}}),
                      each.rows.front()});
    }
  }
  return rows;
}

}  // namespace servesweep
