// Memory, chunked prefill, the benchmark, and before against after.
#include <algorithm>
#include <cmath>

#include "host/studies/tuning/tuning_findings.hpp"

namespace servesweep {
namespace {

constexpr const char* kPerSecond = "throughput_requests_per_s";
constexpr const char* kTokensPerSecond = "throughput_output_tokens_per_s";
constexpr const char* kP95Latency = "p95_latency_s";

// "off", "2,048"
void say_chunk(Sentence& s, const StudyData& data, const SeedGroup& group) {
  if (data.text(group, "scheduler_mode") == "prefill_first") {
    s.words("off");
  } else {
    s.number("max_num_batched_tokens", data.input(group, "max_num_batched_tokens"));
  }
}

// "p99 inter-token time by chunk size, 256: 23.1 ms, ..."
Sentence by_chunk(const StudyData& data, const std::vector<SeedGroup>& groups, const char* words,
                  const std::string& metric) {
  Sentence s;
  s.words(words).words(" by chunk size: ");
  for (const SeedGroup& group : groups) {
    if (&group != &groups.front()) s.words(", ");
    say_chunk(s, data, group);
    s.words(": ").number(metric, data.mean_of(group, metric), "s");
  }
  return s.words(".");
}

// Where the 99th percentile falls again although the largest does not: the prompts' iterations are
// longer, and so few that they are less than one gap in a hundred.
void say_fewer_longer(Sentence& s, const StudyData& data, const std::vector<SeedGroup>& groups) {
  const auto p99 = [&](const SeedGroup& g) { return data.mean_of(g, "p99_itl_s"); };
  const auto most = std::max_element(groups.begin(), groups.end(),
                                     [&](const auto& a, const auto& b) { return p99(a) < p99(b); });
  const auto next = most + 1;
  if (next == groups.end() || data.text(*next, "scheduler_mode") == "prefill_first") return;
  if (data.mean_of(*next, "iterations") >= data.mean_of(*most, "iterations") ||
      data.mean_of(*next, "max_itl_s") < data.mean_of(*most, "max_itl_s")) {
    return;
  }
  s.words(" At ").number("max_num_batched_tokens", next->key[1]);
  s.words(" it is lower than at ").number("max_num_batched_tokens", most->key[1]);
  s.words(", though the largest is not: a long prompt takes fewer and longer iterations, and ");
  s.words("fewer tokens wait for one.");
}

std::vector<SeedGroup> chunk_sizes(const StudyData& data, TuningStep step) {
  return data.configurations(step, {"scheduler_mode", "max_num_batched_tokens"});
}

// The largest change of the latency of requests of one length, from the smallest chunk to any.
std::vector<StudyFinding> chunked_latency_findings(const StudyData& data) {
  const std::string output = "workload_lengths_output_min_tokens";
  const std::vector<SeedGroup> groups =
      data.configurations(TuningStep::kChunkedLatency, {output, "scheduler_mode"});
  if (groups.empty()) return {};
  double largest = 0, decode = 1;
  for (const SeedGroup& group : groups) {  // all chunk sizes of one length, and off
    const std::vector<double> values = data.values(group, "mean_latency_s");
    const std::vector<double> first =
        data.values(*std::find_if(groups.begin(), groups.end(),
                                  [&](const SeedGroup& g) { return g.key[0] == group.key[0]; }),
                    "mean_latency_s");
    for (const double value : values) largest = std::max(largest, std::fabs(value / first[0] - 1));
    decode = std::min(
        decode, 1 - data.mean_of(group, "mean_ttft_s") / data.mean_of(group, "mean_latency_s"));
  }
  Sentence s;
  s.words("Requests of ")
      .range("output_tokens", groups.front().key[0], groups.back().key[0], "tokens");
  s.words(" alone: chunked prefill changes their latency by at most ").percent("change", largest);
  s.words(", since at least ").percent("decode_share", decode);
  return {s.words(" of it is decoding, which chunks do not touch.").finding("Chunked prefill")};
}

void say_change(Sentence& s, const StudyData& data, const SeedGroup& before, const SeedGroup& after,
                const char* words, const std::string& metric) {
  s.words("; ");
  say(s, words, metric, data.ratio(before, after, metric));
}

StudyFinding comparison_finding(const StudyData& data, const SeedGroup& before,
                                const SeedGroup& after, const char* topic) {
  const bool burst = data.text(before, "workload_arrivals_kind") == "burst";
  Sentence s;
  if (std::string_view(topic) == kAnswerTopic) s.words("Before and after: ");
  s.words(burst ? "all at once" : "steadily");
  if (!burst) {
    s.words(" (").number("rate_per_s", data.input(before, "rate_per_s"), "requests/s").words(")");
  }
  s.words(", from client batches of ").number("client_batch", data.input(before, "client_batch"));
  s.words(" to continuous batching with max_num_seqs = ");
  s.number("max_num_seqs", data.input(after, "max_num_seqs")).words(": ");
  say(s, "queue share", "queue_time_share", data.points(before, after, "queue_time_share"));
  say_change(s, data, before, after, "throughput", kPerSecond);
  say_change(s, data, before, after, "p50 latency", "p50_latency_s");
  say_change(s, data, before, after, "p95 latency", kP95Latency);
  say_change(s, data, before, after, "p99 latency", "p99_latency_s");
  say_change(s, data, before, after, "and the price, p99 time per output token (TPOT),",
             "p99_tpot_s");
  return s.words(".").finding(topic);
}

}  // namespace

std::vector<std::pair<SeedGroup, SeedGroup>> before_and_after(const StudyData& data) {
  const std::vector<std::string> load = {"workload_arrivals_kind"};
  std::vector<std::pair<SeedGroup, SeedGroup>> pairs;
  for (const SeedGroup& before : in_mode(data, TuningStep::kComparison, "static", load)) {
    for (const SeedGroup& after : in_mode(data, TuningStep::kComparison, "mixed", load)) {
      if (before.key == after.key) pairs.emplace_back(before, after);
    }
  }
  std::stable_partition(pairs.begin(), pairs.end(), [&](const auto& pair) {
    return data.text(pair.first, "workload_arrivals_kind") == "burst";
  });
  return pairs;
}

Findings server_findings(const StudyData& data) {
  if (data.frame().num_rows() == 0) return {};
  Sentence s;
  s.words("Times are those of coefficients, no measurements. Decodes are fitted to measured ");
  s.words("batches of up to ").number("sequences", kMostMeasuredSequences, "sequences");
  const std::vector<double> running = data.frame().numbers("peak_running");
  const auto beyond = std::count_if(running.begin(), running.end(), [](double most) {
    return most > static_cast<double>(kMostMeasuredSequences);
  });
  s.words("; larger ones, which ").number("worlds_beyond", static_cast<double>(beyond));
  s.words(" of ").count("worlds", static_cast<double>(running.size()), "world");
  s.words(" run, are an extrapolation. Prefills are an assumption: ");
  s.number("per_prompt_token_ms", kPromptToken_ms, "ms per prompt token");
  s.words(" is what the arithmetic takes at the GPU's peak of ");
  s.number("peak_tflops", kPeakTflops, "TFLOPS").words(", a lower bound.");
  return {s.finding("Server")};
}

Findings memory_findings(const StudyData& data) {
  const std::vector<SeedGroup> groups =
      data.configurations(TuningStep::kMemory, {"gpu_memory_utilization"});
  if (groups.size() < 2) return {};
  const std::size_t at = first_of_identical(
      data, groups, {kPerSecond, "mean_latency_s", "p99_latency_s", "preemptions"});
  Findings findings;
  Sentence s;
  s.words("From gpu_memory_utilization = ").number("gpu_memory_utilization", groups[at].key[0]);
  s.words(" (").number("kv_blocks", data.mean_of(groups[at], "kv_blocks")).words(" KV blocks) to ");
  s.number("gpu_memory_utilization", groups.back().key[0]);
  s.words(" neither throughput nor latency changes: with ");
  s.number("gpu_memory_utilization", groups.back().key[0]).words(" at most ");
  s.percent("peak_kv_cache_usage", data.mean_of(groups.back(), "peak_kv_cache_usage"));
  findings.push_back(s.words(" of the KV cache are ever in use.").finding("Memory"));
  if (at > 0) {
    const SeedGroup& least = groups.front();
    Sentence t;
    t.words("With ").number("gpu_memory_utilization", least.key[0]).words(" (");
    t.number("kv_blocks", data.mean_of(least, "kv_blocks")).words(" blocks) there are ");
    t.number("preemptions", data.mean_of(least, "preemptions")).words(" preemptions and ");
    t.number(kPerSecond, data.mean_of(least, kPerSecond), "requests/s").words(", against ");
    t.number(kPerSecond, data.mean_of(groups.back(), kPerSecond));
    findings.push_back(t.words(" with enough memory.").finding("Memory"));
  }
  return findings;
}

Findings chunk_findings(const StudyData& data) {
  constexpr const char* kTopic = "Chunked prefill";
  Findings findings = chunked_latency_findings(data);
  const std::vector<SeedGroup> groups = chunk_sizes(data, TuningStep::kChunkedItl);
  if (groups.empty()) return findings;
  findings.push_back(
      by_chunk(data, groups, "Long prompts among chats, largest inter-token time", "max_itl_s")
          .finding(kTopic));
  Sentence p99 = by_chunk(data, groups, "p99 inter-token time", "p99_itl_s");
  say_fewer_longer(p99, data, groups);
  findings.push_back(p99.finding(kTopic));
  findings.push_back(
      by_chunk(data, groups, "p99 time to first token", "p99_ttft_s").finding(kTopic));
  return findings;
}

Findings benchmark_findings(const StudyData& data) {
  constexpr const char* kTopic = "Benchmark";
  Findings findings;
  const auto latency =
      data.configurations(TuningStep::kBenchmarkLatency, {"workload_lengths_output_min_tokens"});
  if (!latency.empty()) {
    Sentence s;
    s.words("A request alone, by its output tokens: ");
    for (const SeedGroup& group : latency) {
      if (&group != &latency.front()) s.words(", ");
      s.number("output_tokens", group.key[0]).words(": ");
      s.number("mean_latency_s", data.mean_of(group, "mean_latency_s"), "s");
    }
    findings.push_back(s.words(".").finding(kTopic));
  }
  const auto batches = data.configurations(TuningStep::kBenchmarkBatch, {"workload_requests"});
  if (!batches.empty()) {
    Sentence s;
    s.words("Output tokens/s by the size of a batch: ");
    for (const SeedGroup& group : batches) {
      if (&group != &batches.front()) s.words(", ");
      s.number("requests", group.key[0]).words(": ");
      s.number(kTokensPerSecond, data.mean_of(group, kTokensPerSecond));
    }
    findings.push_back(s.words(".").finding(kTopic));
  }
  if (const auto alone = mix_alone(data)) {
    Sentence s;
    s.words("The mix, one request at a time: latency p50 ");
    s.number("p50_latency_s", data.mean_of(*alone, "p50_latency_s"), "s").words(", p95 ");
    s.number(kP95Latency, data.mean_of(*alone, kP95Latency), "s").words(", p99 ");
    s.number("p99_latency_s", data.mean_of(*alone, "p99_latency_s"), "s").words("; queue share ");
    s.percent("queue_time_share", data.mean_of(*alone, "queue_time_share"));
    findings.push_back(s.words(".").finding(kTopic));
  }
  return findings;
}

Findings comparison_answer(const StudyData& data) {
  const auto pairs = before_and_after(data);
  if (pairs.empty()) return {};
  return {comparison_finding(data, pairs.front().first, pairs.front().second, kAnswerTopic)};
}

Findings comparison_findings(const StudyData& data) {
  Findings findings;
  for (const auto& [before, after] : before_and_after(data)) {
    findings.push_back(comparison_finding(data, before, after, "Comparison"));
  }
  return findings;
}

}  // namespace servesweep
