#include "host/studies/tuning/tuning_files.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

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
std::string exact_column(const Configuration& of, const std::string& column) {
  const std::size_t end = column.find("_latency_s");
  const bool is_percentile = column.front() == 'p' && end != std::string::npos;
  return is_percentile && of.value("completed") == 1 ? "mean" + column.substr(end) : column;
}

// `row` with the values of `keys`.
Json with_values(Json row, const Configuration& of, const Keys& keys) {
  for (const std::string key : keys) {
    const double mean = of.value(exact_column(of, column_of(key)));
    row[key] = json_number(key.ends_with("percentage") ? 100 * mean : mean);
  }
  return row;
}

// A row for each, with what it is known by under these names.
Json rows_of(const Configurations& all, std::initializer_list<const char*> names, const Keys& keys,
             const Json& shared = Json::object()) {
  Json rows = Json::array();
  for (const Configuration& each : all) {
    Json row = shared;
    std::size_t position = 0;
    for (const char* name : names) row[name] = json_number(each.key[position++]);
    rows.push_back(with_values(std::move(row), each, keys));
  }
  return rows;
}

// With the time that is no queue time, which is what the suite calls generation.
Json queue_rows(const Configurations& all, const char* name) {
  Json rows = rows_of(all, {name}, kQueueKeys, {{"success", true}});
  for (std::size_t i = 0; i < all.size(); ++i) {
    rows[i]["estimated_generation_time"] =
        json_number(all[i].value("mean_latency_s") - all[i].value("mean_queue_time_s"));
  }
  return rows;
}

// The first with the most, or least, of a key.
Json best_of(const Json& rows, const char* key, bool most) {
  Json best = rows.front();
  for (const Json& row : rows) {
    if (most ? row[key] > best[key] : row[key] < best[key]) best = row;
  }
  return best;
}

Json test_values(const Configurations& all, std::size_t position = 0) {
  Json values = Json::array();
  for (const Configuration& each : all) values.push_back(json_number(each.key[position]));
  return values;
}

Json queue_time(const StudyData& data) {
  const auto all = queue_limits(data);
  if (all.empty()) return nullptr;
  Json json = {{"week2_baseline", nullptr}};
  if (const auto client = client_before(data)) {
    const double queue_s = client->value("p50_queue_time_s");
    json["week2_baseline"] = {
        {"queue_time_seconds", json_number(queue_s)},
        {"generation_time_seconds", json_number(client->value("p50_latency_s") - queue_s)},
        {"queue_time_percentage", json_number(100 * client->value("queue_time_share"))}};
  }
  json["test_values"] = test_values(all);
  json["num_requests"] = json_number(all.front().value("workload_requests"));
  json["results"] = queue_rows(all, "max_num_seqs");
  json["client_batches"] =
      queue_rows(by_client_batch(data, TuningStep::kQueueTime), "client_batch");
  json["optimal"] = best_of(json["results"], "queue_time_percentage", false);
  return json;
}

// Throughput over the values of `key`; `shared` is said of the file and of each row.
Json throughput_file(const Configurations& all, const char* key, const Keys& keys, Json shared) {
  if (all.empty()) return nullptr;
  Json json = {{"test_values", test_values(all)}};
  json.update(shared);
  shared["success"] = true;
  json["results"] = rows_of(all, {key}, keys, shared);
  json["optimal"] = best_of(json["results"], "throughput", true);
  return json;
}

Json max_num_seqs(const StudyData& data) {
  const auto all = by_max_num_seqs(data, TuningStep::kMaxNumSeqs);
  if (all.empty()) return nullptr;
  return throughput_file(all, "max_num_seqs", kBatchKeys,
                         {{"batch_size", json_number(all.front().value("workload_requests"))}});
}

Json memory_file(const StudyData& data) {
  return throughput_file(data.configurations(TuningStep::kMemory, {"gpu_memory_utilization"}),
                         "mem_utilization", kMemoryKeys, Json::object());
}

