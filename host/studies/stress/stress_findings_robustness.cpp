// How sure: one input at a time around the best configuration (step 5), and the spread over seeds.
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "host/base/statistics.hpp"
#include "host/results/replications.hpp"
#include "host/studies/stress/stress_findings.hpp"

namespace servesweep {
namespace {

constexpr const char* kTopic = "Robustness";
constexpr double kSmallChange = 0.01;

// What step 5 varies. Prediction is two columns, varied together.
struct VariedInput {
  const char* words;
  const char* column;
  const char* unit;
  bool by_a_fifth;  // +-20 %
};
constexpr VariedInput kInputs[] = {{"K", "k_bins", "", false},
                                   {"the number of GPUs", "num_gpus", "", false},
                                   {"the token limit", "token_ms", "ms", false},
                                   {"the request limit", "request_s", "s", false},
                                   {"alpha", "alpha_ms", "ms", true},
                                   {"beta", "beta_ms_per_token", "ms/token", true},
                                   {"gamma", "service_gamma", "", true}};
constexpr std::size_t kPredictor = std::size(kInputs), kSigma = kPredictor + 1;

std::vector<std::string> key_columns() {
  std::vector<std::string> columns;
  for (const VariedInput& input : kInputs) columns.emplace_back(input.column);
  columns.emplace_back("workload_predictor");
  columns.emplace_back("workload_prediction_sigma");
  return columns;
}

// Each input has its usual value in most points, since one is varied at a time.
std::optional<SeedGroup> reference_of(const std::vector<SeedGroup>& groups) {
  if (groups.size() < 3) return {};
  std::vector<double> usual;
  for (std::size_t i = 0; i < groups.front().key.size(); ++i) {
    std::map<double, int> counts;
    for (const SeedGroup& group : groups) ++counts[group.key[i]];
    usual.push_back(
        std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) {
          return a.second < b.second;
        })->first);
  }
  const auto found = std::find_if(groups.begin(), groups.end(),
                                  [&](const SeedGroup& g) { return g.key == usual; });
  return found == groups.end() ? std::nullopt : std::optional(*found);
}

// The groups that differ from the reference in this input alone, in order of its values.
std::vector<SeedGroup> varied(const std::vector<SeedGroup>& groups, const SeedGroup& reference,
                              std::size_t input) {
  std::vector<SeedGroup> found;
  for (const SeedGroup& group : groups) {
    std::vector<double> key = group.key;
    if (key[input] == reference.key[input]) continue;
    key[input] = reference.key[input];
    if (key == reference.key) found.push_back(group);
  }
  return found;
}

// How far an input moves a metric: the groups with its least and largest mean, of those varied and
// the reference, and the ratio between them.
struct Span {
  const VariedInput* input = nullptr;
  std::size_t position = 0;
  SeedGroup lowest, highest;
  Change change;
};

std::optional<Span> span_of(const StudyData& data, const std::vector<SeedGroup>& groups,
                            const SeedGroup& reference, std::size_t position,
                            const std::string& metric) {
  std::vector<SeedGroup> all = varied(groups, reference, position);
  if (all.empty()) return {};
  all.push_back(reference);
  const auto by_mean = [&](const SeedGroup& a, const SeedGroup& b) {
    return data.mean_of(a, metric) < data.mean_of(b, metric);
  };
  const auto [low, high] = std::minmax_element(all.begin(), all.end(), by_mean);
  return Span{&kInputs[position], position, *low, *high, data.ratio(*low, *high, metric)};
}

void say_value(Sentence& s, const Span& span, const SeedGroup& group) {
  s.number(span.input->column, group.key[span.position], span.input->unit);
}

// "mean latency from 6.7 s at 100 to 5,430 s at 1", or that it hardly moves.
void say_span(Sentence& s, const StudyData& data, const Span& span, const std::string& metric,
              const std::string& words) {
  if (!span.change.rises() || span.change.ratio() < 1 + kSmallChange) {
    say(s, words, metric, span.change);
    s.words(" between the extremes");
    return;
  }
  s.words(words).words(" goes from ").number(metric, data.mean_of(span.lowest, metric), "s");
  say_value(s.words(" at "), span, span.lowest);
  s.words(" to ").number(metric, data.mean_of(span.highest, metric), "s").words(" at ");
  say_value(s, span, span.highest);
}

