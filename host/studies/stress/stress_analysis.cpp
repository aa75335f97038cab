#include "host/studies/stress/stress_analysis.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "host/studies/stress/stress_findings.hpp"
#include "host/studies/stress/stress_methods.hpp"

namespace servesweep {
namespace {

// Where seeds draw nothing that matters to a configuration, its intervals have no width, and look
// surer than they are.
Findings equal_seeds_answer(const StudyData& data) {
  double configurations = 0, equal = 0;
  for (const StressStep step : kStressSteps) {
    if (step == StressStep::kRobustness) continue;
    for (const SeedGroup& group : data.configurations(
             step, {"rps_scaling", "workload_requests", "scheduler_kind", "num_gpus", "k_bins"})) {
      if (group.rows.size() < 2) continue;
      const std::vector<double> latencies_s = data.values(group, "mean_latency_s");
      ++configurations;
      equal += std::all_of(latencies_s.begin(), latencies_s.end(),
                           [&](double x) { return x == latencies_s.front(); })
                   ? 1
                   : 0;
    }
  }
  if (equal == 0) return {};
  Sentence s;
  s.words("Seeds: all gave the same results in ").number("equal_configurations", equal);
  s.words(" of ").count("configurations", configurations, "configuration");
  s.words(
      "; where the requests are a trace's, seeds draw other predictions and no other requests, ");
  s.words("so intervals say nothing about other requests.");
  return {s.finding(kAnswerTopic)};
}

// Steps can have been run with different settings; sentences that speak of several then mix them.
Findings mixed_settings_answer(const StudyData& data) {
  Findings findings;
  for (const char* setting : {"workload_trace", "real_timestamps", "token_ms", "request_s",
                              "alpha_ms", "beta_ms_per_token", "service_gamma"}) {
    if (!data.frame().has(setting)) continue;
    const std::vector<std::string> texts = data.frame().texts(setting);
    std::map<std::string, std::set<int>> steps;  // by value
    for (const StressStep step : kStressSteps) {
      const std::vector<std::size_t>& rows = data.newest_rows(step);
      if (step == StressStep::kRobustness || rows.empty()) continue;
      steps[texts[rows.front()]].insert(step_number(step));
    }
    if (steps.size() < 2) continue;
    Sentence s;
    s.words("Settings: the steps were run with different values of ").words(setting).words(",");
    for (const auto& [value, numbers] : steps) {
      s.words(&value == &steps.begin()->first ? " " : "; ").words(value.empty() ? "none" : value);
      s.words(" in step");
      for (const int number : numbers) s.words(" ").number("step", number);
    }
    s.words(". They do not answer one question.");
    findings.push_back(s.finding(kAnswerTopic));
  }
  return findings;
}

Findings left_out_findings(const StudyData& data) {
  const std::vector<bool> usable = usable_rows(data.frame(), {"mean_latency_s"});
  double worlds = 0, left_out = 0;
  for (const StressStep step : kStressSteps) {
    for (const std::size_t row : data.newest_rows(step)) {
      ++worlds;
      left_out += usable[row] ? 0 : 1;
    }
  }
  if (left_out == 0) return {};
  Sentence s;
  s.number("worlds_left_out", left_out).words(" of ").count("worlds", worlds, "world");
  s.words(" did not run to their end or completed nothing; their configurations are left out.");
  return {s.finding("Left out")};
}

}  // namespace

std::vector<StudyFinding> analyse_stress(const Frame& study) {
  const StudyData data(study);
  std::vector<StudyFinding> findings;
  for (const auto topic :
       {mixed_settings_answer, scheduler_answer, gpu_answer, k_answer, method_answer,
        equal_seeds_answer, left_out_findings, scheduler_findings, gpu_findings, k_findings,
        tail_findings, method_findings, sla_findings, overload_findings, utilization_findings,
        batch_size_findings, robustness_findings}) {
    for (StudyFinding& finding : topic(data)) findings.push_back(std::move(finding));
  }
  return findings;
}

std::vector<MethodRow> method_rows(const Frame& study) {
  const StudyData data(study);
  const std::vector<MethodComparison> all = comparisons(data);
  std::vector<MethodRow> rows;
  for (const MethodComparison& c : all) {
    if (c.requests != largest_volume(all)) continue;
    for (const auto& group : {c.static_fifo, c.dynamic, c.one_gpu, c.best}) {
      if (!group) continue;
      Sentence method;
      method.words(data.text(*group, "scheduler_kind")).words(", ");
      method.count("num_gpus", data.input(*group, "num_gpus"), "GPU");
      if (const double k = data.input(*group, "k_bins"); !std::isnan(k)) {
        method.words(", K = ").number("k_bins", k);
      }
      rows.push_back(
          {std::isnan(c.rps_scaling) ? 1 : c.rps_scaling, method.text(), group->rows.front()});
    }
  }
  return rows;
}

}  // namespace servesweep
