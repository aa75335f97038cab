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

double largest(const Configuration& of, const char* metric) {
  const std::vector<double> values = of.data.values(of.group, metric);
  return *std::max_element(values.begin(), values.end());
}

Clause over_seeds(const Configuration& of, const std::string& share) {
  std::vector<double> values = of.data.values(of.group, share);
  if (values.size() < 2) return {};
  std::sort(values.begin(), values.end());
  return {" ({} over {})",
          {NumberRange{share + "_percent", 100 * values.front(), 100 * values.back(), "%"},
           Count{"seeds", static_cast<double>(values.size()), "seed"}}};
}

// "16: 66 %, 32: 38 %"
Clause shares(const StudyData& data, const std::vector<SeedGroup>& groups, const char* key) {
  return listed(data, groups, [&](const Configuration& of) {
    return Clause{"{}: {}", {of.input(key), of.share(kShare)}};
  });
}

// The first whose share is below one half.
std::vector<SeedGroup>::const_iterator below_half(const StudyData& data,
                                                  const std::vector<SeedGroup>& groups) {
  return std::find_if(groups.begin(), groups.end(),
                      [&](const SeedGroup& group) { return data.mean_of(group, kShare) < kHalf; });
}

// What keeps requests waiting where the client's batches do not.
Clause holder(const Configuration& server) {
  const double running = largest(server, "peak_running");
  if (running >= server.input(kLimit).value) {
    return {"max_num_seqs holds it: of {} {} run at a time",
            {Count{"requests", server.input("workload_requests").value, "request"},
             server.input(kLimit)}};
  }
  return {"not max_num_seqs holds it, for at most {} run at a time, with {} of the KV cache in use",
          {Number{"peak_running", running},
           Percent{"peak_kv_cache_usage", largest(server, "peak_kv_cache_usage")}}};
}

// From which max_num_seqs on no metric changes, in any seed; `introduction` begins the sentence.
FindingRecord no_change(const StudyData& data, const std::vector<SeedGroup>& groups,
                        const char* topic, Clause introduction) {
  const std::size_t at = first_of_identical(data, groups, all_metrics(data));
  const Configuration first{data, groups[at]}, last{data, groups.back()};
  const Count running{"peak_running", largest(last, "peak_running"), "sequence"};
  const Clause found =
      at + 1 == groups.size()
          ? Clause{"every step of max_num_seqs up to {} changes the results; at most {} run at a "
                   "time.",
                   {last.input(kLimit), running}}
          : Clause{"from max_num_seqs = {} to {} no metric changes, in any seed: at most {} ever "
                   "run at a time (peak_running), and a limit above that is never reached.",
                   {first.input(kLimit), last.input(kLimit), running}};
  return {topic,
          {"{}{}", {std::move(introduction), found}},
          "",
          groups[at].key[0],
          groups.back().key[0]};
}

}  // namespace

std::vector<SeedGroup> queue_limits(const StudyData& data) {
  std::vector<SeedGroup> all = by_max_num_seqs(data, TuningStep::kQueueTime);
  if (all.empty()) return all;
  const SeedGroup like = all.front();
  for (const SeedGroup& group : by_max_num_seqs(data, TuningStep::kQueueBetween)) {
    const auto same = [&](const char* input) {
      return data.input(group, input) == data.input(like, input);
    };
    if (group.rows.size() == like.rows.size() && same("workload_requests") &&
        same("kv_cache_gpu_memory_gb") && same("seed")) {
      all.push_back(group);
    }
  }
  std::sort(all.begin(), all.end(),
            [](const SeedGroup& a, const SeedGroup& b) { return a.key < b.key; });
  return all;
}

std::vector<std::int64_t> limits_around_half(const Frame& queue_time) {
  const StudyData data(queue_time);
  const std::vector<SeedGroup> groups = by_max_num_seqs(data, TuningStep::kQueueTime);
  const auto at = below_half(data, groups);
  if (at == groups.end() || at == groups.begin()) return {};
  const auto high = static_cast<std::int64_t>(at->key[0]);
  const auto low = static_cast<std::int64_t>((at - 1)->key[0]);
  const std::int64_t step = std::max<std::int64_t>(1, (high - low) / (kMostBetween + 1));
  std::vector<std::int64_t> between;
  for (std::int64_t m = low + step; m < high; m += step) between.push_back(m);
  return between;
}

