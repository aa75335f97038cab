// Memory, chunked prefill, the benchmark, and before against after.
#include <algorithm>
#include <cmath>

#include "host/studies/tuning/tuning_findings.hpp"

namespace servesweep {
namespace {

constexpr const char* kPerSecond = "throughput_requests_per_s";
constexpr const char* kChunk = "max_num_batched_tokens";
constexpr const char* kChunkTopic = "Chunked prefill";

bool chunks_are_off(const Configuration& of) {
  return of.text("scheduler_mode") == "prefill_first";
}

// "p99 inter-token time by chunk size: 256: 23.1 ms, off: ..."
FindingRecord by_chunk(const Configurations& all, const Variable& metric, const Clause& more = {}) {
  const Clause values = listed(all, [&](const Configuration& of) {
    const Argument chunk =
        chunks_are_off(of) ? Argument(std::string("off")) : Argument(of.number(kChunk));
    return Clause{"{}: {}", {chunk, level(metric, of)}};
  });
  return {kChunkTopic, {"{} by chunk size: {}.{}", {metric.words, values, more}}, metric.column};
}

// Where the 99th percentile falls again although the largest does not: the prompts' iterations are
// longer, and so few that they are less than one gap in a hundred.
Clause fewer_longer(const Configurations& all) {
  const auto less = [&](const char* metric) {
    return [metric](const Configuration& a, const Configuration& b) {
      return a.value(metric) < b.value(metric);
    };
  };
  const auto most = std::max_element(all.begin(), all.end(), less("p99_itl_s"));
  const auto next = most + 1;
  if (next == all.end() || chunks_are_off(*next) || !less("iterations")(*next, *most) ||
      less("max_itl_s")(*next, *most)) {
    return {};
  }
  return {
      " At {} it is lower than at {}, though the largest is not: a long prompt takes fewer and "
      "longer iterations, and fewer tokens wait for one.",
      {next->number(kChunk), most->number(kChunk)}};
}

// The largest change of the latency of requests of one length, from the smallest chunk to any.
void find_chunked_latency(const StudyData& data, FindingRecords& found) {
  const Configurations all = data.configurations(
      TuningStep::kChunkedLatency, {"workload_lengths_output_min_tokens", "scheduler_mode"});
  if (all.empty()) return;
  double largest = 0, decode = 1;
  for (const Configurations& same_length : series(all, 1)) {
    const double first_s = same_length.front().values(kMeanLatency.column).front();
    for (const Configuration& each : same_length) {  // all chunk sizes, and off
      for (const double latency_s : each.values(kMeanLatency.column)) {
        largest = std::max(largest, std::fabs(latency_s / first_s - 1));
      }
      decode = std::min(decode, 1 - each.value("mean_ttft_s") / each.value(kMeanLatency.column));
    }
  }
  found.push_back(
      {kChunkTopic,
       {"Requests of {} alone: chunked prefill changes their latency by at most {}, since at "
        "least {} of it is decoding, which chunks do not touch.",
        {NumberRange{"output_tokens", all.front().key[0], all.back().key[0], "tokens"},
         Percent{"change", largest}, Percent{"decode_share", decode}}},
       kMeanLatency.column});
}

FindingRecord comparison_finding(const Configuration& before, const Configuration& after,
                                 const char* topic, const char* start) {
  const Clause load = is_burst(before)
                          ? Clause{"all at once"}
                          : Clause{"steadily ({})", {before.number("rate_per_s", "requests/s")}};
  return compared(
      topic,
      {"{}{}, from client batches of {} to continuous batching with max_num_seqs = {}: ",
       {start, load, before.number("client_batch"), after.number("max_num_seqs")}},
      {{"queue share", "queue_time_share", "%"},
       {"throughput", kPerSecond},
       {"p50 latency", "p50_latency_s"},
       {"p95 latency", "p95_latency_s"},
       {"p99 latency", "p99_latency_s"},
       {"and the price, p99 time per output token (TPOT),", "p99_tpot_s"}},
      before, after);
}

}  // namespace

std::vector<std::pair<Configuration, Configuration>> before_and_after(const StudyData& data) {
  const std::vector<std::string> load = {"workload_arrivals_kind"};
  std::vector<std::pair<Configuration, Configuration>> pairs;
  for (const Configuration& before : in_mode(data, TuningStep::kComparison, "static", load)) {
    for (const Configuration& after : in_mode(data, TuningStep::kComparison, "mixed", load)) {
      if (before.key[0] == after.key[0]) pairs.emplace_back(before, after);
    }
  }
  std::stable_partition(pairs.begin(), pairs.end(),
                        [&](const auto& pair) { return is_burst(pair.first); });
  return pairs;
}

void server_findings(const StudyData& data, FindingRecords& found) {
  if (data.frame().num_rows() == 0) return;
  const std::vector<double> running = data.frame().numbers("peak_running");
  const auto beyond = std::count_if(running.begin(), running.end(), [](double most) {
    return most > static_cast<double>(kMostMeasuredSequences);
  });
  found.push_back(
      {"Server",
       {"Times are those of coefficients, no measurements. Decodes are fitted to measured "
        "batches of up to {}; larger ones, which {} of {} run, are an extrapolation. Prefills "
        "are an assumption: {} is what the arithmetic takes at the GPU's peak of {}, a lower "
        "bound.",
        {Number{"sequences", kMostMeasuredSequences, "sequences"},
         Number{"worlds_beyond", static_cast<double>(beyond)},
         Count{"worlds", static_cast<double>(running.size()), "world"},
         Number{"per_prompt_token_ms", kPromptToken_ms, "ms per prompt token"},
         Number{"peak_tflops", kPeakTflops, "TFLOPS"}}}});
}

void memory_findings(const StudyData& data, FindingRecords& found) {
  const std::string share = "gpu_memory_utilization";
  const Configurations all = data.configurations(TuningStep::kMemory, {share});
  if (all.size() < 2) return;
  const std::size_t at =
      first_of_identical(all, {kPerSecond, "mean_latency_s", "p99_latency_s", "preemptions"});
  const Configuration &least = all.front(), &enough = all[at], &most = all.back();
  found.push_back(
      {"Memory",
       {"From gpu_memory_utilization = {} ({} KV blocks) to {} neither throughput nor latency "
        "changes: with {} at most {} of the KV cache are ever in use.",
        {enough.number(share), enough.number("kv_blocks"), most.number(share), most.number(share),
         most.share("peak_kv_cache_usage")}},
       "",
       enough.key[0],
       most.key[0]});
  if (at > 0) {
    found.push_back(
        {"Memory",
         {"With {} ({} blocks) there are {} preemptions and {}, against {} with enough memory.",
          {least.number(share), least.number("kv_blocks"), least.number("preemptions"),
           least.number(kPerSecond, "requests/s"), most.number(kPerSecond)}},
         kPerSecond,
         least.key[0],
         most.key[0]});
  }
}

void chunk_findings(const StudyData& data, FindingRecords& found) {
  find_chunked_latency(data, found);
  const Configurations all =
      data.configurations(TuningStep::kChunkedItl, {"scheduler_mode", kChunk});
  if (all.empty()) return;
  found.push_back(
      by_chunk(all, {"Long prompts among chats, largest inter-token time", "max_itl_s", "s"}));
  found.push_back(by_chunk(all, {"p99 inter-token time", "p99_itl_s", "s"}, fewer_longer(all)));
  found.push_back(by_chunk(all, {"p99 time to first token", "p99_ttft_s", "s"}));
}

void benchmark_findings(const StudyData& data, FindingRecords& found) {
  constexpr const char* kTopic = "Benchmark";
  const auto list = [&](TuningStep step, const char* start, const Variable& input,
                        const Variable& metric) {
    const Configurations all = data.configurations(step, {input.column});
    if (!all.empty()) found.push_back(by_value(kTopic, {start}, all, input, metric));
  };
  list(TuningStep::kBenchmarkLatency, "A request alone, by its output tokens",
       {"", "workload_lengths_output_min_tokens", "", "output_tokens"}, kMeanLatency);
  list(TuningStep::kBenchmarkBatch, "Output tokens/s by the size of a batch",
       {"", "workload_requests", "", "requests"}, {"", "throughput_output_tokens_per_s"});
  if (const auto alone = mix_alone(data)) {
    found.push_back(
        {kTopic,
         {"The mix, one request at a time: latency p50 {}, p95 {}, p99 {}; queue share {}.",
          {alone->number("p50_latency_s", "s"), alone->number("p95_latency_s", "s"),
           alone->number("p99_latency_s", "s"), alone->share("queue_time_share")}},
         "p95_latency_s"});
  }
}

void comparison_findings(const StudyData& data, FindingRecords& found) {
  const auto pairs = before_and_after(data);
  for (const auto& [before, after] : pairs) {
    found.push_back(comparison_finding(before, after, "Comparison", ""));
  }
  if (pairs.empty()) return;
  const auto& [before, after] = pairs.front();
  found.push_back(comparison_finding(before, after, kAnswerTopic, "Before and after: "));
}

}  // namespace servesweep