// Which input moves the metric most, of these; nothing where the seeds leave that open.
std::optional<StudyFinding> strongest(const StudyData& data, const std::vector<Span>& spans,
                                      const std::string& metric, const std::string& words,
                                      const std::string& among) {
  if (spans.size() < 2) return {};
  const Span& most = *std::max_element(
      spans.begin(), spans.end(),
      [](const Span& a, const Span& b) { return a.change.ratio() < b.change.ratio(); });
  if (!most.change.rises()) return {};
  const auto factors = [&](const Span& span) {
    std::vector<double> high = data.values(span.highest, metric);
    const std::vector<double> low = data.values(span.lowest, metric);
    for (std::size_t i = 0; i < std::min(high.size(), low.size()); ++i) high[i] /= low[i];
    return high;
  };
  for (const Span& other : spans) {
    if (&other == &most) continue;
    const std::vector<double> a = factors(other), b = factors(most);
    if (a.size() != b.size() || !paired_change(a, b).rises()) return {};
  }
  Sentence s;
  s.words("Of ").words(among).words(", ").words(most.input->words).words(" moves ").words(words);
  s.words(" most: from ");
  s.number(metric, data.mean_of(most.lowest, metric), "s").words(" at ");
  say_value(s, most, most.lowest);
  s.words(" to ").number(metric, data.mean_of(most.highest, metric), "s").words(" at ");
  say_value(s, most, most.highest);
  if (!most.change.has_interval()) s.words(kOneSeedNote);
  return s.words(".").finding(kTopic);
}

// The same for a violation rate.
void say_rate_span(Sentence& s, const StudyData& data, const std::vector<SeedGroup>& groups,
                   const SeedGroup& reference, std::size_t position, const std::string& metric,
                   const std::string& words) {
  std::vector<SeedGroup> all = varied(groups, reference, position);
  all.push_back(reference);
  const auto by_mean = [&](const SeedGroup& a, const SeedGroup& b) {
    return data.mean_of(a, metric) < data.mean_of(b, metric);
  };
  const auto [low, high] = std::minmax_element(all.begin(), all.end(), by_mean);
  const Change change = data.points(*low, *high, metric);
  if (!change.rises()) {
    say(s, words, metric, change);
    s.words(" between the extremes");
    return;
  }
  const VariedInput& input = kInputs[position];
  s.words(words).words(" goes from ").percent(metric, data.mean_of(*low, metric)).words(" at ");
  s.number(input.column, low->key[position], input.unit).words(" to ");
  s.percent(metric, data.mean_of(*high, metric)).words(" at ");
  s.number(input.column, high->key[position], input.unit);
}

bool any_token_violation(const StudyData& data, const std::vector<SeedGroup>& groups,
                         const SeedGroup& reference, std::size_t position) {
  const std::vector<SeedGroup> all = varied(groups, reference, position);
  return std::any_of(all.begin(), all.end(), [&](const SeedGroup& group) {
    return data.mean_of(group, "token_sla_violation_rate") > 0;
  });
}

// One sentence an input: mean and p99 latency, and the violation rates.
Findings input_findings(const StudyData& data, const std::vector<SeedGroup>& groups,
                        const SeedGroup& reference) {
  Findings findings;
  for (std::size_t i = 0; i < std::size(kInputs); ++i) {
    const auto mean_span = span_of(data, groups, reference, i, "mean_latency_s");
    const auto p99_span = span_of(data, groups, reference, i, "p99_latency_s");
    if (!mean_span || !p99_span) continue;
    Sentence s;
    s.words("Over ").words(kInputs[i].words).words(": ");
    say_span(s, data, *mean_span, "mean_latency_s", "mean latency");
    s.words("; ");
    say_span(s, data, *p99_span, "p99_latency_s", "p99 latency");
    s.words("; ");
    say_rate_span(s, data, groups, reference, i, "request_sla_violation_rate",
                  "the request SLA violation rate");
    if (any_token_violation(data, groups, reference, i)) {
      s.words("; ");
      say_rate_span(s, data, groups, reference, i, "token_sla_violation_rate",
                    "the token SLA violation rate");
    }
    if (!mean_span->change.has_interval()) s.words(kOneSeedNote);
    findings.push_back(s.words(".").finding(kTopic));
  }
  return findings;
}

