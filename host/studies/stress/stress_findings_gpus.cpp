// How many GPUs: the choice, saturation, overload, utilisation against theory.
#include <algorithm>
#include <cmath>

#include "host/studies/stress/stress_choice.hpp"
#include "host/studies/stress/stress_findings.hpp"

namespace servesweep {
namespace {

constexpr double kSaturationGain = 0.05;

double gpus_of(const SeedGroup& group) { return group.key.front(); }

// The first number of GPUs from which on no next one gains 5 % of throughput; the last one where
// there is none.
std::size_t saturation(const StudyData& data, const std::vector<SeedGroup>& groups) {
  std::size_t at = groups.size() - 1;
  while (at > 0 && data.ratio(groups[at - 1], groups[at], "throughput_requests_per_s").ratio() <
                       1 + kSaturationGain) {
    --at;
  }
  return at;
}

void say_counts(Sentence& sentence, const std::string& name, const std::vector<double>& counts) {
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (i > 0) sentence.words(i + 1 == counts.size() ? " and " : ", ");
    sentence.number(name, counts[i]);
  }
}

// The overloaded ones of configurations that differ in one input, as "<before>1, 2 and 4<after>",
// or "<before>1<after_one>".
Findings overload_in_sweep(const StudyData& data, const std::vector<SeedGroup>& groups,
                           const std::string& name, std::string_view before, std::string_view after,
                           std::string_view after_one) {
  const ArrivalRate arrivals = arrival_rate(data, groups);
  std::vector<double> which;
  double least_busy = 1, best_per_s = 0;
  for (const SeedGroup& group : groups) {
    if (!overloaded(data, group, arrivals)) continue;
    which.push_back(gpus_of(group));
    least_busy = std::min(least_busy, data.mean_of(group, "mean_gpu_utilization"));
    best_per_s = std::max(best_per_s, data.mean_of(group, "throughput_requests_per_s"));
  }
  if (which.empty() || !arrivals.known) return {};
  Sentence s;
  s.words(before);
  say_counts(s, name, which);
  s.words(which == std::vector<double>{1} ? after_one : after)
      .words(" the cluster is overloaded: its GPUs are busy at least ");
  s.percent("least_utilization", least_busy).words(" of the time and complete at most ");
  s.number("completed_per_s", best_per_s).words(" of the ");
  s.number("arrivals_per_s", arrivals.per_s, "requests/s");
  s.words(" that arrive, so latencies there grow with the length of the run.");
  return {s.finding("Overload")};
}

// Step 1 has several volumes: with more of the same, latency grows.
Findings overload_with_volume(const StudyData& data) {
  Findings findings;
  const std::vector<SeedGroup> all = data.configurations(
      StressStep::kRequestScaling, {"scheduler_kind", "num_gpus", "workload_requests"});
  for (std::size_t first = 0, end = 0; first < all.size(); first = end) {
    for (end = first; end < all.size() && all[end].key[0] == all[first].key[0] &&
                      all[end].key[1] == all[first].key[1];) {
      ++end;
    }
    if (end - first < 2) continue;
    const SeedGroup &small = all[first], &before = all[end - 2], &large = all[end - 1];
    const double busy = data.mean_of(large, "mean_gpu_utilization");
    const Change growth = data.ratio(before, large, "mean_latency_s");
    if (busy < kBusyUtilization || !growth.rises() || growth.ratio() < 2) continue;
    Sentence s;
    s.words(data.text(large, "scheduler_kind")).words(" on ");
    s.count("num_gpus", large.key[1], "GPU").words(" is overloaded: GPUs are busy ");
    s.percent("utilization", busy).words(" of the time, and mean latency grows from ");
    s.number("mean_latency_s", data.mean_of(small, "mean_latency_s"), "s").words(" with ");
    s.count("requests", small.key[2], "request").words(" to ");
    s.number("mean_latency_s", data.mean_of(large, "mean_latency_s"), "s").words(" with ");
    s.number("requests", large.key[2]).words("; it measures the length of the run.");
    findings.push_back(s.finding("Overload"));
  }
  return findings;
}

// Measured utilisation, and what the arrival rate, the mean service time and the mean batch size
// would make of it if batch sizes and times had nothing to do with each other.
StudyFinding utilization_of(const StudyData& data, const SeedGroup& group,
                            const ArrivalRate& arrivals) {
  const double measured = data.mean_of(group, "mean_gpu_utilization");
  const double service_s = data.mean_of(group, "mean_service_time_s");
  const double batch = data.mean_of(group, "mean_batch_size");
  const double theory = arrivals.per_s * service_s / (gpus_of(group) * batch);
  Sentence s;
  s.words("On ").count("num_gpus", gpus_of(group), "GPU").words(" utilisation is ");
  s.percent("utilization", measured).words("; arrival rate x mean service time / (GPUs x mean ");
  s.words("batch size) = ").number("arrivals_per_s", arrivals.per_s, "requests/s x ");
  s.number("mean_service_time_s", service_s, "s / (").number("num_gpus", gpus_of(group));
  s.words(" x ").number("mean_batch_size", batch).words(") = ");
  s.percent("theoretical_utilization", theory).words(".");
  if (overloaded(data, group, arrivals)) {
    s.words(" The GPUs cannot do more: ");
    s.number("completed_per_s", data.mean_of(group, "throughput_requests_per_s"), "requests/s");
    s.words(" are completed.");
  }
  const double batch_time_s =
      measured * gpus_of(group) * batch / data.mean_of(group, "throughput_requests_per_s");
  s.words(" A batch takes ").number("mean_batch_time_s", batch_time_s, "s on average, but the ");
  s.words("batch of an average request ").number("mean_service_time_s", service_s, "s");
  if (std::fabs(service_s / batch_time_s - 1) < 0.01) {
    s.words(": about the same.");
  } else if (service_s > batch_time_s) {
    s.words(", since large batches take longer; the formula counts too much by that.");
  } else {
    s.words(", since large batches take less time; the formula counts too little by that.");
  }
  return s.finding("Utilisation");
}

}  // namespace

