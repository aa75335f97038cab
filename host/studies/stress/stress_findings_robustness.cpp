// How sure: one input at a time around the best configuration (step 5), and the spread over seeds.
#include <algorithm>
#include <map>
#include <optional>

#include "host/base/statistics.hpp"
#include "host/studies/stress/stress_findings.hpp"

namespace servesweep {
namespace {

constexpr const char* kRobustTopic = "Robustness";

// What step 5 varies. Prediction is two columns, varied together.
constexpr Variable kInputs[] = {kBinCount,
                                {"the number of GPUs", "num_gpus"},
                                {"the token limit", "token_ms", "ms"},
                                {"the request limit", "request_s", "s"},
                                {"alpha", "alpha_ms", "ms"},  // from here on by 20 % up and down
                                {"beta", "beta_ms_per_token", "ms/token"},
                                {"gamma", "service_gamma"}};
constexpr std::size_t kFirstCoefficient = 4;
constexpr std::size_t kPredictor = std::size(kInputs), kSigma = kPredictor + 1;
constexpr Variable kTokenViolations = {"the token SLA violation rate", "token_sla_violation_rate",
                                       "%"};

// Each input has its usual value in most points, since one is varied at a time.
std::optional<Configuration> reference_of(const Configurations& groups) {
  if (groups.size() < 3) return {};
  std::vector<double> usual;
  for (std::size_t i = 0; i < groups.front().key.size(); ++i) {
    std::map<double, int> counts;
    for (const Configuration& each : groups) ++counts[each.key[i]];
    const auto more = [](const auto& a, const auto& b) { return a.second < b.second; };
    usual.push_back(std::max_element(counts.begin(), counts.end(), more)->first);
  }
  const auto found = std::find_if(groups.begin(), groups.end(),
                                  [&](const Configuration& each) { return each.key == usual; });
  return found == groups.end() ? std::nullopt : std::optional(*found);
}

// Those that differ from the reference in these keys at most, in order of their values.
Configurations over(Configurations groups, const Configuration& reference,
                    std::initializer_list<std::size_t> keys) {
  std::erase_if(groups, [&](const Configuration& each) {
    std::vector<double> key = each.key;
    for (const std::size_t i : keys) key[i] = reference.key[i];
    return key != reference.key;
  });
  return groups;
}

// How far an input moves a metric: from the configuration with its least to that with its largest
// mean.
using Span = std::pair<Configuration, Configuration>;

Span span_of(const Configurations& groups, const Variable& metric) {
  const auto less = [&](const Configuration& a, const Configuration& b) {
    return a.value(metric.column) < b.value(metric.column);
  };
  const auto [low, high] = std::minmax_element(groups.begin(), groups.end(), less);
  return {*low, *high};
}

// Which of these inputs moves the metric most; nothing where the seeds leave that open.
void find_strongest(const Configurations& groups, const Configuration& reference,
                    std::size_t first_input, Variable metric, const char* among,
                    FindingRecords& found) {
  std::vector<Span> spans;
  std::vector<const Variable*> inputs;
  for (std::size_t i = first_input; i < std::size(kInputs); ++i) {
    const Configurations varied = over(groups, reference, {i});
    if (varied.size() < 2) continue;
    spans.push_back(span_of(varied, metric));
    inputs.push_back(&kInputs[i]);
  }
  const std::size_t most = clearly_extreme(spans, metric.column, 1);
  if (most == spans.size()) return;
  const auto& [low, high] = spans[most];
  const Variable& input = *inputs[most];
  const char* words = metric.words;
  metric.words = "it";
  found.push_back({kRobustTopic,
                   {"Of {}, {} moves {} most: {}.",
                    {among, input.words, words, moved(metric, low, high, &input)}},
                   metric.column,
                   low.value(input.column),
                   high.value(input.column),
                   change_of(metric, low, high)});
}

// One sentence an input: mean and p99 latency, and the violation rates.
void find_inputs(const Configurations& groups, const Configuration& reference,
                 FindingRecords& found) {
  for (std::size_t i = 0; i < std::size(kInputs); ++i) {
    const Configurations varied = over(groups, reference, {i});
    if (varied.size() < 2) continue;
    std::vector<Clause> spans;
    for (const Variable& metric :
         {kMeanLatency, kP99Latency, kRequestViolations, kTokenViolations}) {
      const auto& [low, high] = span_of(varied, metric);
      if (metric.column == kTokenViolations.column && high.value(metric.column) == 0) continue;
      spans.push_back(moved(metric, low, high, &kInputs[i]));
    }
    const auto& [low, high] = span_of(varied, kMeanLatency);
    found.push_back({kRobustTopic,
                     {"Over {}: {}.", {kInputs[i].words, joined(std::move(spans), "; ", "; ")}},
                     kMeanLatency.column,
                     low.key[i],
                     high.key[i],
                     change_of(kMeanLatency, low, high)});
  }
}

// Predictions with noise against exact ones.
void find_predictions(const Configurations& groups, const Configuration& reference,
                      FindingRecords& found) {
  constexpr const char* kSigmaColumn = "workload_prediction_sigma";
  const std::vector<Variable> metrics = {kMeanLatency,
                                         kP99Latency,
                                         {"mean service time", "mean_service_time_s", "s"},
                                         kRequestViolations};
  Configurations noisy = over(groups, reference, {kPredictor, kSigma});  // in order of sigma
  std::erase_if(noisy, [](const Configuration& each) {
    return each.text("workload_predictor") != "noisy_oracle";
  });
  if (noisy.empty() || noisy.front().key[kSigma] != 0) return;
  const auto sigma = [](const Configuration& of) {
    return Number{"prediction_sigma", of.value(kSigmaColumn)};
  };
  const Configuration& exact = noisy.front();
  if (const std::string usual = reference.text("workload_predictor"); usual != "noisy_oracle") {
    found.push_back(
        compared(kRobustTopic,
                 {"From the predictor {} to exact predictions (sigma {}): ", {usual, sigma(exact)}},
                 metrics, reference, exact));
  }
  for (auto each = noisy.begin() + 1; each != noisy.end(); ++each) {
    found.push_back(compared(kRobustTopic,
                             {"From exact predictions to noise of sigma {}: ", {sigma(*each)}},
                             metrics, exact, *each, kSigmaColumn));
  }
}

FindingRecord spread_finding(const Configuration& reference, const Variable& metric) {
  Clause variation;
  if (reference.rows.size() > 1) {
    variation = {", coefficient of variation {}",
                 {Percent{std::string(metric.name) + "_variation",
                          coefficient_of_variation(reference.values(metric.column))}}};
  }
  return {
      "Seeds",
      {"Over the seeds {} is {}{}.", {metric.words, mean_over_seeds(metric, reference), variation}},
      metric.column};
}

}  // namespace

void robustness_findings(const StudyData& data, FindingRecords& found) {
  std::vector<std::string> keys;
  for (const Variable& input : kInputs) keys.emplace_back(input.column);
  keys.insert(keys.end(), {"workload_predictor", "workload_prediction_sigma"});
  const Configurations groups = data.configurations(StressStep::kRobustness, keys);
  const std::optional<Configuration> reference = reference_of(groups);
  if (!reference) return;
  found.push_back(varied(kRobustTopic,
                         {"One input at a time was varied around {}", {method(*reference)}},
                         *reference));
  for (const Variable& metric : {kMeanLatency, kP99Latency}) {
    find_strongest(groups, *reference, 0, metric, "the inputs, within the ranges tried", found);
    find_strongest(groups, *reference, kFirstCoefficient, metric,
                   "the service model's coefficients", found);
  }
  find_inputs(groups, *reference, found);
  find_predictions(groups, *reference, found);
  for (const Variable& metric :
       {kMeanLatency, kP99Latency,
        Variable{"throughput", "throughput_requests_per_s", "requests/s"}, kRequestViolations}) {
    found.push_back(spread_finding(*reference, metric));
  }
}

}  // namespace servesweep
