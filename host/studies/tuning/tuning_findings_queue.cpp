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

double largest(const StudyData& data, const SeedGroup& group, const char* metric) {
  const std::vector<double> values = data.values(group, metric);
  return *std::max_element(values.begin(), values.end());
}

void say_seed_range(Sentence& s, const std::string& name, std::vector<double> values) {
  if (values.size() < 2) return;
  std::sort(values.begin(), values.end());
  s.words(" (").range(name + "_percent", 100 * values.front(), 100 * values.back(), "%");
  s.words(" over ").count("seeds", static_cast<double>(values.size()), "seed").words(")");
}

// "16: 66 %, 32: 38 %"
void say_shares(Sentence& s, const StudyData& data, const std::vector<SeedGroup>& groups,
                const char* key) {
  for (const SeedGroup& group : groups) {
    if (&group != &groups.front()) s.words(", ");
    s.number(key, group.key[0]).words(": ").percent(kShare, data.mean_of(group, kShare));
  }
}

// The first whose share is below one half.
std::vector<SeedGroup>::const_iterator below_half(const StudyData& data,
                                                  const std::vector<SeedGroup>& groups) {
  return std::find_if(groups.begin(), groups.end(),
                      [&](const SeedGroup& group) { return data.mean_of(group, kShare) < kHalf; });
}

// What keeps requests waiting where the client's batches do not.
void say_holder(Sentence& s, const StudyData& data, const SeedGroup& server) {
  const double limit = data.input(server, "max_num_seqs");
  const double running = largest(data, server, "peak_running");
  if (running >= limit) {
    s.words("max_num_seqs holds it: of ");
    s.count("requests", data.input(server, "workload_requests"), "request").words(" ");
    s.number("max_num_seqs", limit).words(" run at a time");
  } else {
    s.words("not max_num_seqs holds it, for at most ").number("peak_running", running);
    s.words(" run at a time, with ");
    s.percent("peak_kv_cache_usage", largest(data, server, "peak_kv_cache_usage"));
    s.words(" of the KV cache in use");
  }
}