// Predictions with noise against exact ones.
Findings prediction_findings(const StudyData& data, const std::vector<SeedGroup>& groups,
                             const SeedGroup& reference) {
  std::vector<SeedGroup> noisy;  // in order of sigma
  for (const SeedGroup& group : groups) {
    std::vector<double> key = group.key;
    key[kPredictor] = reference.key[kPredictor];
    key[kSigma] = reference.key[kSigma];
    if (key == reference.key && data.text(group, "workload_predictor") == "noisy_oracle") {
      noisy.push_back(group);
    }
  }
  if (noisy.empty() || noisy.front().key[kSigma] != 0) return {};
  const SeedGroup exact = noisy.front();
  const auto say_both = [&](Sentence& s, const SeedGroup& before, const SeedGroup& after) {
    say(s, "mean latency", "mean_latency", data.ratio(before, after, "mean_latency_s"));
    say(s, "; p99 latency", "p99_latency", data.ratio(before, after, "p99_latency_s"));
    say(s, "; mean service time", "mean_service_time",
        data.ratio(before, after, "mean_service_time_s"));
    say(s, "; the request SLA violation rate", "request_sla_violation_rate",
        data.points(before, after, "request_sla_violation_rate"));
  };
  Findings findings;
  if (data.text(reference, "workload_predictor") != "noisy_oracle") {
    Sentence s;
    s.words("From the predictor ").words(data.text(reference, "workload_predictor"));
    s.words(" to exact predictions (sigma ").number("prediction_sigma", 0).words("): ");
    say_both(s, reference, exact);
    findings.push_back(s.words(".").finding(kTopic));
  }
  for (std::size_t i = 1; i < noisy.size(); ++i) {
    Sentence s;
    s.words("From exact predictions to noise of sigma ");
    s.number("prediction_sigma", noisy[i].key[kSigma]).words(": ");
    say_both(s, exact, noisy[i]);
    findings.push_back(s.words(".").finding(kTopic));
  }
  return findings;
}

StudyFinding spread_finding(const StudyData& data, const SeedGroup& reference,
                            const std::string& metric, const std::string& words,
                            const std::string& unit, double scale) {
  std::vector<double> values = data.values(reference, metric);
  for (double& value : values) value *= scale;
  const MeanInterval interval = mean_interval(values);
  Sentence s;
  s.words(words).words(" ").number(metric, interval.mean, unit);
  if (values.size() < 2) return s.words(kOneSeedNote).words(".").finding("Seeds");
  s.words(" (95 % interval: ");
  s.range(metric, interval.mean - interval.half_width, interval.mean + interval.half_width, unit);
  s.words("), coefficient of variation over ");
  say_seeds(s, reference);
  s.words(" ").percent(metric + "_variation", coefficient_of_variation(values));
  return s.words(".").finding("Seeds");
}

}  // namespace

Findings robustness_findings(const StudyData& data) {
  const std::vector<SeedGroup> groups = data.configurations(StressStep::kRobustness, key_columns());
  const std::optional<SeedGroup> reference = reference_of(groups);
  if (!reference) return {};
  Findings findings;
  Sentence settings;
  settings.words("One input at a time was varied around ");
  settings.count("num_gpus", data.input(*reference, "num_gpus"), "GPU").words(" with K = ");
  settings.number("k_bins", data.input(*reference, "k_bins")).words(", ");
  say_workload(settings, data, *reference);
  settings.words(" and ");
  say_seeds(settings, *reference);
  findings.push_back(settings.words(".").finding(kTopic));

  for (const auto& [metric, words] :
       {std::pair<std::string, std::string>{"mean_latency_s", "mean latency"},
        {"p99_latency_s", "p99 latency"}}) {
    std::vector<Span> all, by_a_fifth;
    for (std::size_t i = 0; i < std::size(kInputs); ++i) {
      const std::optional<Span> span = span_of(data, groups, *reference, i, metric);
      if (!span) continue;
      all.push_back(*span);
      if (kInputs[i].by_a_fifth) by_a_fifth.push_back(*span);
    }
    for (const auto& finding :
         {strongest(data, all, metric, words, "the inputs, within the ranges tried"),
          strongest(data, by_a_fifth, metric, words, "the service model's coefficients")}) {
      if (finding) findings.push_back(*finding);
    }
  }
  for (const Findings& more :
       {input_findings(data, groups, *reference), prediction_findings(data, groups, *reference)}) {
    findings.insert(findings.end(), more.begin(), more.end());
  }
  findings.push_back(spread_finding(data, *reference, "mean_latency_s", "Mean latency is", "s", 1));
  findings.push_back(spread_finding(data, *reference, "p99_latency_s", "p99 latency is", "s", 1));
  findings.push_back(spread_finding(data, *reference, "throughput_requests_per_s", "Throughput is",
                                    "requests/s", 1));
  findings.push_back(spread_finding(data, *reference, "request_sla_violation_rate",
                                    "The request SLA violation rate is", "%", 100));
  return findings;
}

}  // namespace servesweep
