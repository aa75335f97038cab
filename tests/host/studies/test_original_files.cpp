#include "host/studies/stress/original_files.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/support/study_frame.hpp"

using namespace servesweep;
using namespace servesweep::testing;

namespace {

Study study_of(const std::vector<StudyRow>& rows) {
  Study study;
  study.name = "stress";
  study.worlds = study_frame(rows);
  for (const char* time : {"2026-01-02T03:04:05Z", "2026-02-03T04:05:06Z"}) {
    study.sweeps.push_back({"step", {{"time_finished_utc", time}}});
  }
  return study;
}

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> cells;
  std::stringstream text(line);
  for (std::string cell; std::getline(text, cell, ',');) cells.push_back(cell);
  return cells;
}

using Table = std::vector<std::map<std::string, std::string>>;

Table parse(const std::string& text) {
  std::stringstream lines(text);
  std::string line;
  std::getline(lines, line);
  const std::vector<std::string> names = split(line);
  Table table;
  while (std::getline(lines, line)) {
    const std::vector<std::string> cells = split(line);
    REQUIRE(cells.size() == names.size());
    table.emplace_back();
    for (std::size_t i = 0; i < names.size(); ++i) table.back()[names[i]] = cells[i];
  }
  return table;
}

std::map<std::string, std::string> files_of(const Study& study,
                                            const std::vector<StudyFinding>& findings = {}) {
  std::map<std::string, std::string> files;
  for (const auto& [name, text] : original_files(study, findings)) files[name] = text;
  return files;
}

const std::string kStep1 = "step1_request_scaling.csv";
const std::string kStep2 = "step2_gpu_scaling.csv";
const std::string kStep3 = "step3_kbins_sensitivity.csv";
const std::string kAll = "all_results.csv";
const std::string kAnalysis = "analysis.json";

std::vector<StudyRow> three_steps() {
  std::vector<StudyRow> rows;
  for (int seed = 0; seed < 2; ++seed) {
    StudyRow row;
    row.replication = seed;
    row.num_gpus = 1;
    row.mean_latency_s = 10 + seed;
    for (const double requests : {1'000.0, 1'000'000.0}) {
      row.requests = requests;
      row.scheduler = kMultiBinDynamic;
      row.k_bins = 8;
      row.capacity_per_s = 20;
      rows.push_back(row);
      row.scheduler = kStaticFifo;
      row.k_bins = kMissing;
      row.capacity_per_s = 5;
      rows.push_back(row);
    }
    row = {};
    row.replication = seed;
    row.sweep = 1;
    row.step = kGpus;
    row.request_violations = 0.4;
    for (const auto& [num_gpus, per_s] :
         {std::pair<double, double>{1, 10}, {2, 22}, {4, 38}, {8, 39}}) {
      row.num_gpus = num_gpus;
      row.capacity_per_s = per_s;
      rows.push_back(row);
    }
    row.step = kBins;
    row.num_gpus = 4;
    for (const double k : {1.0, 8.0}) {
      row.k_bins = k;
      row.capacity_per_s = k == 1 ? 30 : 38;
      row.request_violations = k == 1 ? 0.5 : 0.4;
      rows.push_back(row);
    }
  }
  return rows;
}

}  // namespace

TEST_CASE("the original's five files") {
  const auto files = original_files(study_of(three_steps()), {});
  std::vector<std::string> names;
  for (const auto& [name, text] : files) names.push_back(name);
  CHECK(names == std::vector<std::string>{kStep1, kStep2, kStep3, kAll, kAnalysis});
}

TEST_CASE("the original's columns, in its order, then ours") {
  for (const std::string& name : {kStep1, kStep2, kStep3, kAll}) {
    const std::string text = files_of(study_of(three_steps())).at(name);
    CHECK(text.substr(0, text.find('\n')) ==
          "timestamp,scheduler_type,num_requests,num_gpus,use_real_timestamps,rps_scaling,d_sla,"
          "k_bins,sla_violation_rate,capacity_qps_under_sla,throughput_requests_per_sec,"
          "throughput_tokens_per_sec,avg_latency,p50_latency,p95_latency,p99_latency,max_latency,"
          "avg_queueing_delay,avg_service_time,avg_gpu_utilization,min_gpu_utilization,"
          "max_gpu_utilization,num_batches,avg_batch_size,min_batch_size,max_batch_size,"
          "total_time,total_tokens,num_completed,execution_time_seconds,status,d_sla_request,"
          "request_sla_violation_rate,replications");
  }
}

TEST_CASE("a row is a configuration, its cells means over the seeds") {
  const Table rows = parse(files_of(study_of(three_steps())).at(kStep1));
  REQUIRE(rows.size() == 4);
  const auto& row = rows[0];
  CHECK(row.at("timestamp") == "2026-01-02 03:04:05");
  CHECK(row.at("scheduler_type") == "static_fifo");
  CHECK(row.at("num_requests") == "1000");
  CHECK(row.at("num_gpus") == "1");
  CHECK(row.at("use_real_timestamps") == "False");
  CHECK(row.at("rps_scaling") == "100");
  CHECK(row.at("d_sla") == "0.01");
  CHECK(row.at("k_bins") == "1");
  CHECK(row.at("sla_violation_rate") == "0");
  CHECK(row.at("capacity_qps_under_sla") == "5");
  CHECK(row.at("avg_latency") == "10.5");
  CHECK(row.at("min_batch_size").empty());
  CHECK(row.at("execution_time_seconds").empty());
  CHECK(row.at("status") == "success");
  CHECK(row.at("d_sla_request") == "20");
  CHECK(row.at("request_sla_violation_rate") == "0.04");
  CHECK(row.at("replications") == "2");
  CHECK(rows[1].at("scheduler_type") == "multi_bin_dynamic");
  CHECK(rows[1].at("k_bins") == "8");
  CHECK(parse(files_of(study_of(three_steps())).at(kStep2))[0].at("timestamp") ==
        "2026-02-03 04:05:06");
}