FindingRecords queue_answer(const StudyData& data) {
  const std::vector<SeedGroup> groups = queue_limits(data);
  if (groups.empty()) return {};
  const auto at = below_half(data, groups);
  const Percent half{"limit", kHalf};
  if (at == groups.end()) {
    const Configuration last{data, groups.back()};
    return {{kAnswerTopic,
             {"Queue share: no max_num_seqs up to {} brings it below {}; the largest gives {}.",
              {last.input(kLimit), half, last.share(kShare)}},
             kShare,
             groups.back().key[0]}};
  }
  const Configuration found{data, *at};
  Clause between, before;
  std::optional<double> from;
  if (at != groups.begin()) {
    const Configuration above{data, *(at - 1)};
    from = above.group.key[0];
    before = {"; at {} it is {}", {above.input(kLimit), above.share(kShare)}};
    if (at->key[0] - *from > 1) between = {"{} and ", {above.input(kLimit)}};
  }
  return {{kAnswerTopic,
           {"Queue share: it falls below {} {} max_num_seqs = {}{}: {}{}{}.",
            {half, between.text.empty() ? "at" : "between", between, found.input(kLimit),
             found.share(kShare), over_seeds(found, kShare), before}},
           kShare,
           from,
           at->key[0]}};
}

FindingRecords client_answer(const StudyData& data) {
  const auto before = client_before(data);
  if (!before) return {};
  const Configuration client{data, *before};
  const std::vector<SeedGroup> groups = by_max_num_seqs(data, TuningStep::kQueueTime);
  const auto server = std::find_if(groups.begin(), groups.end(), [&](const SeedGroup& g) {
    return g.key[0] == client.input(kLimit).value;
  });
  if (server == groups.end()) return {};
  // Percentiles are those of a histogram, whose lowest bucket is some nanoseconds wide.
  constexpr double kNone = 1e-6;
  const Percent with = client.share(kRatio);
  const double left = data.mean_of(*server, kRatio);
  const Clause reason =
      left < kSmallShare
          ? Clause{", below {}: the waiting is the client's batches",
                   {Percent{"limit", kSmallShare}}}
          : Clause{
                ": the client's batches are not all of it, {} of the share remains without "
                "them; {}",
                {Percent{"left_of_share", left / with.share}, holder({data, *server})}};
  return {{kAnswerTopic,
           {"Client batches: when the client sends {} requests at a time and waits for all of "
            "them, the median queue time is {} of the median latency{}, and the server, which "
            "could run {}, runs at most {}. When the client sends all at once, the same server "
            "with the same max_num_seqs has {}{}.",
            {client.input("client_batch"), with, over_seeds(client, kRatio), client.input(kLimit),
             Number{"peak_running", largest(client, "peak_running")},
             Percent{kRatio, left < kNone ? 0 : left}, reason}},
           kRatio}};
}

FindingRecords limit_answer(const StudyData& data) {
  const std::vector<SeedGroup> groups = by_max_num_seqs(data, TuningStep::kQueueTime);
  if (groups.size() < 2) return {};
  return {no_change(data, groups, kAnswerTopic, {"max_num_seqs: "})};
}

FindingRecords queue_findings(const StudyData& data) {
  constexpr const char* kTopic = "Queue time";
  FindingRecords findings;
  const std::vector<SeedGroup> groups = by_max_num_seqs(data, TuningStep::kQueueTime);
  const std::vector<SeedGroup> clients = by_client_batch(data, TuningStep::kQueueTime);
  if (!groups.empty()) {
    findings.push_back(
        {kTopic,
         {"{} of the mix arrive at once. Queue share by max_num_seqs, {}.",
          {Count{"requests", data.input(groups.front(), "workload_requests"), "request"},
           shares(data, groups, kLimit)}},
         kShare,
         groups.front().key[0],
         groups.back().key[0]});
  }
  if (!clients.empty()) {
    findings.push_back(
        {kTopic,
         {"Queue share by the client's batch, where the client waits for the end of each, {}.",
          {shares(data, clients, "client_batch")}},
         kShare,
         clients.front().key[0],
         clients.back().key[0]});
  }
  if (const auto before = client_before(data)) {
    const Configuration client{data, *before};
    findings.push_back(
        {kTopic,
         {"Three ways to state the share of one and the same run, with client batches of {}: {} of "
          "all latency is queue time; {} is the ratio of the medians; {} is the mean of the "
          "requests' shares.",
          {client.input("client_batch"), client.share(kShare), client.share(kRatio),
           client.share("mean_queue_time_share")}},
         kShare});
  }
  return findings;
}

FindingRecords batch_limit_findings(const StudyData& data) {
  const std::vector<SeedGroup> groups = by_max_num_seqs(data, TuningStep::kMaxNumSeqs);
  if (groups.size() < 2) return {};
  const char* tokens = "throughput_output_tokens_per_s";
  const Configuration least{data, groups.front()}, most{data, groups.back()};
  return {no_change(data, groups, "max_num_seqs",
                    {"A batch of {}: {} at max_num_seqs = {} and {} at {}; ",
                     {Count{"requests", least.input("workload_requests").value, "request"},
                      least.mean(tokens, "output tokens/s"), least.input(kLimit), most.mean(tokens),
                      most.input(kLimit)}})};
}

}  // namespace servesweep
