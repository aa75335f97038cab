// The comparison of methods (step 4): what was chosen for each volume and load scaling, why, and
// what it gains.
#include "host/studies/stress/stress_methods.hpp"

#include <algorithm>
#include <cmath>

#include "host/base/statistics.hpp"
#include "host/results/replications.hpp"
#include "host/studies/stress/stress_choice.hpp"
#include "host/studies/stress/stress_findings.hpp"

namespace servesweep {
namespace {

std::string name_of(const StudyData& data, const SeedGroup& group) {
  return data.text(group, "scheduler_kind");
}

// The grid's worlds of this volume and load scaling.
std::vector<std::size_t> grid_rows(const StudyData& data, const MethodComparison& c) {
  std::vector<std::size_t> rows;
  for (const std::size_t row : data.newest_rows(StressStep::kGrid)) {
    const double scaling = data.value(row, "rps_scaling");
    if (data.value(row, "workload_requests") == c.requests &&
        (scaling == c.rps_scaling || (std::isnan(scaling) && std::isnan(c.rps_scaling)))) {
      rows.push_back(row);
    }
  }
  return rows;
}

// The choice, what the grid said for it, and whether all seeds bear it out.
StudyFinding choice_finding(const StudyData& data, const MethodComparison& c) {
  const std::string metric = "request_sla_violation_rate";
  Sentence s;
  s.words("With ");
  say_workload(s, data, *c.best);
  s.words(", multi_bin_dynamic on ").count("num_gpus", data.input(*c.best, "num_gpus"), "GPU");
  s.words(" with K = ").number("k_bins", data.input(*c.best, "k_bins"));
  const MeanInterval rate = mean_interval(data.values(*c.best, metric));
  s.words(" breaks the request SLA for ").percent(metric, rate.mean).words(" of the requests");
  if (c.best->rows.size() < 2) {
    s.words(kOneSeedNote);
  } else {
    s.words(" (");
    say_seeds(s, *c.best);
    s.words(", 95 % interval: ");
    s.range(metric + "_percent", 100 * std::max(0.0, rate.mean - rate.half_width),
            100 * std::min(1.0, rate.mean + rate.half_width), "%");
    s.words(")");
  }
  const bool open = c.best->rows.size() > 1 && rate.contains(kStressViolationLimit);
  s.words(open                                 ? ", not clearly within or above "
          : rate.mean <= kStressViolationLimit ? ", within "
                                               : ", above ");
  return s.percent("limit", kStressViolationLimit).words(".").finding("Methods");
}

std::optional<StudyFinding> reason_finding(const StudyData& data, const MethodComparison& c) {
  const std::vector<std::size_t> rows = grid_rows(data, c);
  if (rows.empty()) return {};
  const MethodChoice choice = choose_method(data.frame().select(rows));
  if (static_cast<double>(choice.num_gpus) != data.input(*c.best, "num_gpus") ||
      static_cast<double>(choice.k_bins) != data.input(*c.best, "k_bins")) {
    return {};  // the grid was run again after the comparison
  }
  Sentence s;
  s.words("Why, by the grid (");
  say_seeds(s, replications_by(data.frame(), rows, {"num_gpus", "k_bins"}).front());
  StudyFinding finding = s.words("): ").finding("Methods");
  finding.text += choice.reason;
  finding.numbers.insert(finding.numbers.end(), choice.numbers.begin(), choice.numbers.end());
  return finding;
}

// `better` against `base`: the latencies, and the throughput.
StudyFinding gain_finding(const StudyData& data, const SeedGroup& base, const SeedGroup& better,
                          const ArrivalRate& arrivals) {
  const auto say_method = [&](Sentence& s, const SeedGroup& group) {
    s.words(name_of(data, group))
        .words(" on ")
        .count("num_gpus", data.input(group, "num_gpus"), "GPU");
    if (name_of(data, group) == "multi_bin_dynamic") {
      s.words(" with K = ").number("k_bins", data.input(group, "k_bins"));
    }
  };
  Sentence s;
  s.words("With ");
  say_workload(s, data, base);
  s.words(", from ");
  say_method(s, base);
  s.words(" to ");
  say_method(s, better);
  s.words(": ");
  say(s, "mean latency", "mean_latency", data.ratio(base, better, "mean_latency_s"));
  say(s, "; p99 latency", "p99_latency", data.ratio(base, better, "p99_latency_s"));
  say(s, "; tokens per second", "throughput_tokens_per_s",
      data.ratio(base, better, "throughput_tokens_per_s"));
  s.words(".");
  if (overloaded(data, base, arrivals)) {
    s.words(" The former is overloaded (GPUs busy ");
    s.percent("utilization", data.mean_of(base, "mean_gpu_utilization"));
    if (overloaded(data, better, arrivals)) {
      s.words("), and so is the latter (");
      s.percent("utilization", data.mean_of(better, "mean_gpu_utilization"));
      s.words("): their latencies measure the length of the run.");
    } else {
      s.words("), so the difference in latency grows with the number of requests.");
    }
  }
  return s.finding("Methods");
}

}  // namespace

double largest_volume(const std::vector<MethodComparison>& all) {
  double largest = 0;
  for (const MethodComparison& c : all) largest = std::max(largest, c.requests);
  return largest;
}

std::vector<MethodComparison> comparisons(const StudyData& data) {
  std::vector<MethodComparison> found;
  const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
  for (const SeedGroup& group : data.configurations(
           StressStep::kComparison,
           {"rps_scaling", "workload_requests", "scheduler_kind", "num_gpus", "k_bins"})) {
    if (found.empty() || !same(found.back().rps_scaling, group.key[0]) ||
        found.back().requests != group.key[1]) {
      found.push_back({group.key[1], group.key[0], {}, {}, {}, {}});
    }
    MethodComparison& c = found.back();
    const std::string scheduler = name_of(data, group);
    if (scheduler == "static_fifo") c.static_fifo = group;
    if (scheduler == "dynamic_no_bins") c.dynamic = group;
    if (scheduler == "multi_bin_dynamic") {
      if (group.key[3] == 1) c.one_gpu = group;
      c.best = group;  // in order of GPUs; one GPU alone is both
    }
  }
  return found;
}

Findings method_answer(const StudyData& data) {
  Findings findings;
  const std::vector<MethodComparison> all = comparisons(data);
  for (const MethodComparison& c : all) {
    if (c.requests != largest_volume(all) || !c.best) continue;
    StudyFinding finding = choice_finding(data, c);
    finding.topic = kAnswerTopic;
    finding.text.insert(0, "Together: ");
    finding.text[10] = 'w';
    findings.push_back(std::move(finding));
  }
  return findings;
}

Findings method_findings(const StudyData& data) {
  Findings findings;
  const std::vector<MethodComparison> all = comparisons(data);
  const double largest = largest_volume(all);
  for (const MethodComparison& c : all) {
    if (!c.best) continue;
    findings.push_back(choice_finding(data, c));
    if (const std::optional<StudyFinding> reason = reason_finding(data, c)) {
      findings.push_back(*reason);
    }
    if (c.requests != largest) continue;
    std::vector<SeedGroup> groups;
    for (const auto& group : {c.static_fifo, c.dynamic, c.one_gpu, c.best}) {
      if (group) groups.push_back(*group);
    }
    const ArrivalRate arrivals = arrival_rate(data, groups);
    for (const auto& base : {c.static_fifo, c.dynamic}) {
      if (!base) continue;
      if (c.one_gpu) findings.push_back(gain_finding(data, *base, *c.one_gpu, arrivals));
      if (data.input(*c.best, "num_gpus") != 1) {
        findings.push_back(gain_finding(data, *base, *c.best, arrivals));
      }
    }
  }
  return findings;
}

}  // namespace servesweep
