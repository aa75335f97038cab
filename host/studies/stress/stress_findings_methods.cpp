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

void method_findings(const StudyData& data, FindingRecords& found) {
  for (const MethodComparison& c : comparisons(data)) {
    if (!c.best) continue;
    found.push_back(choice_finding(kMethodTopic, "With", *c.best));
    find_reason(data, *c.best, found);
    if (!c.is_largest_volume) continue;
    found.push_back(choice_finding(kAnswerTopic, "Together: with", *c.best));
    const ArrivalRate arrivals = arrival_rate(c.all);
    for (const auto& base : {c.static_fifo, c.dynamic}) {
      if (!base) continue;
      if (c.one_gpu) found.push_back(gain(*base, *c.one_gpu, arrivals));
      if (c.best->value("num_gpus") != 1) found.push_back(gain(*base, *c.best, arrivals));
    }
  }
}

}  // namespace servesweep
