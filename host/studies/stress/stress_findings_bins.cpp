// Which K: gains from each K to the next, the tail, batch sizes.
#include <algorithm>
#include <string_view>

#include "host/studies/stress/stress_findings.hpp"

namespace servesweep {
namespace {

constexpr const char* kBinTopic = "K";
constexpr double kSmallGain = 0.01;
constexpr Variable kTail = {"the ratio of p99 to mean latency", "p99_latency_s/mean_latency_s", "",
                            "p99_to_mean"};
constexpr Variable kGainMetrics[] = {
    kMeanLatency,
    kP99Latency,
    {"throughput", "throughput_requests_per_s", "requests/s", "throughput"}};

// A gain whose interval leaves no doubt of its sign, and of at least 1 %. Of times less is better.
bool clear_gain(const Variable& metric, const Configuration& from, const Configuration& to) {
  const Change change = change_of(metric, from, to).change;
  if (std::string_view(metric.unit) == "s") {
    return change.falls() && change.ratio() <= 1 - kSmallGain;
  }
  return change.rises() && change.ratio() >= 1 + kSmallGain;
}

// The K after which no step has a clear gain of 1 %; the largest where its step has one.
FindingRecord end_of_gains(const Configurations& groups, const Variable& metric) {
  std::size_t at = groups.size() - 1;
  while (at > 0 && !clear_gain(metric, groups[at - 1], groups[at])) --at;
  const Configuration &end = groups[at], &last = groups.back();
  return {kBinTopic,
          {"No step after K = {} (of up to {}) has a clear gain of {} in {}{}.",
           {level(kBinCount, end), level(kBinCount, last), Percent{"least_gain", kSmallGain},
            metric.words, last.one_seed_note()}},
          metric.column,
          end.key[0],
          last.key[0]};
}

Clause largest_batches(const Configuration& from, const Configuration& to) {
  return {"the largest batch goes from {} to {}",
          {Number{"max_batch_size", from.largest("max_batch_size")},
           Count{"max_batch_size", to.largest("max_batch_size"), "request"}}};
}

// The first K that no later one betters.
FindingRecord answer(const Configurations& groups) {
  auto best = groups.begin();
  while (std::any_of(best + 1, groups.end(), [&](const Configuration& later) {
    return clear_gain(kMeanLatency, *best, later);
  })) {
    ++best;
  }
  const Percent least{"least_gain", kSmallGain};
  const Clause why =
      best + 1 == groups.end()
          ? Clause{", the largest tried, still cuts mean latency by {} or more against K = {}",
                   {least, level(kBinCount, best[-1])}}
          : Clause{" is enough: no larger one clearly cuts mean latency by another {}", {least}};
  return {kAnswerTopic,
          {"K: on {} with {}, K = {}{}{}.",
           {best->count("num_gpus", "GPU"), workload(*best), level(kBinCount, *best), why,
            best->one_seed_note()}},
          kMeanLatency.column,
          std::nullopt,
          best->key[0]};
}

// At how many K the tail is within the request limit.
FindingRecord tail_limit(const Configurations& groups) {
  const Configuration lowest = ascending(groups, kP99Latency.column).front();
  const double limit_s = lowest.value("request_s");
  const auto within = std::count_if(groups.begin(), groups.end(), [&](const Configuration& each) {
    return each.value(kP99Latency.column) <= limit_s;
  });
  return {"Tail",
          {"p99 latency is within the request limit of {} at {} of {} values of K; the lowest, "
           "with K = {}, is {}.",
           {Number{"request_limit_s", limit_s, "s"}, Number{"num_k", static_cast<double>(within)},
            Number{"num_k", static_cast<double>(groups.size())}, level(kBinCount, lowest),
            level(kP99Latency, lowest)}},
          kP99Latency.column,
          std::nullopt,
          lowest.key[0]};
}

FindingRecord batch_sizes(Clause start, const Variable& input, const Configurations& groups) {
  const Configuration &from = groups.front(), &to = groups.back();
  return moved_over("Batch sizes", std::move(start), input,
                    {"the mean batch size", "mean_batch_size", "requests"}, from, to,
                    {"; {}", {largest_batches(from, to)}});
}

}  // namespace

Configurations over_bins(const StudyData& data) {
  return data.configurations(StressStep::kKSensitivity, {"k_bins"});
}

void k_findings(const StudyData& data, FindingRecords& found) {
  const Configurations groups = over_bins(data);
  if (groups.size() < 2) return;
  const Configuration &first = groups[0], &second = groups[1], &last = groups.back();
  found.push_back(answer(groups));
  found.push_back(
      varied(kBinTopic, {"K was varied on {}", {first.count("num_gpus", "GPU")}}, first));
  std::vector<std::pair<Configuration, Configuration>> steps;
  for (std::size_t i = 1; i < groups.size(); ++i) {
    const auto& [from, to] = steps.emplace_back(groups[i - 1], groups[i]);
    found.push_back(
        compared(kBinTopic, {"From K = {} to {}: ", {level(kBinCount, from), level(kBinCount, to)}},
                 {std::begin(kGainMetrics), std::end(kGainMetrics)}, from, to, "k_bins"));
  }
  const double before = first.largest("max_batch_size"), after = second.largest("max_batch_size");
  if (after > 2 * before || before > 2 * after) {
    found.push_back(
        {kBinTopic,
         {"Batches change too: from K = {} to {} {}.",
          {level(kBinCount, first), level(kBinCount, second), largest_batches(first, second)}},
         "max_batch_size",
         first.key[0],
         second.key[0]});
  }
  // The step that lowers mean latency by a larger factor than every other, seed by seed.
  const std::size_t best = clearly_extreme(steps, kMeanLatency.column, -1);
  if (best < steps.size()) {
    const auto& [from, to] = steps[best];
    found.push_back(moved_over(kBinTopic, {"The step that cuts mean latency most: from"}, kBinCount,
                               kMeanLatency, from, to));
  }
  for (const Variable& metric : kGainMetrics) found.push_back(end_of_gains(groups, metric));
  for (const Variable& metric : {kP99Latency, kTail}) {
    found.push_back(moved_over("Tail", {"From"}, kBinCount, metric, first, last));
  }
  found.push_back(tail_limit(groups));
}

void batch_size_findings(const StudyData& data, FindingRecords& found) {
  if (const auto groups = over_gpus(data); groups.size() > 1) {
    found.push_back(batch_sizes({"From"}, kGpuCount, groups));
  }
  if (const auto groups = over_bins(data); groups.size() > 1) {
    found.push_back(batch_sizes({"From"}, kBinCount, groups));
  }
  for (const Configurations& volumes : over_volumes(data)) {
    if (volumes.front().key[1] != 1 || volumes.size() < 2) continue;
    found.push_back(batch_sizes({"{}: from", {method(volumes.front())}},
                                {"requests", "workload_requests", "", "requests"}, volumes));
  }
}

}  // namespace servesweep
