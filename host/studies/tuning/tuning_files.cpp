#include "host/studies/tuning/tuning_files.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "host/studies/tuning/tuning_findings.hpp"

namespace servesweep {
namespace {

using Json = nlohmann::ordered_json;

struct SuiteKey {
  const char* name;
  const char* column;
  double scale;
};

// Of a configuration, in the suite's words; the means over the seeds.
constexpr SuiteKey kQueueKeys[] = {
    {"total_elapsed", "makespan_s", 1},
    {"num_requests", "completed", 1},
    {"total_tokens", "output_tokens", 1},
    {"throughput", "throughput_output_tokens_per_s", 1},
    {"requests_per_second", "throughput_requests_per_s", 1},
    {"avg_latency_per_request", "mean_latency_s", 1},
    {"estimated_queue_time", "mean_queue_time_s", 1},
    {"queue_time_percentage", "queue_time_share", 100},
    {"queue_time_p50", "p50_queue_time_s", 1},
    {"queue_time_ratio_of_medians_percentage", "median_queue_time_ratio", 100},
    {"peak_running", "peak_running", 1}};
constexpr SuiteKey kBatchKeys[] = {{"elapsed_time", "makespan_s", 1},
                                   {"total_tokens", "output_tokens", 1},
                                   {"throughput", "throughput_output_tokens_per_s", 1},
                                   {"estimated_queue_time", "mean_queue_time_s", 1},
                                   {"queue_time_percentage", "queue_time_share", 100},
                                   {"peak_running", "peak_running", 1}};
constexpr SuiteKey kMemoryKeys[] = {{"elapsed_time", "makespan_s", 1},
                                    {"total_tokens", "output_tokens", 1},
                                    {"throughput", "throughput_output_tokens_per_s", 1},
                                    {"avg_latency_per_request", "mean_latency_s", 1},
                                    {"kv_blocks", "kv_blocks", 1},
                                    {"peak_kv_cache_usage", "peak_kv_cache_usage", 1},
                                    {"preemptions", "preemptions", 1}};
constexpr SuiteKey kLengthKeys[] = {{"actual_tokens", "output_tokens/completed", 1},
                                    {"p50", "p50_latency_s", 1},
                                    {"p95", "p95_latency_s", 1},
                                    {"mean", "mean_latency_s", 1}};
constexpr SuiteKey kItlKeys[] = {{"mean_itl", "mean_itl_s", 1}, {"p50_itl", "p50_itl_s", 1},
                                 {"p95_itl", "p95_itl_s", 1},   {"p99_itl", "p99_itl_s", 1},
                                 {"max_itl", "max_itl_s", 1},   {"p50_ttft", "p50_ttft_s", 1},
                                 {"p99_ttft", "p99_ttft_s", 1}};
constexpr SuiteKey kLatencyKeys[] = {{"actual_tokens", "output_tokens/completed", 1},
                                     {"mean_latency", "mean_latency_s", 1}};
constexpr SuiteKey kThroughputKeys[] = {{"elapsed_time", "makespan_s", 1},
                                        {"total_tokens", "output_tokens", 1},
                                        {"throughput", "throughput_output_tokens_per_s", 1}};
constexpr SuiteKey kMixKeys[] = {{"total_elapsed", "makespan_s", 1},
                                 {"num_requests", "completed", 1},
                                 {"total_tokens", "output_tokens", 1},
                                 {"throughput", "throughput_output_tokens_per_s", 1},
                                 {"requests_per_second", "throughput_requests_per_s", 1},
                                 {"queue_time_p50", "p50_queue_time_s", 1},
                                 {"queue_time_percentage", "queue_time_share", 100},
                                 {"p50_latency", "p50_latency_s", 1},
                                 {"p90_latency", "p90_latency_s", 1},
                                 {"p95_latency", "p95_latency_s", 1},
                                 {"p99_latency", "p99_latency_s", 1}};

Json json_number(double value) {
  if (std::isnan(value)) return nullptr;
  if (value == std::floor(value) && std::fabs(value) < 1e15)
    return static_cast<std::int64_t>(value);
  return value;
}

// Percentiles are those of histograms; of one request they are its own value, and so is the mean.
std::string exact_column(const StudyData& data, const SeedGroup& group, const SuiteKey& key) {
  const std::string column = key.column;
  const std::size_t end = column.find("_latency_s");
  const bool is_percentile = column.front() == 'p' && end != std::string::npos;
  return is_percentile && data.mean_of(group, "completed") == 1 ? "mean" + column.substr(end)
                                                                : column;
}

template <std::size_t N>
void add_values(Json& json, const StudyData& data, const SeedGroup& group,
                const SuiteKey (&keys)[N]) {
  for (const SuiteKey& key : keys)
    json[key.name] = json_number(key.scale * data.mean_of(group, exact_column(data, group, key)));
}

// With the time that is no queue time, which is what the suite calls generation.
Json queue_row(const StudyData& data, const SeedGroup& group, const char* name) {
  Json json;
  json[name] = json_number(group.key[0]);
  json["success"] = true;
  add_values(json, data, group, kQueueKeys);
  json["estimated_generation_time"] =
      json_number(data.mean_of(group, "mean_latency_s") - data.mean_of(group, "mean_queue_time_s"));
  return json;
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

Json max_num_seqs(const StudyData& data) {
  const auto groups = by_max_num_seqs(data, TuningStep::kMaxNumSeqs);
  if (groups.empty()) return nullptr;
  Json json, results = Json::array();
  json["test_values"] = test_values(groups);
  json["batch_size"] = json_number(data.input(groups.front(), "workload_requests"));
  for (const SeedGroup& group : groups) {
    Json row = {{"max_num_seqs", json_number(group.key[0])},
                {"batch_size", json["batch_size"]},
                {"success", true}};
    add_values(row, data, group, kBatchKeys);
    results.push_back(row);
  }
  json["results"] = results;
  json["optimal"] = best_of(results, "throughput", true);
  return json;
}

Json memory_file(const StudyData& data) {
  const auto groups = data.configurations(TuningStep::kMemory, {"gpu_memory_utilization"});
  if (groups.empty()) return nullptr;
  Json json, results = Json::array();
  json["test_values"] = test_values(groups);
  for (const SeedGroup& group : groups) {
    Json row = {{"mem_utilization", json_number(group.key[0])}, {"success", true}};
    add_values(row, data, group, kMemoryKeys);
    results.push_back(row);
  }
  json["results"] = results;
  json["optimal"] = best_of(results, "throughput", true);
  return json;
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
    Json row = {{"target_length", json_number(group.key[2])}};
    add_values(row, data, group, kLengthKeys);
    results.back()["results_by_length"].push_back(row);
    if (results.size() == 1) json["sequence_lengths_tested"].push_back(json_number(group.key[2]));
  }
  for (const SeedGroup& group : mixed) {
    Json row = chunk_head(data, group);
    add_values(row, data, group, kItlKeys);
    itl.push_back(row);
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
                    {"text", target.sentence.text()}});
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
  if (!latency.empty()) {
    for (const SeedGroup& group : latency) {
      Json row = {{"prompt_type", "short"}, {"output_tokens", json_number(group.key[0])}};
      add_values(row, data, group, kLatencyKeys);
      results["latency"]["scenarios"].push_back(row);
    }
  }
  for (const SeedGroup& group : batches) {
    Json row = {{"batch_size", json_number(group.key[0])}};
    add_values(row, data, group, kThroughputKeys);
    results["batch_throughput"].push_back(row);
  }
  for (const SeedGroup& group : mix) {
    Json row;
    const bool at_once = std::isnan(group.key[0]);
    if (!at_once) row["arrivals_per_second"] = json_number(group.key[0]);
    add_values(row, data, group, kMixKeys);
    if (at_once) {
      results["production"] = row;
    } else {
      results["production_at_a_rate"].push_back(row);
    }
  }
  for (const SeedGroup& group : lengths) {
    Json row = {{"prompt_tokens", json_number(group.key[0])},
                {"min_output_tokens", json_number(group.key[1])},
                {"max_output_tokens", json_number(group.key[2])}};
    add_values(row, data, group, kLengthKeys);
    results["sequence_length"].push_back(row);
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
    json["server"] = server_findings(data).front().text;
    json["result_file"] = result_file;
    json["seed"] = seed_of(study, data, file.first);
    json["timestamp"] = timestamp(study);
    files.emplace_back(file.name, json.dump(2) + "\n");
  }
  return files;
}

}  // namespace servesweep