// "from max_num_seqs = 128 to 4,096 no metric changes, in any seed: at most 100 ..."
void say_no_change(Sentence& s, const StudyData& data, const std::vector<SeedGroup>& groups) {
  const std::size_t at = first_of_identical(data, groups, all_metrics(data));
  const SeedGroup& last = groups.back();
  if (at + 1 == groups.size()) {
    s.words("every step of max_num_seqs up to ").number("max_num_seqs", last.key[0]);
    s.words(" changes the results; at most ");
    s.count("peak_running", largest(data, last, "peak_running"), "sequence");
    s.words(" run at a time.");
    return;
  }
  s.words("from max_num_seqs = ").number("max_num_seqs", groups[at].key[0]).words(" to ");
  s.number("max_num_seqs", last.key[0]).words(" no metric changes, in any seed: at most ");
  s.count("peak_running", largest(data, last, "peak_running"), "sequence");
  s.words(" ever run at a time (peak_running), and a limit above that is never reached.");
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
        same("gpu_memory_gb") && same("seed")) {
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

Findings queue_answer(const StudyData& data) {
  const std::vector<SeedGroup> groups = queue_limits(data);
  if (groups.empty()) return {};
  const auto at = below_half(data, groups);
  Sentence s;
  s.words("Queue share: ");
  if (at == groups.end()) {
    s.words("no max_num_seqs up to ").number("max_num_seqs", groups.back().key[0]);
    s.words(" brings it below ").percent("limit", kHalf).words("; the largest gives ");
    s.percent(kShare, data.mean_of(groups.back(), kShare));
    return {s.words(".").finding(kAnswerTopic)};
  }
  s.words("it falls below ").percent("limit", kHalf);
  const bool exact = at == groups.begin() || at->key[0] - (at - 1)->key[0] <= 1;
  if (exact) {
    s.words(" at max_num_seqs = ");
  } else {
    s.words(" between max_num_seqs = ").number("max_num_seqs", (at - 1)->key[0]).words(" and ");
  }
  s.number("max_num_seqs", at->key[0]).words(": ").percent(kShare, data.mean_of(*at, kShare));
  say_seed_range(s, kShare, data.values(*at, kShare));
  if (at != groups.begin()) {
    const SeedGroup& before = *(at - 1);
    s.words("; at ").number("max_num_seqs", before.key[0]).words(" it is ");
    s.percent(kShare, data.mean_of(before, kShare));
  }
  return {s.words(".").finding(kAnswerTopic)};
}

Findings client_answer(const StudyData& data) {
  const auto client = client_before(data);
  if (!client) return {};
  const std::vector<SeedGroup> groups = by_max_num_seqs(data, TuningStep::kQueueTime);
  const double limit = data.input(*client, "max_num_seqs");
  const auto server = std::find_if(groups.begin(), groups.end(),
                                   [&](const SeedGroup& g) { return g.key[0] == limit; });
  if (server == groups.end()) return {};
  const char* ratio = "median_queue_time_ratio";
  Sentence s;
  s.words("Client batches: when the client sends ");
  s.number("client_batch", data.input(*client, "client_batch"));
  s.words(" requests at a time and waits for all of them, the median queue time is ");
  s.percent(ratio, data.mean_of(*client, ratio)).words(" of the median latency");
  say_seed_range(s, ratio, data.values(*client, ratio));
  s.words(", and the server, which could run ").number("max_num_seqs", limit);
  s.words(", runs at most ").number("peak_running", largest(data, *client, "peak_running"));
  s.words(". When the client sends all at once, the same server with the same max_num_seqs has ");
  // Percentiles are those of a histogram, whose lowest bucket is some nanoseconds wide.
  constexpr double kNone = 1e-6;
  const double left = data.mean_of(*server, ratio);
  s.percent(ratio, left < kNone ? 0 : left);
  if (left < kSmallShare) {
    s.words(", below ")
        .percent("limit", kSmallShare)
        .words(": the waiting is the client's batches");
  } else {
    s.words(": the client's batches are not all of it, ");
    s.percent("left_of_share", left / data.mean_of(*client, ratio));
    s.words(" of the share remains without them; ");
    say_holder(s, data, *server);
  }
  return {s.words(".").finding(kAnswerTopic)};
}

Findings limit_answer(const StudyData& data) {
  const std::vector<SeedGroup> groups = by_max_num_seqs(data, TuningStep::kQueueTime);
  if (groups.size() < 2) return {};
  Sentence s;
  s.words("max_num_seqs: ");
  say_no_change(s, data, groups);
  return {s.finding(kAnswerTopic)};
}

Findings queue_findings(const StudyData& data) {
  constexpr const char* kTopic = "Queue time";
  Findings findings;
  const std::vector<SeedGroup> groups = by_max_num_seqs(data, TuningStep::kQueueTime);
  const std::vector<SeedGroup> clients = by_client_batch(data, TuningStep::kQueueTime);
  if (!groups.empty()) {
    Sentence s;
    s.count("requests", data.input(groups.front(), "workload_requests"), "request");
    s.words(" of the mix arrive at once. Queue share by max_num_seqs, ");
    say_shares(s, data, groups, "max_num_seqs");
    findings.push_back(s.words(".").finding(kTopic));
  }
  if (!clients.empty()) {
    Sentence s;
    s.words("Queue share by the client's batch, where the client waits for the end of each, ");
    say_shares(s, data, clients, "client_batch");
    findings.push_back(s.words(".").finding(kTopic));
  }
  if (const auto client = client_before(data)) {
    Sentence s;
    s.words("Three ways to state the share of one and the same run, with client batches of ");
    s.number("client_batch", data.input(*client, "client_batch")).words(": ");
    s.percent(kShare, data.mean_of(*client, kShare)).words(" of all latency is queue time; ");
    s.percent("median_queue_time_ratio", data.mean_of(*client, "median_queue_time_ratio"));
    s.words(" is the ratio of the medians; ");
    s.percent("mean_queue_time_share", data.mean_of(*client, "mean_queue_time_share"));
    findings.push_back(s.words(" is the mean of the requests' shares.").finding(kTopic));
  }
  return findings;
}

Findings batch_limit_findings(const StudyData& data) {
  constexpr const char* kTopic = "max_num_seqs";
  const std::vector<SeedGroup> groups = by_max_num_seqs(data, TuningStep::kMaxNumSeqs);
  if (groups.size() < 2) return {};
  const char* tokens = "throughput_output_tokens_per_s";
  Sentence s;
  s.words("A batch of ")
      .count("requests", data.input(groups.front(), "workload_requests"), "request");
  s.words(": ").number(tokens, data.mean_of(groups.front(), tokens), "output tokens/s");
  s.words(" at max_num_seqs = ").number("max_num_seqs", groups.front().key[0]).words(" and ");
  s.number(tokens, data.mean_of(groups.back(), tokens)).words(" at ");
  s.number("max_num_seqs", groups.back().key[0]).words("; ");
  say_no_change(s, data, groups);
  return {s.finding(kTopic)};
}

}  // namespace servesweep
