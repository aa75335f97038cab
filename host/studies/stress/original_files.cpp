#include "host/studies/stress/original_files.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "host/base/names.hpp"
#include "host/studies/stress/stress_plan.hpp"
#include "host/studies/study_data.hpp"

namespace servesweep {
namespace {

std::string digits(double value) {
  if (value == std::floor(value) && std::fabs(value) < 1e15) {  // not 1e+06
    return std::to_string(static_cast<std::int64_t>(value));
  }
  return column_texts({"", ColumnType::kFloat64, "", "", {}, true}, std::vector<double>{value})[0];
}

bool succeeded(const Configuration& of) { return of.usable({kMeanLatency.column}); }

struct Column {
  const char* name;
  const char* metric;  // its mean over the seeds; null: what cell() says, if anything
  std::string (*cell)(const Study& study, const Configuration& of) = nullptr;
};
constexpr Column kColumns[] = {
    {"timestamp", nullptr,
     [](const Study& study, const Configuration& of) {
       const auto sweep = static_cast<std::size_t>(of.value(kSweepColumn));
       return plain_time(study.sweeps.at(sweep).attribute("time_finished_utc"));
     }},
    {"scheduler_type", nullptr,
     [](const Study&, const Configuration& of) { return of.text("scheduler_kind"); }},
    {"num_requests", "workload_requests"},
    {"num_gpus", "num_gpus"},
    {"use_real_timestamps", nullptr,
     [](const Study&, const Configuration& of) -> std::string {
       return std::isnan(of.value("rps_scaling")) ? "True" : "False";
     }},
    {"rps_scaling", "rps_scaling"},
    {"d_sla", nullptr,
     [](const Study&, const Configuration& of) { return digits(of.value("token_ms") / 1000); }},
    {"k_bins", nullptr,
     [](const Study&, const Configuration& of) {
       const double k = of.value("k_bins");
       return digits(std::isnan(k) ? 1 : k);
     }},
    {"sla_violation_rate", "token_sla_violation_rate"},
    {"capacity_qps_under_sla", "capacity_under_sla_per_s"},
    {"throughput_requests_per_sec", "throughput_requests_per_s"},
    {"throughput_tokens_per_sec", "throughput_tokens_per_s"},
    {"avg_latency", "mean_latency_s"},
    {"p50_latency", "p50_latency_s"},
    {"p95_latency", "p95_latency_s"},
    {"p99_latency", "p99_latency_s"},
    {"max_latency", "max_latency_s"},
    {"avg_queueing_delay", "mean_queue_time_s"},
    {"avg_service_time", "mean_service_time_s"},
    {"avg_gpu_utilization", "mean_gpu_utilization"},
    {"min_gpu_utilization", "min_gpu_utilization"},
    {"max_gpu_utilization", "max_gpu_utilization"},
    {"num_batches", "num_batches"},
    {"avg_batch_size", "mean_batch_size"},
    {"min_batch_size", nullptr},  // not measured
    {"max_batch_size", "max_batch_size"},
    {"total_time", "makespan_s"},
    {"total_tokens", "total_tokens"},
    {"num_completed", "completed"},
    {"execution_time_seconds", nullptr},  // not measured
    {"status", nullptr,
     [](const Study&, const Configuration& of) -> std::string {
       return succeeded(of) ? "success" : "failed";
     }},
    // ours
    {"d_sla_request", "request_s"},
    {"request_sla_violation_rate", "request_sla_violation_rate"},
    {"replications", nullptr,
     [](const Study&, const Configuration& of) { return std::to_string(of.rows.size()); }},
};

// Empty: not measured, or the mean of a configuration that failed.
std::string cell(const Study& study, const Column& column, const Configuration& of) {
  if (column.cell != nullptr) return column.cell(study, of);
  if (column.metric == nullptr) return "";
  const bool is_metric = study.worlds.has(column.metric) &&
                         study.worlds.column(column.metric).role == ColumnRole::kMetric;
  return is_metric && !succeeded(of) ? "" : digits(of.value(column.metric));
}

// A line per configuration; `inputs` tells the configurations of several steps that are the same.
struct OriginalRow {
  std::string inputs, line;
};

std::vector<OriginalRow> rows_of(const Study& study, const StudyData& data, StressStep step) {
  std::vector<std::vector<std::string>> inputs;  // [input][row]
  for (const ResultColumn& column : study.worlds.columns()) {
    if (column.role == ColumnRole::kInput) inputs.push_back(study.worlds.texts(column.spec.name));
  }
  std::vector<std::size_t> of_step = data.all_rows();
  std::erase_if(of_step, [&](std::size_t row) {
    return data.value(row, kStepColumn) != static_cast<double>(step);
  });
  std::vector<OriginalRow> rows;
  for (const Configuration& each : data.group(
           of_step, {kSweepColumn, "workload_requests", "scheduler_kind", "num_gpus", "k_bins"})) {
    std::vector<std::string> cells, settings;
    for (const Column& column : kColumns) cells.push_back(cell(study, column, each));
    for (const auto& texts : inputs) settings.push_back(texts[each.rows.front()]);
    rows.push_back({joined(settings, ","), joined(cells, ",")});
  }
  return rows;
}

std::string table(const std::vector<OriginalRow>& rows) {
  std::vector<std::string> names;
  for (const Column& column : kColumns) names.emplace_back(column.name);
  std::string text = joined(names, ",") + "\n";
  for (const OriginalRow& row : rows) text += row.line + "\n";
  return text;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> original_files(
    const Study& study, const std::vector<StudyFinding>& findings) {
  static constexpr StressStep kSteps[] = {StressStep::kRequestScaling, StressStep::kGpuScaling,
                                          StressStep::kKSensitivity};
  const StudyData data(study.worlds);
  std::vector<std::pair<std::string, std::string>> files;
  std::vector<OriginalRow> all;  // a configuration of several steps once, as the last has it
  for (const StressStep step : kSteps) {
    const std::vector<OriginalRow> of_step = rows_of(study, data, step);
    files.emplace_back(kOriginalFiles[files.size()], table(of_step));
    for (const OriginalRow& row : of_step) {
      const auto same = std::find_if(all.begin(), all.end(), [&](const OriginalRow& other) {
        return other.inputs == row.inputs;
      });
      if (same == all.end()) {
        all.push_back(row);
      } else {
        *same = row;
      }
    }
  }
  files.emplace_back(kOriginalFiles[3], table(all));
  files.emplace_back(kOriginalFiles[4], original_analysis(study, findings));
  return files;
}

}  // namespace servesweep
