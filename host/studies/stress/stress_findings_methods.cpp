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

void find_reason(const StudyData& data, const Configuration& best, FindingRecords& found) {
  const Frame grid = grid_part(data.frame().select(data.newest_rows(StressStep::kGrid)),
                               best.value("workload_requests"), best.value("rps_scaling"));
  if (grid.num_rows() == 0) return;
  const Choice choice = choose_method(grid);
  if (static_cast<double>(choice.num_gpus) != best.value("num_gpus") ||
      static_cast<double>(choice.k_bins) != best.value("k_bins")) {
    return;  // the grid was run again after the comparison
  }
  const StudyData worlds(grid);
  const Count seeds = worlds.group(worlds.all_rows(), {"num_gpus", "k_bins"}).front().seeds();
  found.push_back({kMethodTopic,
                   {"Why, by the grid ({}): {}", {seeds, choice.reason}},
                   kRequestViolations.column});
}

Clause with_load(const Configuration& of, const ArrivalRate& arrivals) {
  if (!overloaded(of, arrivals)) return method(of);
  return {"{}, overloaded (GPUs busy {}: latencies grow with the length of the run),",
          {method(of), Percent{"utilization", of.value("mean_gpu_utilization")}}};
}

// `better` against `base`: the latencies, and the throughput.
FindingRecord gain(const Configuration& base, const Configuration& better,
                   const ArrivalRate& arrivals) {
  return compared(
      kMethodTopic,
      {"With {}, from {} to {}: ",
       {workload(base), with_load(base, arrivals), with_load(better, arrivals)}},
      {kMeanLatency, kP99Latency, {"tokens per second", "throughput_tokens_per_s", "tokens/s"}},
      base, better);
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
      (each.text("scheduler_kind") == "multi_bin_dynamic" ? c.multi_bin : c.bases).push_back(each);
    }
    largest = std::max(largest, methods.front().key[1]);
  }
  for (MethodComparison& c : found) {
    c.is_largest_volume = (c.bases.empty() ? c.multi_bin : c.bases).front().key[1] == largest;
  }
  return found;
}

void method_findings(const StudyData& data, FindingRecords& found) {
  for (const MethodComparison& c : comparisons(data)) {
    if (c.multi_bin.empty()) continue;
    const Configuration& best = c.multi_bin.back();
    found.push_back(choice_finding(kMethodTopic, "With", best));
    find_reason(data, best, found);
    if (!c.is_largest_volume) continue;
    found.push_back(choice_finding(kAnswerTopic, "Together: with", best));
    Configurations all = c.bases;
    all.insert(all.end(), c.multi_bin.begin(), c.multi_bin.end());
    const ArrivalRate arrivals = arrival_rate(all);
    for (const Configuration& base : c.bases) {
      for (const Configuration& better : c.multi_bin) {
        found.push_back(gain(base, better, arrivals));
      }
    }
  }
}

}  // namespace servesweep