TEST_CASE("real timestamps and worlds that did not end") {
  StudyRow row;
  row.rps_scaling = kMissing;
  row.status = 1;
  const Table rows = parse(files_of(study_of({row})).at(kStep1));
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].at("use_real_timestamps") == "True");
  CHECK(rows[0].at("rps_scaling").empty());
  CHECK(rows[0].at("status") == "failed");
  CHECK(rows[0].at("avg_latency").empty());
}

TEST_CASE("all results have a configuration of several steps once") {
  const auto files = files_of(study_of(three_steps()));
  CHECK(parse(files.at(kStep2)).size() == 4);
  CHECK(parse(files.at(kStep3)).size() == 2);
  // K = 8 with 1 GPU and a million requests is in steps 1 and 2, with 4 GPUs in 2 and 3.
  const Table all = parse(files.at(kAll));
  CHECK(all.size() == 4 + 4 + 2 - 2);
  int one_gpu = 0;
  for (const auto& row : all) {
    if (row.at("num_requests") != "1000000" || row.at("num_gpus") != "1" ||
        row.at("k_bins") != "8") {
      continue;
    }
    ++one_gpu;
    CHECK(row.at("capacity_qps_under_sla") == "10");  // as the later step has it
  }
  CHECK(one_gpu == 1);
}

TEST_CASE("steps that were not run are empty tables") {
  StudyRow row;
  const auto files = files_of(study_of({row}));
  CHECK(parse(files.at(kStep2)).empty());
  CHECK(parse(files.at(kAll)).size() == 1);
  const auto json = nlohmann::json::parse(files.at(kAnalysis));
  CHECK(json["step2_gpu_scaling"].empty());
  CHECK(json["step3_kbins_sensitivity"].empty());
}

TEST_CASE("the analysis has the original's keys, with computed values") {
  const StudyFinding finding{"K", "K = 8 it is.", {{"k_bins", 8}}};
  const auto json =
      nlohmann::ordered_json::parse(files_of(study_of(three_steps()), {finding}).at(kAnalysis));
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  CHECK(keys == std::vector<std::string>{"experiment_metadata", "step1_request_scaling",
                                         "step2_gpu_scaling", "step3_kbins_sensitivity",
                                         "scheduler_comparison", "key_findings", "findings"});
  const auto& metadata = json["experiment_metadata"];
  CHECK(metadata["date"] == "2026-02-03T04:05:06Z");
  CHECK(metadata["rps_scaling"] == 100);
  CHECK(metadata["sla_deadline_seconds"] == 0.01);
  CHECK(metadata["total_tests"] == 10);
  CHECK(metadata["step1_tests"] == 4);
  CHECK(metadata["step2_tests"] == 4);
  CHECK(metadata["step3_tests"] == 2);
  CHECK(metadata["successful_tests"] == 10);
  const auto& scaling = json["step1_request_scaling"]["static_fifo"];
  CHECK(scaling["request_volumes"] == std::vector<int>{1000, 1000000});
  CHECK(scaling["avg_latency_sec"] == std::vector<double>{10.5, 10.5});
  CHECK(scaling["num_gpus"] == 1);
  const auto& gpus = json["step2_gpu_scaling"];
  CHECK(gpus["gpu_counts"] == std::vector<int>{1, 2, 4, 8});
  CHECK(gpus["scaling_efficiency"][0]["efficiency"] == Approx(1.1));
  CHECK(gpus["scaling_efficiency"][0]["interpretation"] == "superlinear");
  CHECK(gpus["scaling_efficiency"][1]["interpretation"] == "linear");
  CHECK(gpus["scaling_efficiency"][2]["interpretation"] == "sublinear");
  CHECK(gpus["bottleneck_analysis"]["detected"] == true);
  CHECK(gpus["bottleneck_analysis"]["details"]["gpu_count"] == 8);
  CHECK(gpus["bottleneck_analysis"]["details"]["likely_cause"] == "arrival_rate_limited");
  CHECK(gpus["bottleneck_analysis"]["max_qps"] == 39);
  CHECK(gpus["bottleneck_analysis"]["optimal_gpu_count"] == 4);  // within 5 % of 39
  const auto& k = json["step3_kbins_sensitivity"];
  CHECK(k["k_values"] == std::vector<int>{1, 8});
  CHECK(k["optimal_k"]["k_bins"] == 8);
  CHECK(k["interpretation"]["performance_range"]["variance_pct"] == Approx(100 * 8.0 / 38));
  const auto& comparison = json["scheduler_comparison"]["1,000_requests"];
  CHECK(comparison["static_fifo"]["capacity_qps"] == 5);
  CHECK(comparison["multi_bin_vs_static_fifo"]["qps_improvement_ratio"] == 4);
  CHECK(comparison["multi_bin_vs_static_fifo"]["sla_improvement_pct"].is_null());  // of 0 %
  CHECK(json["key_findings"] == std::vector<std::string>{finding.text});
  CHECK(json["findings"][0]["topic"] == "K");
  CHECK(json["findings"][0]["numbers"][0]["name"] == "k_bins");
  CHECK(json["findings"][0]["numbers"][0]["value"] == 8);
}
