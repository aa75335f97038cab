// Memory, chunked prefill, the benchmark, and before against after.
#include <algorithm>
#include <cmath>

#include "host/studies/tuning/tuning_findings.hpp"

namespace servesweep {
namespace {

constexpr const char* kPerSecond = "throughput_requests_per_s";
constexpr const char* kTokensPerSecond = "throughput_output_tokens_per_s";
constexpr const char* kP95Latency = "p95_latency_s";
constexpr const char* kChunk = "max_num_batched_tokens";
constexpr const char* kChunkTopic = "Chunked prefill";
constexpr const char* kBenchmarkTopic = "Benchmark";

bool chunks_are_off(const Configuration& of) {
  return of.data.text(of.group, "scheduler_mode") == "prefill_first";
}

// "p99 inter-token time by chunk size: 256: 23.1 ms, off: ..."
FindingRecord by_chunk(const StudyData& data, const std::vector<SeedGroup>& groups,
                       const char* words, const char* metric, const Clause& more = {}) {
  const Clause values = listed(data, groups, [&](const Configuration& of) {
    const Argument chunk =
        chunks_are_off(of) ? Argument(std::string("off")) : Argument(of.input(kChunk));
    return Clause{"{}: {}", {chunk, of.mean(metric, "s")}};
  });
  return {kChunkTopic, {"{} by chunk size: {}.{}", {words, values, more}}, metric};
}

// Where the 99th percentile falls again although the largest does not: the prompts' iterations are
// longer, and so few that they are less than one gap in a hundred.
Clause fewer_longer(const StudyData& data, const std::vector<SeedGroup>& groups) {
  const auto less = [&](const char* metric) {
    return [&data, metric](const SeedGroup& a, const SeedGroup& b) {
      return data.mean_of(a, metric) < data.mean_of(b, metric);
    };
  };
  const auto most = std::max_element(groups.begin(), groups.end(), less("p99_itl_s"));
  const auto next = most + 1;
  if (next == groups.end() || chunks_are_off({data, *next}) || !less("iterations")(*next, *most) ||
      less("max_itl_s")(*next, *most)) {
    return {};
  }
  return {
      " At {} it is lower than at {}, though the largest is not: a long prompt takes fewer and "
      "longer iterations, and fewer tokens wait for one.",
      {Number{kChunk, next->key[1]}, Number{kChunk, most->key[1]}}};
}

// The largest change of the latency of requests of one length, from the smallest chunk to any.
FindingRecords chunked_latency_findings(const StudyData& data) {
  const std::vector<SeedGroup> groups = data.configurations(
      TuningStep::kChunkedLatency, {"workload_lengths_output_min_tokens", "scheduler_mode"});
  if (groups.empty()) return {};
  double largest = 0, decode = 1, first_s = 0, length = -1;
  for (const SeedGroup& group : groups) {  // all chunk sizes of one length, and off
    const std::vector<double> values = data.values(group, "mean_latency_s");
    if (group.key[0] != length) first_s = values.front();
    length = group.key[0];
    for (const double value : values) largest = std::max(largest, std::fabs(value / first_s - 1));
    decode = std::min(
        decode, 1 - data.mean_of(group, "mean_ttft_s") / data.mean_of(group, "mean_latency_s"));
  }
  return {{kChunkTopic,
           {"Requests of {} alone: chunked prefill changes their latency by at most {}, since at "
            "least {} of it is decoding, which chunks do not touch.",
            {NumberRange{"output_tokens", groups.front().key[0], groups.back().key[0], "tokens"},
             Percent{"change", largest}, Percent{"decode_share", decode}}},
           "mean_latency_s"}};
}

FindingRecord comparison_finding(const StudyData& data, const SeedGroup& before,
                                 const SeedGroup& after, const char* topic, const char* start) {
  constexpr std::pair<const char*, const char*> kCompared[] = {
      {"throughput", kPerSecond},
      {"p50 latency", "p50_latency_s"},
      {"p95 latency", kP95Latency},
      {"p99 latency", "p99_latency_s"},
      {"and the price, p99 time per output token (TPOT),", "p99_tpot_s"}};
  const Configuration client{data, before}, server{data, after};
  const Clause load = data.text(before, "workload_arrivals_kind") == "burst"
                          ? Clause{"all at once"}
                          : Clause{"steadily ({})", {client.input("rate_per_s", "requests/s")}};
  const std::string share = "queue_time_share";
  const ChangeOf queue{"queue share", share, data.points(before, after, share)};
  std::vector<Clause> changes = {{"{}", {queue}}};
  for (const auto& [words, metric] : kCompared) {
    changes.push_back({"{}", {ChangeOf{words, metric, data.ratio(before, after, metric)}}});
  }
  return {topic,
          {"{}{}, from client batches of {} to continuous batching with max_num_seqs = {}: {}.",
           {start, load, client.input("client_batch"), server.input("max_num_seqs"),
            joined(std::move(changes), "; ", "; ")}},
          share,
          std::nullopt,
          std::nullopt,
          queue};
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

FindingRecords server_findings(const StudyData& data) {
  if (data.frame().num_rows() == 0) return {};
  const std::vector<double> running = data.frame().numbers("peak_running");
  const auto beyond = std::count_if(running.begin(), running.end(), [](double most) {
    return most > static_cast<double>(kMostMeasuredSequences);
  });
  return {{"Server",
           {"Times are those of coefficients, no measurements. Decodes are fitted to measured "
            "batches of up to {}; larger ones, which {} of {} run, are an extrapolation. Prefills "
            "are an assumption: {} is what the arithmetic takes at the GPU's peak of {}, a lower "
            "bound.",
            {Number{"sequences", kMostMeasuredSequences, "sequences"},
             Number{"worlds_beyond", static_cast<double>(beyond)},
             Count{"worlds", static_cast<double>(running.size()), "world"},
             Number{"per_prompt_token_ms", kPromptToken_ms, "ms per prompt token"},
             Number{"peak_tflops", kPeakTflops, "TFLOPS"}}}}};
}

FindingRecords memory_findings(const StudyData& data) {
  const std::string share = "gpu_memory_utilization";
  const std::vector<SeedGroup> groups = data.configurations(TuningStep::kMemory, {share});
  if (groups.size() < 2) return {};
  const std::size_t at = first_of_identical(
      data, groups, {kPerSecond, "mean_latency_s", "p99_latency_s", "preemptions"});
  const Configuration least{data, groups.front()}, enough{data, groups[at]};
  const Configuration most{data, groups.back()};
  FindingRecords findings = {
      {"Memory",
       {"From gpu_memory_utilization = {} ({} KV blocks) to {} neither throughput nor latency "
        "changes: with {} at most {} of the KV cache are ever in use.",
        {enough.input(share), enough.mean("kv_blocks"), most.input(share), most.input(share),
         most.share("peak_kv_cache_usage")}},
       "",
       groups[at].key[0],
       groups.back().key[0]}};
  if (at > 0) {
    findings.push_back(
        {"Memory",
         {"With {} ({} blocks) there are {} preemptions and {}, against {} with enough memory.",
          {least.input(share), least.mean("kv_blocks"), least.mean("preemptions"),
           least.mean(kPerSecond, "requests/s"), most.mean(kPerSecond)}},
         kPerSecond,
         groups.front().key[0],
         groups.back().key[0]});
  }
  return findings;
}

FindingRecords chunk_findings(const StudyData& data) {
  FindingRecords findings = chunked_latency_findings(data);
  const std::vector<SeedGroup> groups =
      data.configurations(TuningStep::kChunkedItl, {"scheduler_mode", kChunk});
  if (groups.empty()) return findings;
  findings.push_back(
      by_chunk(data, groups, "Long prompts among chats, largest inter-token time", "max_itl_s"));
  findings.push_back(
      by_chunk(data, groups, "p99 inter-token time", "p99_itl_s", fewer_longer(data, groups)));
  findings.push_back(by_chunk(data, groups, "p99 time to first token", "p99_ttft_s"));
  return findings;
}

FindingRecords benchmark_findings(const StudyData& data) {
  FindingRecords findings;
  const auto say = [&](TuningStep step, const char* column, const char* text, const char* name,
                       const char* metric, const char* unit) {
    const std::vector<SeedGroup> groups = data.configurations(step, {column});
    if (groups.empty()) return;
    const Clause values = listed(data, groups, [&](const Configuration& of) {
      return Clause{"{}: {}", {Number{name, of.group.key[0]}, of.mean(metric, unit)}};
    });
    findings.push_back(
        {kBenchmarkTopic, {text, {values}}, metric, groups.front().key[0], groups.back().key[0]});
  };
  say(TuningStep::kBenchmarkLatency, "workload_lengths_output_min_tokens",
      "A request alone, by its output tokens: {}.", "output_tokens", "mean_latency_s", "s");
  say(TuningStep::kBenchmarkBatch, "workload_requests",
      "Output tokens/s by the size of a batch: {}.", "requests", kTokensPerSecond, "");
  if (const auto group = mix_alone(data)) {
    const Configuration alone{data, *group};
    findings.push_back(
        {kBenchmarkTopic,
         {"The mix, one request at a time: latency p50 {}, p95 {}, p99 {}; queue share {}.",
          {alone.mean("p50_latency_s", "s"), alone.mean(kP95Latency, "s"),
           alone.mean("p99_latency_s", "s"), alone.share("queue_time_share")}},
         kP95Latency});
  }
  return findings;
}

FindingRecords comparison_answer(const StudyData& data) {
  const auto pairs = before_and_after(data);
  if (pairs.empty()) return {};
  const auto& [before, after] = pairs.front();
  return {comparison_finding(data, before, after, kAnswerTopic, "Before and after: ")};
}

FindingRecords comparison_findings(const StudyData& data) {
  FindingRecords findings;
  for (const auto& [before, after] : before_and_after(data)) {
    findings.push_back(comparison_finding(data, before, after, "Comparison", ""));
  }
  return findings;
}

}  // namespace servesweep
