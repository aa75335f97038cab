// Frames of tuning studies made by hand: a row per world, with the columns that the analysis reads.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "host/results/frame.hpp"
#include "host/studies/tuning/tuning_plan.hpp"

namespace servesweep::testing {

enum TuningMode { kMixed, kPrefillFirst, kStatic };
enum TuningArrivals { kPoisson, kDeterministic, kGamma, kMmpp, kDiurnal, kBurst };

inline constexpr double kUnread = -1;  // of counts; of reals NaN

struct TuningRow {
  TuningStep step = TuningStep::kQueueTime;
  int replication = 0;
  int status = 0;
  int mode = kMixed;
  int arrivals = kBurst;
  double max_num_seqs = 256;
  double client_batch = kUnread;
  double rate_per_s = std::numeric_limits<double>::quiet_NaN();
  double utilization = 0.9;
  double chunk = 8192;
  double requests = 100;
  double prompt_tokens = kUnread;
  double output_tokens = kUnread;
  double most_output_tokens = kUnread;
  double queue_share = 0;
  double median_ratio = 0;
  double per_s = 10;
  double tokens_per_s = 1000;
  double latency_s = 1;
  double p95_s = 3;
  double ttft_s = 0.013;
  double tpot_s = 0.01;
  double p99_itl_s = 0.1;
  double max_itl_s = 0.1;
  double running = 100;
  double iterations = 1000;
  double gpu_memory_gb = 40;
  double blocks = 20'000;
  double preempted = 0;
  double cache_usage = 0.01;
};

inline Frame tuning_frame(const std::vector<TuningRow>& rows) {
  Frame frame("study.h5");
  using Role = ColumnRole;
  const auto column = [&](const char* name, Role role, ColumnType type,
                          std::vector<std::string> categories, auto&& value_of) {
    std::vector<std::decay_t<decltype(value_of(rows[0]))>> values;
    for (const TuningRow& row : rows) values.push_back(value_of(row));
    frame.add({{name, type, "1", name, std::move(categories), false}, role}, std::move(values));
  };
  const auto code = [&](const char* name, Role role, auto member,
                        std::vector<std::string> categories) {
    const ColumnType type = categories.empty() ? ColumnType::kInt32 : ColumnType::kCategory;
    column(name, role, type, std::move(categories),
           [&](const TuningRow& row) { return static_cast<std::int32_t>(row.*member); });
  };
  const auto count = [&](const char* name, Role role, double TuningRow::*member) {
    column(name, role, ColumnType::kInt64, {},
           [&](const TuningRow& row) { return static_cast<std::int64_t>(row.*member); });
  };
  const auto real = [&](const char* name, Role role, double TuningRow::*member) {
    column(name, role, ColumnType::kFloat64, {}, [&](const TuningRow& row) { return row.*member; });
  };
  using R = TuningRow;
  code("replication", Role::kIndex, &R::replication, {});
  code("step", Role::kIndex, &R::step, tuning_step_names());
  column("sweep", Role::kIndex, ColumnType::kInt32, {},
         [](const TuningRow&) { return std::int32_t{0}; });
  code("scheduler_mode", Role::kInput, &R::mode, {"mixed", "prefill_first", "static"});
  code("workload_arrivals_kind", Role::kInput, &R::arrivals,
       {"poisson", "deterministic", "gamma", "mmpp", "diurnal", "burst"});
  count("max_num_seqs", Role::kInput, &R::max_num_seqs);
  count("client_batch", Role::kInput, &R::client_batch);
  real("rate_per_s", Role::kInput, &R::rate_per_s);
  real("kv_cache_gpu_memory_gb", Role::kInput, &R::gpu_memory_gb);
  column("seed", Role::kInput, ColumnType::kInt64, {},
         [](const TuningRow&) { return std::int64_t{42}; });
  real("gpu_memory_utilization", Role::kInput, &R::utilization);
  count("max_num_batched_tokens", Role::kInput, &R::chunk);
  count("workload_requests", Role::kInput, &R::requests);
  count("workload_lengths_prompt_min_tokens", Role::kInput, &R::prompt_tokens);
  count("workload_lengths_output_min_tokens", Role::kInput, &R::output_tokens);
  count("workload_lengths_output_max_tokens", Role::kInput, &R::most_output_tokens);
  code("status", Role::kMetric, &R::status, {"completed", "time_limit", "clock_overflow"});
  real("queue_time_share", Role::kMetric, &R::queue_share);
  real("mean_queue_time_share", Role::kMetric, &R::queue_share);
  real("median_queue_time_ratio", Role::kMetric, &R::median_ratio);
  real("throughput_requests_per_s", Role::kMetric, &R::per_s);
  real("throughput_output_tokens_per_s", Role::kMetric, &R::tokens_per_s);
  for (const char* name : {"mean_latency_s", "p50_latency_s", "p90_latency_s", "p99_latency_s"}) {
    real(name, Role::kMetric, &R::latency_s);
  }
  real("p95_latency_s", Role::kMetric, &R::p95_s);
  for (const char* name : {"mean_ttft_s", "p50_ttft_s", "p99_ttft_s"}) {
    real(name, Role::kMetric, &R::ttft_s);
  }
  for (const char* name : {"p50_tpot_s", "p99_tpot_s"}) real(name, Role::kMetric, &R::tpot_s);
  for (const char* name : {"mean_itl_s", "p50_itl_s", "p95_itl_s", "max_itl_s"}) {
    real(name, Role::kMetric, &R::max_itl_s);
  }
  real("p99_itl_s", Role::kMetric, &R::p99_itl_s);
  count("iterations", Role::kMetric, &R::iterations);
  for (const char* name : {"mean_queue_time_s", "p50_queue_time_s"}) {
    column(name, Role::kMetric, ColumnType::kFloat64, {},
           [](const TuningRow& row) { return row.queue_share * row.latency_s; });
  }
  real("makespan_s", Role::kMetric, &R::latency_s);
  count("completed", Role::kMetric, &R::requests);
  count("output_tokens", Role::kMetric, &R::tokens_per_s);
  count("peak_running", Role::kMetric, &R::running);
  count("kv_blocks", Role::kMetric, &R::blocks);
  count("preemptions", Role::kMetric, &R::preempted);
  real("peak_kv_cache_usage", Role::kMetric, &R::cache_usage);
  return frame;
}

}  // namespace servesweep::testing
