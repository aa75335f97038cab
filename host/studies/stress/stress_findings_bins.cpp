// Which K: gains from each K to the next, the tail, batch sizes.
#include <algorithm>
#include <optional>
#include <string_view>

#include "host/studies/stress/stress_findings.hpp"

namespace servesweep {
namespace {

constexpr double kSmallGain = 0.01;

struct GainMetric {
  const char* column;
  const char* name;   // of its numbers
  const char* words;  // in a sentence
  bool less_is_better;
};
constexpr GainMetric kGainMetrics[] = {
    {"mean_latency_s", "mean_latency", "mean latency", true},
    {"p99_latency_s", "p99_latency", "p99 latency", true},
    {"throughput_requests_per_s", "throughput", "throughput", false}};

// A gain whose interval leaves no doubt of its sign, and of at least 1 %.
bool clear_gain(const GainMetric& metric, const Change& change) {
  return metric.less_is_better ? change.falls() && change.ratio() <= 1 - kSmallGain
                               : change.rises() && change.ratio() >= 1 + kSmallGain;
}

// The position of the K after which no step has a clear gain of 1 %.
std::size_t last_gain(const StudyData& data, const std::vector<SeedGroup>& groups,
                      const GainMetric& metric) {
  std::size_t at = groups.size() - 1;
  while (at > 0 && !clear_gain(metric, data.ratio(groups[at - 1], groups[at], metric.column))) {
    --at;
  }
  return at;
}

StudyFinding end_of_gains(const StudyData& data, const std::vector<SeedGroup>& groups,
                          const GainMetric& metric) {
  const std::size_t at = last_gain(data, groups, metric);
  const double k = groups[at].key[0];
  const bool one_seed = groups[at].rows.size() < 2;
  const std::string_view gain = one_seed ? "a gain of " : "a clear gain of ";
  Sentence s;
  if (at + 1 == groups.size()) {
    s.words("The step to K = ").number("k_bins", k).words(", the largest tried, still gains ");
    s.percent("least_gain", kSmallGain).words(" or more: ");
    say(s, metric.words, metric.name, data.ratio(groups[at - 1], groups[at], metric.column));
  } else if (at == 0) {
    s.words("No step of K from ").number("k_bins", k).words(" to ");
    s.number("k_bins", groups.back().key[0]).words(" has ").words(gain);
    s.percent("least_gain", kSmallGain).words(" in ").words(metric.words);
  } else {
    s.words("After K = ").number("k_bins", k).words(" no step has ").words(gain);
    s.percent("least_gain", kSmallGain).words(" in ").words(metric.words);
  }
  if (one_seed && at + 1 < groups.size()) s.words(kOneSeedNote);
  return s.words(".").finding("K");
}

// Whether one step lowers mean latency by a larger factor than every other, seed by seed.
std::optional<StudyFinding> largest_gain(const StudyData& data,
                                         const std::vector<SeedGroup>& groups) {
  const std::string metric = "mean_latency_s";
  std::vector<std::vector<double>> factors;  // [step][seed]
  for (std::size_t i = 1; i < groups.size(); ++i) {
    const std::vector<double> before = data.values(groups[i - 1], metric);
    std::vector<double> after = data.values(groups[i], metric);
    if (before.size() != after.size()) return {};
    for (std::size_t seed = 0; seed < after.size(); ++seed) after[seed] /= before[seed];
    factors.push_back(after);
  }
  if (factors.size() < 2) return {};
  std::size_t best = 0;
  const auto ratio_of = [&](std::size_t step) {
    return data.ratio(groups[step], groups[step + 1], metric).ratio();
  };
  for (std::size_t step = 1; step < factors.size(); ++step) {
    if (ratio_of(step) < ratio_of(best)) best = step;
  }
  for (std::size_t step = 0; step < factors.size(); ++step) {
    if (step == best) continue;
    if (factors[step].size() != factors[best].size() ||
        !paired_change(factors[step], factors[best]).falls()) {
      return {};
    }
  }
  Sentence s;
  s.words("The step from K = ").number("k_bins", groups[best].key[0]).words(" to ");
  s.number("k_bins", groups[best + 1].key[0]).words(" cuts mean latency most: from ");
  s.number("mean_latency_s", data.mean_of(groups[best], metric), "s").words(" to ");
  s.number("mean_latency_s", data.mean_of(groups[best + 1], metric), "s");
  if (ratio_of(best) >= 1) return {};
  if (factors[best].size() < 2) s.words(kOneSeedNote);
  return s.words(".").finding("K");
}

double largest_batch(const StudyData& data, const SeedGroup& group) {
  const std::vector<double> sizes = data.values(group, "max_batch_size");
  return *std::max_element(sizes.begin(), sizes.end());
}

// What else than bins of like lengths the first step of K changes.
Findings first_step_notes(const StudyData& data, const std::vector<SeedGroup>& groups) {
  const SeedGroup &first = groups[0], &second = groups[1];
  Findings notes;
  if (overloaded(data, first, arrival_rate(data, groups))) {
    Sentence s;
    s.words("With K = ").number("k_bins", first.key[0]).words(" the GPUs are busy ");
    s.percent("utilization", data.mean_of(first, "mean_gpu_utilization"));
    s.words(" of the time and fall behind the arrivals, so the gain from there grows with the ");
    notes.push_back(s.words("number of requests.").finding("K"));
  }
  const double before = largest_batch(data, first), after = largest_batch(data, second);
  if (after > 2 * before || before > 2 * after) {
    Sentence s;
    s.words("Batches change too: the largest has ").count("max_batch_size", before, "request");
    s.words(" with K = ").number("k_bins", first.key[0]).words(" and ");
    s.number("max_batch_size", after).words(" with K = ").number("k_bins", second.key[0]);
    notes.push_back(s.words(".").finding("K"));
  }
  return notes;
}

// "<what>a to b the mean batch size ..."
StudyFinding batch_size_change(const StudyData& data, const SeedGroup& first, const SeedGroup& last,
                               const std::string& what, const std::string& key, double from,
                               double to) {
  const auto largest = [&](const SeedGroup& group) { return largest_batch(data, group); };
  Sentence s;
  s.words(what).number(key, from).words(" to ").number(key, to).words(" ");
  const Change change = data.ratio(first, last, "mean_batch_size");
  say(s, "the mean batch size", "mean_batch_size", change);
  if (change.is_clear()) {
    s.words(", from ").number("mean_batch_size", data.mean_of(first, "mean_batch_size"));
    s.words(" to ").number("mean_batch_size", data.mean_of(last, "mean_batch_size"), "requests");
  }
  s.words("; the largest batch ");
  if (largest(first) == largest(last)) {
    s.words("has ").count("max_batch_size", largest(last), "request").words(" at both.");
  } else {
    s.words("goes from ").number("max_batch_size", largest(first)).words(" to ");
    s.count("max_batch_size", largest(last), "request").words(".");
  }
  return s.finding("Batch sizes");
}

}  // namespace

Findings k_answer(const StudyData& data) {
  const std::vector<SeedGroup> groups = data.configurations(StressStep::kKSensitivity, {"k_bins"});
  if (groups.size() < 2) return {};
  const GainMetric metric = kGainMetrics[0];
  std::size_t at = 0;  // the first that no later one betters
  while (std::any_of(groups.begin() + static_cast<std::ptrdiff_t>(at) + 1, groups.end(),
                     [&](const SeedGroup& later) {
                       return clear_gain(metric, data.ratio(groups[at], later, metric.column));
                     })) {
    ++at;
  }
  Sentence s;
  s.words("K: on ").count("num_gpus", data.input(groups.front(), "num_gpus"), "GPU");
  s.words(" with ");
  say_workload(s, data, groups.front());
  s.words(", K = ").number("k_bins", groups[at].key[0]);
  if (at + 1 == groups.size()) {
    s.words(", the largest tried, still cuts mean latency by ");
    s.percent("least_gain", kSmallGain).words(" or more against K = ");
    s.number("k_bins", groups[at - 1].key[0]);
  } else {
    const bool one_seed = groups[at].rows.size() < 2;
    s.words(" is enough: no larger one ").words(one_seed ? "cuts" : "clearly cuts");
    s.words(" mean latency by another ").percent("least_gain", kSmallGain);
    if (one_seed) s.words(kOneSeedNote);
  }
  return {s.words(".").finding(kAnswerTopic)};
}

Findings k_findings(const StudyData& data) {
  const std::vector<SeedGroup> groups = data.configurations(StressStep::kKSensitivity, {"k_bins"});
  if (groups.size() < 2) return {};
  Findings findings;
  Sentence settings;
  settings.words("K was varied with ");
  say_workload(settings, data, groups.front());
  settings.words(" on ").count("num_gpus", data.input(groups.front(), "num_gpus"), "GPU");
  settings.words(" and ");
  say_seeds(settings, groups.front());
  findings.push_back(settings.words(".").finding("K"));
  for (std::size_t i = 1; i < groups.size(); ++i) {
    Sentence s;
    s.words("From K = ").number("k_bins", groups[i - 1].key[0]).words(" to ");
    s.number("k_bins", groups[i].key[0]).words(": ");
    for (const GainMetric& metric : kGainMetrics) {
      if (&metric != kGainMetrics) s.words("; ");
      say(s, metric.words, metric.name, data.ratio(groups[i - 1], groups[i], metric.column));
    }
    findings.push_back(s.words(".").finding("K"));
  }
  for (StudyFinding& note : first_step_notes(data, groups)) findings.push_back(std::move(note));
  if (const std::optional<StudyFinding> largest = largest_gain(data, groups)) {
    findings.push_back(*largest);
  }
  for (const GainMetric& metric : kGainMetrics) {
    findings.push_back(end_of_gains(data, groups, metric));
  }
  return findings;
}

Findings tail_findings(const StudyData& data) {
  const std::vector<SeedGroup> groups = data.configurations(StressStep::kKSensitivity, {"k_bins"});
  if (groups.size() < 2) return {};
  const SeedGroup &first = groups.front(), &last = groups.back();
  const auto p99_s = [&](const SeedGroup& g) { return data.mean_of(g, "p99_latency_s"); };
  const std::string tail = "p99_latency_s/mean_latency_s";
  Findings findings;
  Sentence change;
  change.words("From K = ").number("k_bins", first.key[0]).words(" to ");
  change.number("k_bins", last.key[0]).words(" ");
  const Change p99 = data.ratio(first, last, "p99_latency_s");
  say(change, "p99 latency", "p99_latency", p99);
  if (p99.is_clear()) {
    change.words(", from ").number("p99_latency_s", p99_s(first), "s").words(" to ");
    change.number("p99_latency_s", p99_s(last), "s");
  }
  findings.push_back(change.words(".").finding("Tail"));

  Sentence shape;
  shape.words("p99 latency is ").number("p99_to_mean", data.mean_of(first, tail));
  shape.words(" times the mean with K = ").number("k_bins", first.key[0]).words(" and ");
  shape.number("p99_to_mean", data.mean_of(last, tail)).words(" times with K = ");
  shape.number("k_bins", last.key[0]).words(": ");
  say(shape, "this ratio", "p99_to_mean", data.ratio(first, last, tail));
  findings.push_back(shape.words(".").finding("Tail"));

  const double limit_s = data.input(first, "request_s");
  const auto lowest =
      std::min_element(groups.begin(), groups.end(),
                       [&](const SeedGroup& a, const SeedGroup& b) { return p99_s(a) < p99_s(b); });
  Sentence limit;
  if (p99_s(*lowest) > limit_s) {
    limit.words("At no K is p99 latency within the request limit of ");
    limit.number("request_limit_s", limit_s, "s").words(": the lowest, with K = ");
  } else {
    limit.words("p99 latency is within the request limit of ");
    limit.number("request_limit_s", limit_s, "s").words(" at ");
    limit.number("num_k", static_cast<double>(std::count_if(
                              groups.begin(), groups.end(),
                              [&](const SeedGroup& g) { return p99_s(g) <= limit_s; })));
    limit.words(" of ").number("num_k", static_cast<double>(groups.size()), "values of K");
    limit.words("; the lowest, with K = ");
  }
  limit.number("k_bins", lowest->key[0]).words(", is ");
  findings.push_back(limit.number("p99_latency_s", p99_s(*lowest), "s").words(".").finding("Tail"));
  return findings;
}

Findings batch_size_findings(const StudyData& data) {
  Findings findings;
  if (const auto groups = data.configurations(StressStep::kGpuScaling, {"num_gpus"});
      groups.size() > 1) {
    findings.push_back(batch_size_change(data, groups.front(), groups.back(), "As GPUs go from ",
                                         "num_gpus", groups.front().key[0], groups.back().key[0]));
  }
  if (const auto groups = data.configurations(StressStep::kKSensitivity, {"k_bins"});
      groups.size() > 1) {
    findings.push_back(batch_size_change(data, groups.front(), groups.back(), "As K goes from ",
                                         "k_bins", groups.front().key[0], groups.back().key[0]));
  }
  const std::vector<SeedGroup> all = data.configurations(
      StressStep::kRequestScaling, {"scheduler_kind", "num_gpus", "workload_requests"});
  for (std::size_t i = 0; i < all.size(); ++i) {  // the first and the last volume of each scheduler
    if (all[i].key[1] != 1 || (i > 0 && all[i - 1].key[0] == all[i].key[0])) continue;
    std::size_t last = i;
    while (last + 1 < all.size() && all[last + 1].key[0] == all[i].key[0] &&
           all[last + 1].key[1] == 1) {
      ++last;
    }
    if (last == i) continue;
    findings.push_back(
        batch_size_change(data, all[i], all[last],
                          data.text(all[i], "scheduler_kind") + " on one GPU: as requests go from ",
                          "requests", all[i].key[2], all[last].key[2]));
  }
  return findings;
}

}  // namespace servesweep