Findings gpu_answer(const StudyData& data) {
  const std::vector<SeedGroup> groups = data.configurations(StressStep::kGpuScaling, {"num_gpus"});
  if (groups.empty()) return {};
  const GpuChoice choice =
      choose_gpus(data.frame().select(data.newest_rows(StressStep::kGpuScaling)));
  Sentence s;
  s.words("GPUs: with ");
  say_workload(s, data, groups.front());
  s.words(" and K = ").number("k_bins", data.input(groups.front(), "k_bins")).words(", ");
  StudyFinding finding = s.finding(kAnswerTopic);
  std::string reason = choice.reason;
  if (reason.starts_with("No ")) reason[0] = 'n';
  finding.text += reason;
  finding.numbers.insert(finding.numbers.end(), choice.numbers.begin(), choice.numbers.end());
  return {finding};
}

Findings gpu_findings(const StudyData& data) {
  const std::vector<SeedGroup> groups = data.configurations(StressStep::kGpuScaling, {"num_gpus"});
  if (groups.empty()) return {};
  const std::string topic = "GPUs";
  Findings findings;
  Sentence settings;
  settings.words("GPUs were varied with ");
  say_workload(settings, data, groups.front());
  settings.words(", multi_bin_dynamic, K = ")
      .number("k_bins", data.input(groups.front(), "k_bins"));
  settings.words(" and ");
  say_seeds(settings, groups.front());
  findings.push_back(settings.words(".").finding(topic));

  if (groups.size() < 2) return findings;

  const std::string metric = "throughput_requests_per_s";
  const std::size_t at = saturation(data, groups);
  Sentence s;
  if (at + 1 == groups.size()) {
    s.words("Throughput does not saturate up to ").count("num_gpus", gpus_of(groups[at]), "GPU");
    s.words(", the most tried: from ").number("num_gpus", gpus_of(groups[at - 1])).words(" on ");
    say(s, "it", metric, data.ratio(groups[at - 1], groups[at], metric));
    findings.push_back(s.words(".").finding(topic));
    return findings;
  }
  const double busy = data.mean_of(groups[at], "mean_gpu_utilization");
  s.words("Throughput saturates at ").count("num_gpus", gpus_of(groups[at]), "GPU").words(" with ");
  s.number(metric, data.mean_of(groups[at], metric), "requests/s").words(": to ");
  s.count("num_gpus", gpus_of(groups[at + 1]), "GPU").words(" ");
  say(s, "it", metric, data.ratio(groups[at], groups[at + 1], metric));
  if (busy < kBusyUtilization) {
    s.words(". The arrivals limit it: ");
  } else {
    s.words(". Idle GPUs are not the reason: ");
  }
  s.words(gpus_of(groups[at]) == 1 ? "that GPU is busy " : "those GPUs are busy ");
  s.percent("utilization", busy).words(" of the time.");
  findings.push_back(s.finding(topic));

  Sentence beyond;
  beyond.words("From ").number("num_gpus", gpus_of(groups[at])).words(" to ");
  beyond.count("num_gpus", gpus_of(groups.back()), "GPU").words(" ");
  say(beyond, "mean latency", "mean_latency",
      data.ratio(groups[at], groups.back(), "mean_latency_s"));
  say(beyond, ", p99 latency", "p99_latency",
      data.ratio(groups[at], groups.back(), "p99_latency_s"));
  say(beyond, " and the request SLA violation rate", "request_sla_violation_rate",
      data.points(groups[at], groups.back(), "request_sla_violation_rate"));
  findings.push_back(beyond.words(".").finding(topic));
  return findings;
}

Findings overload_findings(const StudyData& data) {
  Findings findings = overload_with_volume(data);
  for (StudyFinding& f :
       overload_in_sweep(data, data.configurations(StressStep::kGpuScaling, {"num_gpus"}),
                         "num_gpus", "With ", " GPUs", " GPU")) {
    findings.push_back(std::move(f));
  }
  for (StudyFinding& f :
       overload_in_sweep(data, data.configurations(StressStep::kKSensitivity, {"k_bins"}), "k_bins",
                         "With K = ", "", "")) {
    findings.push_back(std::move(f));
  }
  return findings;
}

Findings utilization_findings(const StudyData& data) {
  const std::vector<SeedGroup> groups = data.configurations(StressStep::kGpuScaling, {"num_gpus"});
  const ArrivalRate arrivals = arrival_rate(data, groups);
  if (!arrivals.known) return {};
  Findings findings;
  const auto enough = std::find_if(groups.begin(), groups.end(), [&](const SeedGroup& group) {
    return !overloaded(data, group, arrivals);
  });
  if (enough != groups.begin()) {
    findings.push_back(utilization_of(data, groups.front(), arrivals));
  }
  findings.push_back(utilization_of(data, *enough, arrivals));
  if (&*enough != &groups.back()) {
    findings.push_back(utilization_of(data, groups.back(), arrivals));
  }
  return findings;
}

}  // namespace servesweep
