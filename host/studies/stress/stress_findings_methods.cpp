// The comparison of methods (step 4): what was chosen for each volume and load scaling, why, and
// what it gains.
#include <algorithm>

#include "host/studies/stress/stress_choice.hpp"
#include "host/studies/stress/stress_findings.hpp"

namespace servesweep {
namespace {

constexpr const char* kMethodTopic = "Methods";

// The choice, what the grid said for it, and whether all seeds bear it out.
FindingRecord choice_finding(const std::string& topic, const char* start,
                             const Configuration& best) {
  const MeanInterval rate = mean_interval(best.values(kRequestViolations.column));
  const bool open = best.rows.size() > 1 && rate.contains(kStressViolationLimit);
  return {topic,
          {"{} {}, {} breaks the request SLA for {} of the requests, {} {}.",
           {start, workload(best), method(best), mean_over_seeds(kRequestViolations, best),
            open                                 ? "not clearly within or above"
            : rate.mean <= kStressViolationLimit ? "within"
                                                 : "above",
            Percent{"limit", kStressViolationLimit}}},
          kRequestViolations.column};
}

FindingRecords reason_finding(const StudyData& data, const Configuration& best) {
  const Frame grid = grid_part(data.frame().select(data.newest_rows(StressStep::kGrid)),
                               best.value("workload_requests"), best.value("rps_scaling"));
  if (grid.num_rows() == 0) return {};
  const Choice choice = choose_method(grid);
  const StudyData worlds(grid);
  const Count seeds = worlds.group(worlds.all_rows(), {"num_gpus", "k_bins"}).front().seeds();
  if (static_cast<double>(choice.num_gpus) != best.value("num_gpus") ||
      static_cast<double>(choice.k_bins) != best.value("k_bins")) {
    return {};  // the grid was run again after the comparison
  }
  return {{kMethodTopic,
           {"Why, by the grid ({}): {}", {seeds, choice.reason}},
           kRequestViolations.column}};
}

// `better` against `base`: the latencies, and the throughput.
FindingRecord gain_finding(const Configuration& base, const Configuration& better,
                           const ArrivalRate& arrivals) {
  Clause note;
  if (overloaded(base, arrivals)) {
    const Percent busy{"utilization", base.value("mean_gpu_utilization")};
    note = {
        "; the former is overloaded (GPUs busy {}), so the difference in latency grows with the "
        "number of requests",
        {busy}};
    if (overloaded(better, arrivals)) {
      note = {
          "; both are overloaded (GPUs busy {} and {}): their latencies measure the length of "
          "the run",
          {busy, Percent{"utilization", better.value("mean_gpu_utilization")}}};
    }
  }
  return compared(
      kMethodTopic, {"With {}, from {} to {}: ", {workload(base), method(base), method(better)}},
      {kMeanLatency, kP99Latency, {"tokens per second", "throughput_tokens_per_s", "tokens/s"}},
      base, better, nullptr, note);
}

}  // namespace

std::vector<MethodComparison> comparisons(const StudyData& data) {
  std::vector<MethodComparison> found;
  double largest = 0;
  for (const Configurations& methods : series(
           data.configurations(StressStep::kComparison, {"rps_scaling", "workload_requests",
                                                         "scheduler_kind", "num_gpus", "k_bins"}),
           2)) {
    MethodComparison& c = found.emplace_back();
    for (const Configuration& each : methods) {
      const std::string scheduler = each.text("scheduler_kind");
      if (scheduler == "static_fifo") c.static_fifo = each;
      if (scheduler == "dynamic_no_bins") c.dynamic = each;
      if (scheduler != "multi_bin_dynamic") continue;
      if (each.key[3] == 1) c.one_gpu = each;
      c.best = each;  // in order of GPUs; one GPU alone is both
    }
    for (const auto& each : {c.static_fifo, c.dynamic, c.one_gpu, c.best}) {
      if (each) c.all.push_back(*each);
    }
    largest = std::max(largest, methods.front().key[1]);
  }
  for (MethodComparison& c : found) {
    c.is_largest_volume = !c.all.empty() && c.all.front().key[1] == largest;
  }
  return found;
}

FindingRecords method_answer(const StudyData& data) {
  FindingRecords findings;
  for (const MethodComparison& c : comparisons(data)) {
    if (!c.is_largest_volume || !c.best) continue;
    findings.push_back(choice_finding(kAnswerTopic, "Together: with", *c.best));
  }
  return findings;
}

FindingRecords method_findings(const StudyData& data) {
  FindingRecords findings;
  for (const MethodComparison& c : comparisons(data)) {
    if (!c.best) continue;
    findings.push_back(choice_finding(kMethodTopic, "With", *c.best));
    for (FindingRecord& reason : reason_finding(data, *c.best)) {
      findings.push_back(std::move(reason));
    }
    if (!c.is_largest_volume) continue;
    const ArrivalRate arrivals = arrival_rate(c.all);
    for (const auto& base : {c.static_fifo, c.dynamic}) {
      if (!base) continue;
      if (c.one_gpu) findings.push_back(gain_finding(*base, *c.one_gpu, arrivals));
      if (c.best->value("num_gpus") != 1) {
        findings.push_back(gain_finding(*base, *c.best, arrivals));
      }
    }
  }
  return findings;
}

}  // namespace servesweep
