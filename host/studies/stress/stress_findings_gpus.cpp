// How many GPUs: the choice, saturation, overload, utilisation against theory.
#include <algorithm>
#include <cmath>

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
FindingRecords overload_over(const Configurations& groups, const Variable& input) {
  const ArrivalRate arrivals = arrival_rate(groups);
  Configurations which = groups;
  std::erase_if(which, [&](const Configuration& of) { return !overloaded(of, arrivals); });
  if (which.empty() || !arrivals.known) return {};
  std::vector<Clause> values;
  for (const Configuration& each : which) values.push_back({"{}", {level(input, each)}});
  return {{"Overload",
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
           which.back().key[0]}};
}

// Step 1 has several volumes: with more of the same, latency grows.
FindingRecords overload_with_volume(const StudyData& data) {
  FindingRecords findings;
  for (const Configurations& volumes :
       series(data.configurations(StressStep::kRequestScaling,
                                  {"scheduler_kind", "num_gpus", "workload_requests"}),
              2)) {
    if (volumes.size() < 2) continue;
    const Configuration &small = volumes.front(), &large = volumes.back();
    const Change growth = change_of(kMeanLatency, volumes.end()[-2], large).change;
    if (large.value(kBusy) < kBusyUtilization || !growth.rises() || growth.ratio() < 2) continue;
    findings.push_back({"Overload",
                        {"{} is overloaded: GPUs are busy {} of the time, and mean latency grows "
                         "from {} with {} to {} with {}; it measures the length of the run.",
                         {method(large), Percent{"utilization", large.value(kBusy)},
                          level(kMeanLatency, small), Count{"requests", small.key[2], "request"},
                          level(kMeanLatency, large), Number{"requests", large.key[2]}}},
                        kMeanLatency.column,
                        small.key[2],
                        large.key[2],
                        change_of(kMeanLatency, small, large)});
  }
  return findings;
}

// Measured utilisation, and what the arrival rate, the mean service time and the mean batch size
// would make of it if batch sizes and times had nothing to do with each other.
FindingRecord utilization_of(const Configuration& of, const ArrivalRate& arrivals) {
  const double busy = of.value(kBusy), gpus = of.value("num_gpus");
  const double service_s = of.value("mean_service_time_s"), batch = of.value("mean_batch_size");
  const double batch_time_s = busy * gpus * batch / of.value(kCompleted.column);
  Clause limit;
  if (overloaded(of, arrivals)) {
    limit = {" The GPUs cannot do more: {} are completed.",
             {Number{"completed_per_s", of.value(kCompleted.column), "requests/s"}}};
  }
  const char* reason = ", since large batches take longer; the formula counts too much by that";
  if (service_s < batch_time_s) {
    reason = ", since large batches take less time; the formula counts too little by that";
  }
  if (std::fabs(service_s / batch_time_s - 1) < 0.01) reason = ": about the same";
  return {
      "Utilisation",
      {"On {} utilisation is {}; arrival rate x mean service time / (GPUs x mean batch size) = "
       "{} x {} / ({} x {}) = {}.{} A batch takes {} on average, but the batch of an average "
       "request {}{}.",
       {of.count("num_gpus", "GPU"), Percent{"utilization", busy},
        Number{"arrivals_per_s", arrivals.per_s, "requests/s"},
        of.number("mean_service_time_s", "s"), of.number("num_gpus"), of.number("mean_batch_size"),
        Percent{"theoretical_utilization", arrivals.per_s * service_s / (gpus * batch)}, limit,
        Number{"mean_batch_time_s", batch_time_s, "s"}, of.number("mean_service_time_s", "s"),
        reason}},
      kBusy,
      std::nullopt,
      gpus};
}

}  // namespace

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

FindingRecords gpu_answer(const StudyData& data) {
  const Configurations groups = over_gpus(data);
  if (groups.empty()) return {};
  const Choice choice = choose_gpus(data.frame().select(data.newest_rows(StressStep::kGpuScaling)));
  return {{kAnswerTopic,
           {"GPUs: with {} and K = {}, {}",
            {workload(groups.front()), level(kBinCount, groups.front()), choice.reason}},
           kRequestViolations.column,
           std::nullopt,
           static_cast<double>(choice.num_gpus)}};
}

FindingRecords gpu_findings(const StudyData& data) {
  const Configurations groups = over_gpus(data);
  if (groups.empty()) return {};
  FindingRecords findings = {varied(
      "GPUs", {"GPUs of multi_bin_dynamic at K = {} were varied", {level(kBinCount, groups[0])}},
      groups[0])};
  if (groups.size() < 2) return findings;
  std::size_t at = groups.size() - 1;
  while (at > 0 &&
         change_of(kCompleted, groups[at - 1], groups[at]).change.ratio() < 1 + kSaturationGain) {
    --at;
  }
  findings.push_back(saturation(groups, at));
  if (at + 1 < groups.size()) {
    findings.push_back(compared(
        "GPUs",
        {"From GPUs = {} to {}: ", {level(kGpuCount, groups[at]), level(kGpuCount, groups.back())}},
        {kMeanLatency, kP99Latency, kRequestViolations}, groups[at], groups.back(), "num_gpus"));
  }
  return findings;
}

FindingRecords overload_findings(const StudyData& data) {
  FindingRecords findings = overload_with_volume(data);
  for (const auto& more :
       {overload_over(over_gpus(data), kGpuCount), overload_over(over_bins(data), kBinCount)}) {
    findings.insert(findings.end(), more.begin(), more.end());
  }
  return findings;
}

FindingRecords utilization_findings(const StudyData& data) {
  const Configurations groups = over_gpus(data);
  const ArrivalRate arrivals = arrival_rate(groups);
  if (!arrivals.known) return {};
  const auto enough = std::find_if(groups.begin(), groups.end(), [&](const Configuration& each) {
    return !overloaded(each, arrivals);
  });
  FindingRecords findings;
  for (auto each = groups.begin(); each != groups.end(); ++each) {
    if (each == groups.begin() || each == enough || each + 1 == groups.end()) {
      findings.push_back(utilization_of(*each, arrivals));
    }
  }
  return findings;
}

}  // namespace servesweep
