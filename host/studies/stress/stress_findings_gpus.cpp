// How many GPUs: the choice, saturation, overload, utilisation against theory.
#include <algorithm>

#include "host/studies/stress/stress_choice.hpp"
#include "host/studies/stress/stress_findings.hpp"

namespace servesweep {
namespace {

constexpr double kSaturationGain = 0.05;
constexpr double kSameRate = 0.99;  // throughputs that differ by less are one
constexpr const char* kBusy = "mean_gpu_utilization";
constexpr Variable kCompleted = {"throughput", "throughput_requests_per_s", "requests/s"};

// From the first number of GPUs from which on no next one gains 5 % of throughput; from the last
// but one to the last where there is none.
FindingRecord saturation(const Configurations& groups, std::size_t at) {
  const bool saturates = at + 1 < groups.size();
  const std::size_t first = saturates ? at : at - 1;
  const Configuration& from = groups[first];
  FindingRecord record = moved_over(
      "GPUs", {saturates ? "Throughput saturates: from" : "Throughput does not saturate: from"},
      kGpuCount, kCompleted, from, groups[first + 1]);
  if (!saturates) return record;
  const bool idle = from.value(kBusy) < kBusyUtilization;
  record.sentence = {
      "{} {} ({}, busy {} of the time).",
      {record.sentence, idle ? "The arrivals limit it" : "Idle GPUs are not the reason",
       from.count("num_gpus", "GPU"), Percent{"utilization", from.value(kBusy)}}};
  return record;
}

// The overloaded ones of configurations that differ in one input.
void overload_over(const Configurations& groups, const Variable& input, FindingRecords& found) {
  const ArrivalRate arrivals = arrival_rate(groups);
  Configurations which = groups;
  std::erase_if(which, [&](const Configuration& of) { return !overloaded(of, arrivals); });
  if (which.empty() || !arrivals.known) return;
  std::vector<Clause> values;
  for (const Configuration& each : which) values.push_back({"{}", {level(input, each)}});
  found.push_back(
      {"Overload",
       {"With {} = {} the cluster is overloaded: its GPUs are busy at least {} of the time and "
        "complete at most {} of the {} that arrive, so latencies there grow with the length of "
        "the run.",
        {input.words, joined(std::move(values), ", ", " and "),
         Percent{"least_utilization", ascending(which, kBusy).front().value(kBusy)},
         Number{"completed_per_s",
                ascending(which, kCompleted.column).back().value(kCompleted.column)},
         Number{"arrivals_per_s", arrivals.per_s, "requests/s"}}},
       kBusy,
       which.front().key[0],
       which.back().key[0]});
}

// Step 1 has several volumes: with more of the same, latency grows.
void overload_with_volume(const Configurations& volumes, FindingRecords& found) {
  if (volumes.size() < 2) return;
  const Configuration &small = volumes.front(), &large = volumes.back();
  const Change growth = change_of(kMeanLatency, volumes.end()[-2], large).change;
  if (large.value(kBusy) < kBusyUtilization || !growth.rises() || growth.ratio() < 2) return;
  found.push_back({"Overload",
                   {"{} is overloaded: GPUs are busy {} of the time, and mean latency grows from "
                    "{} with {} to {} with {}; it measures the length of the run.",
                    {method(large), Percent{"utilization", large.value(kBusy)},
                     level(kMeanLatency, small), Count{"requests", small.key[2], "request"},
                     level(kMeanLatency, large), Number{"requests", large.key[2]}}},
                   kMeanLatency.column,
                   small.key[2],
                   large.key[2],
                   change_of(kMeanLatency, small, large)});
}

// Measured utilisation, and what the arrival rate, the mean service time and the mean batch size
// would make of it if batch sizes and times had nothing to do with each other.
FindingRecord utilization_of(const Configuration& of, const ArrivalRate& arrivals) {
  const double busy = of.value(kBusy), gpus = of.value("num_gpus");
  const double completed_per_s = of.value(kCompleted.column);
  const double service_s = of.value("mean_service_time_s"), batch = of.value("mean_batch_size");
  return {
      "Utilisation",
      {"On {} utilisation is {}, with {} completed; arrival rate x mean service time / (GPUs x "
       "mean batch size) = {} x {} / ({} x {}) = {}. A batch takes {} on average, the batch of "
       "an average request {}.",
       {of.count("num_gpus", "GPU"), Percent{"utilization", busy},
        Number{"completed_per_s", completed_per_s, "requests/s"},
        Number{"arrivals_per_s", arrivals.per_s, "requests/s"},
        of.number("mean_service_time_s", "s"), of.number("num_gpus"), of.number("mean_batch_size"),
        Percent{"theoretical_utilization", arrivals.per_s * service_s / (gpus * batch)},
        Number{"mean_batch_time_s", busy * gpus * batch / completed_per_s, "s"},
        of.number("mean_service_time_s", "s")}},
      kBusy,
      std::nullopt,
      gpus};
}

}  // namespace

std::vector<Configurations> over_volumes(const StudyData& data) {
  return series(data.configurations(StressStep::kRequestScaling,
                                    {"scheduler_kind", "num_gpus", "workload_requests"}),
                2);
}

Configurations over_gpus(const StudyData& data) {
  return data.configurations(StressStep::kGpuScaling, {"num_gpus"});
}

ArrivalRate arrival_rate(const Configurations& same_workload) {
  if (same_workload.empty()) return {};
  const Configurations all = ascending(same_workload, kCompleted.column);
  const double per_s = all.back().value(kCompleted.column);
  const double second = all.size() < 2 ? 0 : all.end()[-2].value(kCompleted.column);
  // Where the second is far below, more GPUs might complete more still.
  return {per_s, all.back().value(kBusy) < kBusyUtilization && second >= kSameRate * per_s};
}

bool overloaded(const Configuration& of, const ArrivalRate& arrivals) {
  return of.value(kBusy) >= kBusyUtilization && of.value(kCompleted.column) < 0.95 * arrivals.per_s;
}

void gpu_findings(const StudyData& data, FindingRecords& found) {
  const Configurations groups = over_gpus(data);
  if (groups.empty()) return;
  const Choice choice = choose_gpus(data.frame().select(data.newest_rows(StressStep::kGpuScaling)));
  const Argument k = level(kBinCount, groups[0]);
  found.push_back({kAnswerTopic,
                   {"GPUs: with {} and K = {}, {}", {workload(groups[0]), k, choice.reason}},
                   kRequestViolations.column,
                   std::nullopt,
                   static_cast<double>(choice.num_gpus)});
  found.push_back(
      varied("GPUs", {"GPUs of multi_bin_dynamic at K = {} were varied", {k}}, groups[0]));
  if (groups.size() < 2) return;
  std::size_t at = groups.size() - 1;
  while (at > 0 &&
         change_of(kCompleted, groups[at - 1], groups[at]).change.ratio() < 1 + kSaturationGain) {
    --at;
  }
  found.push_back(saturation(groups, at));
  if (at + 1 == groups.size()) return;
  const Configuration &enough = groups[at], &most = groups.back();
  found.push_back(compared(
      "GPUs", {"From GPUs = {} to {}: ", {level(kGpuCount, enough), level(kGpuCount, most)}},
      {kMeanLatency, kP99Latency, kRequestViolations}, enough, most, "num_gpus"));
}

void overload_findings(const StudyData& data, FindingRecords& found) {
  for (const Configurations& volumes : over_volumes(data)) overload_with_volume(volumes, found);
  overload_over(over_gpus(data), kGpuCount, found);
  overload_over(over_bins(data), kBinCount, found);
}

void utilization_findings(const StudyData& data, FindingRecords& found) {
  const Configurations groups = over_gpus(data);
  const ArrivalRate arrivals = arrival_rate(groups);
  if (!arrivals.known) return;
  const auto enough = std::find_if(groups.begin(), groups.end(), [&](const Configuration& each) {
    return !overloaded(each, arrivals);
  });
  for (auto each = groups.begin(); each != groups.end(); ++each) {
    if (each == groups.begin() || each == enough || each + 1 == groups.end()) {
      found.push_back(utilization_of(*each, arrivals));
    }
  }
}

}  // namespace servesweep