Json chunk_head(const Configuration& of) {
  const bool chunked = of.text("scheduler_mode") == "mixed";
  const Number tokens = of.number("max_num_batched_tokens");
  return {{"config", chunked ? text_of({"Chunked Prefill ({} tokens/chunk)", {tokens}})
                             : "Baseline (Standard)"},
          {"enable_chunked_prefill", chunked},
          {"max_num_batched_tokens", chunked ? json_number(tokens.value) : Json()}};
}

Json chunked_prefill(const StudyData& data) {
  const auto lengths = data.configurations(
      TuningStep::kChunkedLatency,
      {"scheduler_mode", "max_num_batched_tokens", "workload_lengths_output_min_tokens"});
  const auto mixed =
      data.configurations(TuningStep::kChunkedItl, {"scheduler_mode", "max_num_batched_tokens"});
  if (lengths.empty() && mixed.empty()) return nullptr;
  Json json = {{"sequence_lengths_tested", Json::array()},
               {"results", Json::array()},
               {"inter_token_latency", Json::array()}};
  for (const Configurations& by_length : series(lengths, 2)) {
    if (json["results"].empty()) json["sequence_lengths_tested"] = test_values(by_length, 2);
    Json row = chunk_head(by_length.front());
    row["success"] = true;
    for (const Configuration& each : by_length) {
      row["results_by_length"].push_back(
          with_values({{"target_length", json_number(each.key[2])}}, each, kLengthKeys));
    }
    json["results"].push_back(row);
  }
  for (const Configuration& each : mixed) {
    json["inter_token_latency"].push_back(with_values(chunk_head(each), each, kItlKeys));
  }
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
  const auto latency = data.configurations(TuningStep::kBenchmarkLatency, {output});
  const auto batches = data.configurations(TuningStep::kBenchmarkBatch, {"workload_requests"});
  auto mix = data.configurations(TuningStep::kBenchmarkMix, {"rate_per_s"});
  const auto lengths = data.configurations(
      TuningStep::kBenchmarkLengths, {"workload_lengths_prompt_min_tokens", output,
                                      "workload_lengths_output_max_tokens", "workload_requests"});
  std::optional<Configuration> any;
  for (const Configurations& all : {lengths, batches, latency, mix}) {
    if (!all.empty()) any = all.front();
  }
  if (!any) return nullptr;
  Json results;
  if (!latency.empty()) {
    results["latency"]["scenarios"] =
        rows_of(latency, {"output_tokens"}, kLatencyKeys, {{"prompt_type", "short"}});
  }
  if (!batches.empty()) {
    results["batch_throughput"] = rows_of(batches, {"batch_size"}, kThroughputKeys);
  }
  if (!mix.empty() && std::isnan(mix.back().key[0])) {  // all at once, which comes last
    results["production"] = with_values(Json::object(), mix.back(), kMixKeys);
    mix.pop_back();
  }
  if (!mix.empty()) {
    results["production_at_a_rate"] = rows_of(mix, {"arrivals_per_second"}, kMixKeys);
  }
  if (!lengths.empty()) {
    results["sequence_length"] =
        rows_of(lengths, {"prompt_tokens", "min_output_tokens", "max_output_tokens"}, kLengthKeys);
  }
  return {{"config",
           {{"gpu_memory_utilization", json_number(any->value("gpu_memory_utilization"))},
            {"max_num_seqs", json_number(any->value("max_num_seqs"))}}},
          {"results", results},
          {"targets", target_rows(data)}};
}

std::uint64_t seed_of(const Study& study, const StudyData& data, TuningStep step) {
  const std::size_t row = data.newest_rows(step).at(0);
  const auto sweep = static_cast<std::size_t>(data.value(row, kSweepColumn));
  return std::stoull(study.sweeps.at(sweep).attribute("seed"));
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
  FindingRecords server;
  server_findings(data, server);
  std::vector<std::pair<std::string, std::string>> files;
  for (const File& file : kFiles) {
    Json json = file.contents(data);
    if (json.is_null()) continue;
    json["server"] = render(server.front()).text;
    json["result_file"] = result_file;
    json["seed"] = seed_of(study, data, file.first);
    json["timestamp"] = plain_time(last_finished_utc(study));
    files.emplace_back(file.name, json.dump(2) + "\n");
  }
  return files;
}

}  // namespace servesweep
