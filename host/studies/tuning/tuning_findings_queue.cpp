// What makes requests wait: the client's batches, and max_num_seqs up to the peak concurrency.
#include <algorithm>

#include "host/studies/tuning/tuning_findings.hpp"

namespace servesweep {
namespace {

constexpr double kHalf = 0.5;
constexpr std::int64_t kMostBetween = 15;
// A share below this is no waiting worth a word.
constexpr double kSmallShare = 0.05;
constexpr const char* kShare = "queue_time_share";
constexpr const char* kRatio = "median_queue_time_ratio";
constexpr const char* kLimit = "max_num_seqs";

Number most_running(const Configuration& of) {
  return {"peak_running", of.largest("peak_running")};
}

Clause over_seeds(const Configuration& of, const std::string& share) {
  std::vector<double> values = of.values(share);
  if (values.size() < 2) return {};
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return {" ({} over {})",
          {NumberRange{share + "_percent", 100 * *least, 100 * *most, "%"}, of.seeds()}};
}

// The first whose share is below one half.
Configurations::const_iterator below_half(const Configurations& all) {
  return std::find_if(all.begin(), all.end(),
                      [&](const Configuration& each) { return each.value(kShare) < kHalf; });
}

// From which max_num_seqs on no metric changes, in any seed; `introduction` begins the sentence.
FindingRecord no_change(const StudyData& data, const Configurations& all, const char* topic,
                        Clause introduction) {
  const Configuration &first = all[first_of_identical(all, all_metrics(data))], &last = all.back();
  const Count running{"peak_running", most_running(last).value, "sequence"};
  const Clause found =
      first.key == last.key
          ? Clause{"every step of max_num_seqs up to {} changes the results; at most {} run at a "
                   "time.",
                   {last.number(kLimit), running}}
          : Clause{"from max_num_seqs = {} to {} no metric changes, in any seed: at most {} ever "
                   "run at a time (peak_running), and a limit above that is never reached.",
                   {first.number(kLimit), last.number(kLimit), running}};
  return {topic, {"{}{}", {std::move(introduction), found}}, "", first.key[0], last.key[0]};
}

// Where the share falls below one half.
void find_half(const StudyData& data, FindingRecords& found) {
  const Configurations all = queue_limits(data);
  if (all.empty()) return;
  const auto at = below_half(all);
  const Percent half{"limit", kHalf};
  if (at == all.end()) {
    found.push_back(
        {kAnswerTopic,
         {"Queue share: no max_num_seqs up to {} brings it below {}; the largest gives {}.",
          {all.back().number(kLimit), half, all.back().share(kShare)}},
         kShare,
         std::nullopt,
         all.back().key[0]});
    return;
  }
  Clause where = {"at max_num_seqs = {}", {at->number(kLimit)}}, before;
  std::optional<double> from;
  if (at != all.begin()) {
    const Configuration& above = *(at - 1);
    from = above.key[0];
    before = {"; at {} it is {}", {above.number(kLimit), above.share(kShare)}};
    if (at->key[0] - *from > 1) {
      where = {"between max_num_seqs = {} and {}", {above.number(kLimit), at->number(kLimit)}};
    }
  }
  found.push_back({kAnswerTopic,
                   {"Queue share: it falls below {} {}: {}{}{}.",
                    {half, where, at->share(kShare), over_seeds(*at, kShare), before}},
                   kShare,
                   from,
                   at->key[0]});
}

// What the client's batches make of the median queue time, and what the server alone does.
void find_client(const Configuration& client, const Configurations& servers,
                 FindingRecords& found) {
  const auto server = std::find_if(servers.begin(), servers.end(), [&](const Configuration& each) {
    return each.key[0] == client.value(kLimit);
  });
  if (server == servers.end()) return;
  // Percentiles are those of a histogram, whose lowest bucket is some nanoseconds wide.
  constexpr double kNone = 1e-6;
  const double left = server->value(kRatio);
  Clause reason = {", below {}: the waiting is the client's batches",
                   {Percent{"limit", kSmallShare}}};
  if (left >= kSmallShare) {  // max_num_seqs keeps them waiting, or the KV cache
    reason = {
        ": the client's batches are not all of it, {} of the share remains without them; of "
        "{} at most {} run at a time, with {} of the KV cache in use",
        {Percent{"left_of_share", left / client.value(kRatio)},
         Count{"requests", server->value("workload_requests"), "request"}, most_running(*server),
         Percent{"peak_kv_cache_usage", server->largest("peak_kv_cache_usage")}}};
  }
  found.push_back(
      {kAnswerTopic,
       {"Client batches: when the client sends {} requests at a time and waits for all of them, "
        "the median queue time is {} of the median latency{}, and the server, which could run {}, "
        "runs at most {}. When the client sends all at once, the same server with the same "
        "max_num_seqs has {}{}.",
        {client.number("client_batch"), client.share(kRatio), over_seeds(client, kRatio),
         client.number(kLimit), most_running(client), Percent{kRatio, left < kNone ? 0 : left},
         reason}},
       kRatio});
}

}  // namespace

Configurations queue_limits(const StudyData& data) {
  Configurations all = by_max_num_seqs(data, TuningStep::kQueueTime);
  if (all.empty()) return all;
  const Configuration like = all.front();
  for (const Configuration& each : by_max_num_seqs(data, TuningStep::kQueueBetween)) {
    const auto same = [&](const char* input) { return each.value(input) == like.value(input); };
    if (each.rows.size() == like.rows.size() && same("workload_requests") &&
        same("kv_cache_gpu_memory_gb") && same("seed")) {
      all.push_back(each);
    }
  }
  return ascending(std::move(all), kLimit);
}

std::vector<std::int64_t> limits_around_half(const Frame& queue_time) {
  const StudyData data(queue_time);
  const Configurations all = by_max_num_seqs(data, TuningStep::kQueueTime);
  const auto at = below_half(all);
  if (at == all.end() || at == all.begin()) return {};
  const auto high = static_cast<std::int64_t>(at->key[0]);
  const auto low = static_cast<std::int64_t>((at - 1)->key[0]);
  const std::int64_t step = std::max<std::int64_t>(1, (high - low) / (kMostBetween + 1));
  std::vector<std::int64_t> between;
  for (std::int64_t m = low + step; m < high; m += step) between.push_back(m);
  return between;
}

void queue_findings(const StudyData& data, FindingRecords& found) {
  constexpr const char* kTopic = "Queue time";
  const Configurations limits = by_max_num_seqs(data, TuningStep::kQueueTime);
  const Configurations clients = by_client_batch(data, TuningStep::kQueueTime);
  const std::optional<Configuration> client = client_before(data);
  find_half(data, found);
  if (client) find_client(*client, limits, found);
  if (limits.size() > 1) found.push_back(no_change(data, limits, kAnswerTopic, {"max_num_seqs: "}));
  if (!limits.empty()) {
    found.push_back(
        by_value(kTopic,
                 {"{} of the mix arrive at once. Queue share by max_num_seqs",
                  {Count{"requests", limits.front().value("workload_requests"), "request"}}},
                 limits, {"", kLimit}, {"", kShare, "%"}));
  }
  if (!clients.empty()) {
    found.push_back(by_value(
        kTopic, {"Queue share by the client's batch, where the client waits for the end of each"},
        clients, {"", "client_batch"}, {"", kShare, "%"}));
  }
  if (!client) return;
  found.push_back(
      {kTopic,
       {"Three ways to state the share of one and the same run, with client batches of {}: {} of "
        "all latency is queue time; {} is the ratio of the medians; {} is the mean of the "
        "requests' shares.",
        {client->number("client_batch"), client->share(kShare), client->share(kRatio),
         client->share("mean_queue_time_share")}},
       kShare});
}

void batch_limit_findings(const StudyData& data, FindingRecords& found) {
  const Configurations all = by_max_num_seqs(data, TuningStep::kMaxNumSeqs);
  if (all.size() < 2) return;
  const char* tokens = "throughput_output_tokens_per_s";
  const Configuration &least = all.front(), &most = all.back();
  found.push_back(no_change(data, all, "max_num_seqs",
                            {"A batch of {}: {} at max_num_seqs = {} and {} at {}; ",
                             {Count{"requests", least.value("workload_requests"), "request"},
                              least.number(tokens, "output tokens/s"), least.number(kLimit),
                              most.number(tokens), most.number(kLimit)}}));
}

}  // namespace servesweep
