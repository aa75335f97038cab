// Frames of stress studies made by hand: a row per world, with the columns that the analysis reads.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "host/results/frame.hpp"

namespace servesweep::testing {

inline constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

enum StudyStep { kRequests, kGpus, kBins, kGrid, kMethods, kRobust };
enum StudyScheduler { kStaticFifo, kMultiBinOnly, kDynamicNoBins, kMultiBinDynamic };

struct StudyRow {
  int step = kRequests;
  int sweep = 0;
  int replication = 0;
  int status = 0;
  int scheduler = kMultiBinDynamic;
  double requests = 1'000'000;
  double num_gpus = 4;
  double k_bins = 8;
  double rps_scaling = 100;
  double token_ms = 10;
  double request_s = 20;
  double alpha_ms = 60, beta_ms_per_token = 5.7, gamma = 0.3;
  int predictor = 0;
  double sigma = 0.1;
  double mean_latency_s = 8;
  double p99_latency_s = 30;
  double p95_latency_s = 18;
  double request_violations = 0.04;
  double token_violations = 0;
  double p95_decode_tbt_s = 0.007;
  double throughput_per_s = 27;
  double capacity_per_s = 27;
  double tokens_per_s = 20'000;
  double utilization = 0.5;
  double mean_service_s = 6;
  double mean_batch = 3;
  double max_batch = 20;
  double queue_s = 1;
};

inline Frame study_frame(const std::vector<StudyRow>& rows) {
  Frame frame("study.h5");
  const auto reals = [&](const char* name, ColumnRole role, double StudyRow::*member) {
    std::vector<double> values;
    for (const StudyRow& row : rows) values.push_back(row.*member);
    frame.add({{name, ColumnType::kFloat64, "1", name, {}, true}, role}, std::move(values));
  };
  const auto codes = [&](const char* name, ColumnRole role, int StudyRow::*member,
                         std::vector<std::string> categories) {
    std::vector<std::int32_t> values;
    for (const StudyRow& row : rows) values.push_back(row.*member);
    const ColumnType type = categories.empty() ? ColumnType::kInt32 : ColumnType::kCategory;
    frame.add({{name, type, "1", name, std::move(categories), false}, role}, std::move(values));
  };
  const auto counts = [&](const char* name, ColumnRole role, double StudyRow::*member) {
    std::vector<std::int64_t> values;
    for (const StudyRow& row : rows) {
      values.push_back(std::isnan(row.*member) ? -1 : static_cast<std::int64_t>(row.*member));
    }
    frame.add({{name, ColumnType::kInt64, "1", name, {}, true}, role}, std::move(values));
  };
  const ColumnRole index = ColumnRole::kIndex, input = ColumnRole::kInput,
                   metric = ColumnRole::kMetric;
  codes("replication", index, &StudyRow::replication, {});
  codes("step", index, &StudyRow::step,
        {"step1_request_scaling", "step2_gpu_scaling", "step3_k_sensitivity", "step4_grid",
         "step4_comparison", "step5_robustness"});
  codes("sweep", index, &StudyRow::sweep, {});
  codes("scheduler_kind", input, &StudyRow::scheduler,
        {"static_fifo", "multi_bin_only", "dynamic_no_bins", "multi_bin_dynamic"});
  codes("workload_predictor", input, &StudyRow::predictor,
        {"auto", "trace", "power_law", "oracle", "noisy_oracle", "constant"});
  counts("workload_requests", input, &StudyRow::requests);
  counts("num_gpus", input, &StudyRow::num_gpus);
  counts("k_bins", input, &StudyRow::k_bins);
  reals("rps_scaling", input, &StudyRow::rps_scaling);
  reals("token_ms", input, &StudyRow::token_ms);
  reals("request_s", input, &StudyRow::request_s);
  reals("alpha_ms", input, &StudyRow::alpha_ms);
  reals("beta_ms_per_token", input, &StudyRow::beta_ms_per_token);
  reals("service_gamma", input, &StudyRow::gamma);
  reals("workload_prediction_sigma", input, &StudyRow::sigma);
  codes("status", metric, &StudyRow::status, {"completed", "time_limit", "clock_overflow"});
  reals("mean_latency_s", metric, &StudyRow::mean_latency_s);
  reals("p95_latency_s", metric, &StudyRow::p95_latency_s);
  reals("p99_latency_s", metric, &StudyRow::p99_latency_s);
  reals("request_sla_violation_rate", metric, &StudyRow::request_violations);
  reals("token_sla_violation_rate", metric, &StudyRow::token_violations);
  reals("p95_decode_tbt_s", metric, &StudyRow::p95_decode_tbt_s);
  reals("throughput_requests_per_s", metric, &StudyRow::throughput_per_s);
  reals("capacity_under_sla_per_s", metric, &StudyRow::capacity_per_s);
  reals("throughput_tokens_per_s", metric, &StudyRow::tokens_per_s);
  reals("mean_gpu_utilization", metric, &StudyRow::utilization);
  reals("mean_service_time_s", metric, &StudyRow::mean_service_s);
  reals("mean_queue_time_s", metric, &StudyRow::queue_s);
  reals("mean_batch_size", metric, &StudyRow::mean_batch);
  counts("max_batch_size", metric, &StudyRow::max_batch);
  const auto constant = [&](const char* name, double value) {
    frame.add({{name, ColumnType::kFloat64, "1", name, {}, true}, metric},
              std::vector<double>(rows.size(), value));
  };
  constant("p50_latency_s", 5);
  constant("max_latency_s", 90);
  constant("min_gpu_utilization", 0.4);
  constant("max_gpu_utilization", 0.6);
  constant("num_batches", 300'000);
  constant("makespan_s", 37'000);
  constant("total_tokens", 5e8);
  constant("completed", 1e6);
  frame.add({{"workload_preset", ColumnType::kText, "", "workload_preset", {}}, input},
            std::vector<std::string>(rows.size(), "burstgpt-like"));
  return frame;
}

}  // namespace servesweep::testing
