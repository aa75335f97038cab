// Which scheduler: the ranking by volume (step 1).
#include <algorithm>
#include <cmath>

#include "host/studies/stress/stress_findings.hpp"

namespace servesweep {
namespace {

void say_scheduler(Sentence& s, const StudyData& data, const SeedGroup& group) {
  s.words(data.text(group, "scheduler_kind"));
  if (const double k = data.input(group, "k_bins"); !std::isnan(k)) {
    s.words(" (K = ").number("k_bins", k).words(")");
  }
}

// Best first, with what the seeds leave open said between neighbours.
StudyFinding latency_ranking(const StudyData& data, std::vector<SeedGroup> groups,
                             const std::string& metric, const std::string& words) {
  const auto mean_of = [&](const SeedGroup& g) { return data.mean_of(g, metric); };
  std::stable_sort(groups.begin(), groups.end(),
                   [&](const SeedGroup& a, const SeedGroup& b) { return mean_of(a) < mean_of(b); });
  Sentence s;
  s.words("With ");
  say_workload(s, data, groups.front());
  s.words(" on one GPU, ").words(words).words(": ");
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i > 0) {
      const bool clear = data.ratio(groups[i - 1], groups[i], metric).rises();
      s.words(clear ? ", then " : " and (no clear difference) ");
    }
    say_scheduler(s, data, groups[i]);
    s.words(" ").number(metric, mean_of(groups[i]), "s");
  }
  if (groups.front().rows.size() == 1) s.words(kOneSeedNote);
  return s.words(".").finding("Schedulers");
}

// Which has the lowest, where the seeds leave no doubt.
void say_lowest(Sentence& s, const StudyData& data, std::vector<SeedGroup> groups,
                const std::string& metric, const std::string& words) {
  std::stable_sort(groups.begin(), groups.end(), [&](const SeedGroup& a, const SeedGroup& b) {
    return data.mean_of(a, metric) < data.mean_of(b, metric);
  });
  const bool clear = data.ratio(groups[0], groups[1], metric).rises();
  if (!clear) s.words("no clear difference in ").words(words).words(" between ");
  say_scheduler(s, data, groups[0]);
  if (clear) s.words(" has the lowest ").words(words).words(",");
  s.words(" ").number(metric, data.mean_of(groups[0], metric), "s");
  s.words(clear ? ", before " : " and ");
  say_scheduler(s, data, groups[1]);
  s.words(clear ? " with " : " ").number(metric, data.mean_of(groups[1], metric), "s");
}

StudyFinding violation_ranking(const StudyData& data, std::vector<SeedGroup> groups) {
  const std::string metric = "request_sla_violation_rate";
  const auto mean_of = [&](const SeedGroup& g) { return data.mean_of(g, metric); };
  std::stable_sort(groups.begin(), groups.end(),
                   [&](const SeedGroup& a, const SeedGroup& b) { return mean_of(a) < mean_of(b); });
  Sentence s;
  s.words("With ");
  say_workload(s, data, groups.front());
  s.words(" on one GPU");
  if (mean_of(groups.front()) >= 0.99) {
    s.words(" every scheduler breaks the request SLA for at least ");
    s.percent(metric, mean_of(groups.front())).words(" of the requests.");
    return s.finding("Schedulers");
  }
  s.words(", request SLA violations: ");
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i > 0) {
      const bool clear = data.points(groups[i - 1], groups[i], metric).rises();
      s.words(clear ? ", then " : " and (no clear difference) ");
    }
    say_scheduler(s, data, groups[i]);
    s.words(" ").percent(metric, mean_of(groups[i]));
  }
  if (groups.front().rows.size() == 1) s.words(kOneSeedNote);
  return s.words(".").finding("Schedulers");
}

}  // namespace

void say_workload(Sentence& sentence, const StudyData& data, const SeedGroup& group) {
  sentence.count("requests", data.input(group, "workload_requests"), "request");
  const double scaling = data.input(group, "rps_scaling");
  if (std::isnan(scaling)) {
    sentence.words(" at real timestamps");
  } else {
    sentence.words(" at load scaling ").number("rps_scaling", scaling);
  }
}

void say_seeds(Sentence& sentence, const SeedGroup& group) {
  sentence.count("seeds", static_cast<double>(group.rows.size()), "seed");
}

Findings scheduler_answer(const StudyData& data) {
  std::vector<SeedGroup> last;  // on one GPU, at the largest volume
  for (const SeedGroup& group : data.configurations(
           StressStep::kRequestScaling, {"workload_requests", "num_gpus", "scheduler_kind"})) {
    if (group.key[1] != 1) continue;
    if (!last.empty() && last.front().key[0] != group.key[0]) last.clear();
    last.push_back(group);
  }
  if (last.size() < 2) return {};
  Sentence s;
  s.words("Scheduler: with ");
  say_workload(s, data, last.front());
  s.words(" on one GPU, ");
  say_lowest(s, data, last, "mean_latency_s", "mean latency");
  s.words("; ");
  say_lowest(s, data, last, "p99_latency_s", "p99 latency");
  if (last.front().rows.size() == 1) s.words(kOneSeedNote);
  return {s.words(".").finding(kAnswerTopic)};
}

Findings scheduler_findings(const StudyData& data) {
  Findings findings;
  const std::vector<SeedGroup> all = data.configurations(
      StressStep::kRequestScaling, {"workload_requests", "num_gpus", "scheduler_kind"});
  std::vector<SeedGroup> same;
  for (std::size_t i = 0; i <= all.size(); ++i) {
    if (!same.empty() && (i == all.size() || all[i].key[0] != same.front().key[0])) {
      if (same.size() > 1) {
        findings.push_back(latency_ranking(data, same, "mean_latency_s", "mean latency"));
        findings.push_back(latency_ranking(data, same, "p99_latency_s", "p99 latency"));
        findings.push_back(violation_ranking(data, same));
      }
      same.clear();
    }
    if (i < all.size() && all[i].key[1] == 1) same.push_back(all[i]);
  }
  return findings;
}

}  // namespace servesweep
