#include "host/studies/tuning/tuning_files.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "host/studies/sentence.hpp"
#include "host/studies/tuning/tuning_findings.hpp"

namespace servesweep {
namespace {

using Json = nlohmann::ordered_json;

// A metric in the suite's words; a percentage is 100 times a share.
struct SuiteKey {
  const char* name;
  const char* column;
};
constexpr SuiteKey kSuiteKeys[] = {
    {"total_elapsed", "makespan_s"},
    {"elapsed_time", "makespan_s"},
    {"num_requests", "completed"},
    {"total_tokens", "output_tokens"},
    {"actual_tokens", "output_tokens/completed"},
    {"throughput", "throughput_output_tokens_per_s"},
    {"requests_per_second", "throughput_requests_per_s"},
    {"avg_latency_per_request", "mean_latency_s"},
    {"mean_latency", "mean_latency_s"},
    {"mean", "mean_latency_s"},
    {"p50", "p50_latency_s"},
    {"p95", "p95_latency_s"},
    {"estimated_queue_time", "mean_queue_time_s"},
    {"queue_time_p50", "p50_queue_time_s"},
    {"queue_time_percentage", "queue_time_share"},
    {"queue_time_ratio_of_medians_percentage", "median_queue_time_ratio"}};
// A key without a row is the name of its column, or that without the unit.
constexpr const char* kWithoutUnit[] = {"_itl", "_ttft", "_latency"};

using Keys = std::initializer_list<const char*>;  // of a configuration; the means over the seeds
constexpr Keys kQueueKeys = {"total_elapsed",        "num_requests",
                             "total_tokens",         "throughput",
                             "requests_per_second",  "avg_latency_per_request",
                             "estimated_queue_time", "queue_time_percentage",
                             "queue_time_p50",       "queue_time_ratio_of_medians_percentage",
                             "peak_running"};
constexpr Keys kBatchKeys = {"elapsed_time",         "total_tokens",          "throughput",
                             "estimated_queue_time", "queue_time_percentage", "peak_running"};
constexpr Keys kMemoryKeys = {
    "elapsed_time", "total_tokens",        "throughput", "avg_latency_per_request",
    "kv_blocks",    "peak_kv_cache_usage", "preemptions"};
constexpr Keys kLengthKeys = {"actual_tokens", "p50", "p95", "mean"};
constexpr Keys kItlKeys = {"mean_itl", "p50_itl",  "p95_itl", "p99_itl",
                           "max_itl",  "p50_ttft", "p99_ttft"};
constexpr Keys kLatencyKeys = {"actual_tokens", "mean_latency"};
constexpr Keys kThroughputKeys = {"elapsed_time", "total_tokens", "throughput"};
constexpr Keys kMixKeys = {
    "total_elapsed",  "num_requests",          "total_tokens", "throughput",  "requests_per_second",
    "queue_time_p50", "queue_time_percentage", "p50_latency",  "p90_latency", "p95_latency",
    "p99_latency"};

Json json_number(double value) {
  if (std::isnan(value)) return nullptr;
  if (value == std::floor(value) && std::fabs(value) < 1e15)
    return static_cast<std::int64_t>(value);
  return value;
}

std::string column_of(const std::string& key) {
  for (const SuiteKey& known : kSuiteKeys) {
    if (key == known.name) return known.column;
  }
  for (const char* end : kWithoutUnit) {
    if (key.ends_with(end)) return key + "_s";
  }
  return key;
}

// Percentiles are those of histograms; of one request they are its own value, and so is the mean.
std::string exact_column(const StudyData& data, const SeedGroup& group, const std::string& column) {
  const std::size_t end = column.find("_latency_s");
  const bool is_percentile = column.front() == 'p' && end != std::string::npos;
  return is_percentile && data.mean_of(group, "completed") == 1 ? "mean" + column.substr(end)
                                                                : column;
}

// `row` with the values of `keys`.
Json with_values(Json row, const StudyData& data, const SeedGroup& group, const Keys& keys) {
  for (const std::string key : keys) {
    const double mean = data.mean_of(group, exact_column(data, group, column_of(key)));
    row[key] = json_number(key.ends_with("percentage") ? 100 * mean : mean);
  }
  return row;
}

// With the time that is no queue time, which is what the suite calls generation.
Json queue_row(const StudyData& data, const SeedGroup& group, const char* name) {
  Json row =
      with_values({{name, json_number(group.key[0])}, {"success", true}}, data, group, kQueueKeys);
  row["estimated_generation_time"] =
      json_number(data.mean_of(group, "mean_latency_s") - data.mean_of(group, "mean_queue_time_s"));
  return row;
}

// The first with the most, or least, of a key.
Json best_of(const Json& results, const char* key, bool most) {
  const Json* best = nullptr;
  for (const Json& row : results) {
    if (best == nullptr || (most ? row[key] > (*best)[key] : row[key] < (*best)[key])) best = &row;
  }
  return best == nullptr ? Json() : *best;
}

Json test_values(const std::vector<SeedGroup>& groups) {
  Json values = Json::array();
  for (const SeedGroup& group : groups) values.push_back(json_number(group.key[0]));
  return values;
}

Json queue_time(const StudyData& data) {
  const auto groups = queue_limits(data);
  const auto client = client_before(data);
  if (groups.empty()) return nullptr;
  Json json, results = Json::array(), clients = Json::array();
  json["week2_baseline"] = nullptr;
  if (client) {
    json["week2_baseline"] = {
        {"queue_time_seconds", json_number(data.mean_of(*client, "p50_queue_time_s"))},
        {"generation_time_seconds", json_number(data.mean_of(*client, "p50_latency_s") -
                                                data.mean_of(*client, "p50_queue_time_s"))},
        {"queue_time_percentage", json_number(100 * data.mean_of(*client, "queue_time_share"))}};
  }
  json["test_values"] = test_values(groups);
  json["num_requests"] = json_number(data.input(groups.front(), "workload_requests"));
  for (const SeedGroup& group : groups) results.push_back(queue_row(data, group, "max_num_seqs"));
  for (const SeedGroup& group : by_client_batch(data, TuningStep::kQueueTime)) {
    clients.push_back(queue_row(data, group, "client_batch"));
  }
  json["results"] = results;
  json["client_batches"] = clients;
  json["optimal"] = best_of(results, "queue_time_percentage", false);
  return json;
}

// Throughput over the values of `key`; `shared` is said of the file and of each row.
Json throughput_file(const StudyData& data, const std::vector<SeedGroup>& groups, const char* key,
                     const Json& shared, const Keys& keys) {
  Json json = {{"test_values", test_values(groups)}}, results = Json::array();
  json.update(shared);
  for (const SeedGroup& group : groups) {
    Json row = {{key, json_number(group.key[0])}};
    row.update(shared);
    row["success"] = true;
    results.push_back(with_values(row, data, group, keys));
  }
  json["results"] = results;
  json["optimal"] = best_of(results, "throughput", true);
  return json;
}

Json max_num_seqs(const StudyData& data) {
  const auto groups = by_max_num_seqs(data, TuningStep::kMaxNumSeqs);
  if (groups.empty()) return nullptr;
  const double requests = data.input(groups.front(), "workload_requests");
  return throughput_file(data, groups, "max_num_seqs", {{"batch_size", json_number(requests)}},
                         kBatchKeys);
}

Json memory_file(const StudyData& data) {
  const auto groups = data.configurations(TuningStep::kMemory, {"gpu_memory_utilization"});
  if (groups.empty()) return nullptr;
  return throughput_file(data, groups, "mem_utilization", Json::object(), kMemoryKeys);
}

Json chunk_head(const StudyData& data, const SeedGroup& group) {
  const bool chunked = data.text(group, "scheduler_mode") == "mixed";
  const double tokens = data.input(group, "max_num_batched_tokens");
  Json json;
  json["config"] = chunked ? "Chunked Prefill (" + sentence_number(tokens) + " tokens/chunk)"
                           : std::string("Baseline (Standard)");
  json["enable_chunked_prefill"] = chunked;
  json["max_num_batched_tokens"] = chunked ? json_number(tokens) : Json();
  return json;
}

Json chunked_prefill(const StudyData& data) {
  const char* output = "workload_lengths_output_min_tokens";
  const auto lengths = data.configurations(TuningStep::kChunkedLatency,
                                           {"scheduler_mode", "max_num_batched_tokens", output});
  const auto mixed =
      data.configurations(TuningStep::kChunkedItl, {"scheduler_mode", "max_num_batched_tokens"});
  if (lengths.empty() && mixed.empty()) return nullptr;
  Json json, results = Json::array(), itl = Json::array();
  json["sequence_lengths_tested"] = Json::array();
  for (const SeedGroup& group : lengths) {
    Json head = chunk_head(data, group);
    if (results.empty() || results.back()["config"] != head["config"]) {
      head["success"] = true;
      head["results_by_length"] = Json::array();
      results.push_back(head);
    }
    results.back()["results_by_length"].push_back(
        with_values({{"target_length", json_number(group.key[2])}}, data, group, kLengthKeys));
    if (results.size() == 1) json["sequence_lengths_tested"].push_back(json_number(group.key[2]));
  }
  for (const SeedGroup& group : mixed) {
    itl.push_back(with_values(chunk_head(data, group), data, group, kItlKeys));
  }
  json["results"] = results;
  json["inter_token_latency"] = itl;
  return json;
}

Json target_rows(const StudyData& data) {
  Json rows = Json::array();
  for (const TuningTarget& target : tuning_targets(data)) {
    rows.push_back({{"target", target.name},
                    {"limit", json_number(target.limit)},
                    {"reached", target.known ? Json(target.reached) : Json()},
                    {"value", json_number(target.value)},
                    {"setting", target.setting},
                    {"text", render(target.finding).text}});
  }
  return rows;
}

Json benchmark(const StudyData& data) {
  const char* output = "workload_lengths_output_min_tokens";
  const char* prompt = "workload_lengths_prompt_min_tokens";
  const auto latency = data.configurations(TuningStep::kBenchmarkLatency, {output});
  const auto batches = data.configurations(TuningStep::kBenchmarkBatch, {"workload_requests"});
  const auto mix = data.configurations(TuningStep::kBenchmarkMix, {"rate_per_s"});
  const auto lengths = data.configurations(
      TuningStep::kBenchmarkLengths,
      {prompt, output, "workload_lengths_output_max_tokens", "workload_requests"});
  Json results;
  for (const SeedGroup& group : latency) {
    results["latency"]["scenarios"].push_back(
        with_values({{"prompt_type", "short"}, {"output_tokens", json_number(group.key[0])}}, data,
                    group, kLatencyKeys));
  }
  for (const SeedGroup& group : batches) {
    results["batch_throughput"].push_back(
        with_values({{"batch_size", json_number(group.key[0])}}, data, group, kThroughputKeys));
  }
  for (const SeedGroup& group : mix) {
    if (std::isnan(group.key[0])) {  // all at once
      results["production"] = with_values({}, data, group, kMixKeys);
    } else {
      results["production_at_a_rate"].push_back(
          with_values({{"arrivals_per_second", json_number(group.key[0])}}, data, group, kMixKeys));
    }
  }
  for (const SeedGroup& group : lengths) {
    results["sequence_length"].push_back(
        with_values({{"prompt_tokens", json_number(group.key[0])},
                     {"min_output_tokens", json_number(group.key[1])},
                     {"max_output_tokens", json_number(group.key[2])}},
                    data, group, kLengthKeys));
  }
  if (results.is_null()) return nullptr;
  const SeedGroup any = !mix.empty()       ? mix.front()
                        : !latency.empty() ? latency.front()
                        : !batches.empty() ? batches.front()
                                           : lengths.front();
  return {{"config",
           {{"gpu_memory_utilization", json_number(data.input(any, "gpu_memory_utilization"))},
            {"max_num_seqs", json_number(data.input(any, "max_num_seqs"))}}},
          {"results", results},
          {"targets", target_rows(data)}};
}

std::uint64_t seed_of(const Study& study, const StudyData& data, TuningStep step) {
  const std::size_t row = data.newest_rows(step).at(0);
  const auto sweep = static_cast<std::size_t>(data.value(row, kSweepColumn));
  return std::stoull(study.sweeps.at(sweep).attribute("seed"));
}

// When the last of the study's sweeps ended: "2025-11-30 04:01:39".
std::string timestamp(const Study& study) {
  std::string time;
  for (const StudySweep& sweep : study.sweeps) {
    time = std::max(time, sweep.attribute("time_finished_utc"));
  }
  std::replace(time.begin(), time.end(), 'T', ' ');
  if (time.ends_with('Z')) time.pop_back();
  return time;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> tuning_files(const Study& study,
                                                              const std::string& result_file) {
  struct File {
    const char* name;
    TuningStep first;  // of its steps: it is there where one is
    Json (*contents)(const StudyData&);
  };
  static constexpr File kFiles[] = {
      {"queue_time_optimization.json", TuningStep::kQueueTime, queue_time},
      {"max_num_seqs_optimization.json", TuningStep::kMaxNumSeqs, max_num_seqs},
      {"memory_optimization.json", TuningStep::kMemory, memory_file},
      {"chunked_prefill_optimization.json", TuningStep::kChunkedLatency, chunked_prefill},
      {"comprehensive_optimized_benchmark.json", TuningStep::kBenchmarkLatency, benchmark}};
  const StudyData data(study.worlds);
  std::vector<std::pair<std::string, std::string>> files;
  for (const File& file : kFiles) {
    Json json = file.contents(data);
    if (json.is_null()) continue;
    json["server"] = render(server_findings(data).front()).text;
    json["result_file"] = result_file;
    json["seed"] = seed_of(study, data, file.first);
    json["timestamp"] = timestamp(study);
    files.emplace_back(file.name, json.dump(2) + "\n");
  }
  return files;
}

}  // namespace servesweep
