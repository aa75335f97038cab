#include "host/studies/stress/original_files.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>

#include "host/base/names.hpp"
#include "host/studies/stress/stress_plan.hpp"
#include "host/studies/study_data.hpp"

namespace servesweep {
namespace {

struct Column {
  const char* name;
  const char* metric;  // its mean over the seeds; null: see cell()
};
constexpr Column kColumns[] = {
    {"timestamp", nullptr},
    {"scheduler_type", nullptr},
    {"num_requests", nullptr},
    {"num_gpus", nullptr},
    {"use_real_timestamps", nullptr},
    {"rps_scaling", nullptr},
    {"d_sla", nullptr},
    {"k_bins", nullptr},
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
    {"min_batch_size", nullptr},
    {"max_batch_size", "max_batch_size"},
    {"total_time", "makespan_s"},
    {"total_tokens", "total_tokens"},
    {"num_completed", "completed"},
    {"execution_time_seconds", nullptr},
    {"status", nullptr},
    // ours
    {"d_sla_request", nullptr},
    {"request_sla_violation_rate", "request_sla_violation_rate"},
    {"replications", nullptr},
};

std::string digits(double value) {
  if (value == std::floor(value) && std::fabs(value) < 1e15) {  // not 1e+06
    return std::to_string(static_cast<std::int64_t>(value));
  }
  return column_texts({"", ColumnType::kFloat64, "", "", {}, true}, std::vector<double>{value})[0];
}

class Rows {
 public:
  explicit Rows(const Study& study)
      : study_(study), data_(study.worlds), usable_(usable_rows(study.worlds, {"mean_latency_s"})) {
    for (const ResultColumn& column : study.worlds.columns()) {
      if (column.role == ColumnRole::kInput) {
        inputs_.push_back(study.worlds.texts(column.spec.name));
      }
    }
  }

  // A line per configuration; `at` tells the configurations of several steps that are the same.
  struct Row {
    std::string at, line;
  };
  std::vector<Row> of(StressStep step) const {
    std::vector<std::size_t> rows;
    for (std::size_t row = 0; row < study_.worlds.num_rows(); ++row) {
      if (data_.value(row, kStepColumn) == static_cast<double>(step)) rows.push_back(row);
    }
    std::vector<Row> found;
    for (const SeedGroup& group : replications_by(
             study_.worlds, rows,
             {kSweepColumn, "workload_requests", "scheduler_kind", "num_gpus", "k_bins"})) {
      std::vector<std::string> cells;
      for (const Column& column : kColumns) cells.push_back(cell(column, group));
      found.push_back({inputs_of(group.rows.front()), joined(cells, ",")});
    }
    return found;
  }

 private:
  // What a configuration is known by.
  std::string inputs_of(std::size_t row) const {
    std::string all;
    for (const auto& texts : inputs_) all += texts[row] + ",";
    return all;
  }

  std::string cell(const Column& column, const SeedGroup& group) const {
    const std::string name = column.name;
    const bool success = std::all_of(group.rows.begin(), group.rows.end(),
                                     [&](std::size_t row) { return usable_[row]; });
    if (column.metric != nullptr) {
      return success ? digits(data_.mean_of(group, column.metric)) : "";
    }
    if (name == "timestamp") return timestamp(group);
    if (name == "scheduler_type") return data_.text(group, "scheduler_kind");
    if (name == "num_requests") return digits(data_.input(group, "workload_requests"));
    if (name == "num_gpus") return digits(data_.input(group, "num_gpus"));
    if (name == "use_real_timestamps") {
      return std::isnan(data_.input(group, "rps_scaling")) ? "True" : "False";
    }
    if (name == "rps_scaling") return digits(data_.input(group, "rps_scaling"));
    if (name == "d_sla") return digits(data_.input(group, "token_ms") / 1000);
    if (name == "k_bins") {
      const double k = data_.input(group, "k_bins");
      return std::isnan(k) ? "1" : digits(k);
    }
    if (name == "status") return success ? "success" : "failed";
    if (name == "d_sla_request") return digits(data_.input(group, "request_s"));
    if (name == "replications") return std::to_string(group.rows.size());
    return "";  // min_batch_size and execution_time_seconds are not measured
  }

  // "2025-11-30 04:01:39" of the sweep's "2025-11-30T04:01:39Z"
  std::string timestamp(const SeedGroup& group) const {
    const auto sweep = static_cast<std::size_t>(data_.input(group, kSweepColumn));
    std::string time = study_.sweeps.at(sweep).attribute("time_finished_utc");
    std::replace(time.begin(), time.end(), 'T', ' ');
    if (time.ends_with('Z')) time.pop_back();
    return time;
  }

  const Study& study_;
  StudyData data_;
  std::vector<bool> usable_;
  std::vector<std::vector<std::string>> inputs_;  // [input][row]
};

std::string table(const std::vector<Rows::Row>& rows) {
  std::vector<std::string> names;
  for (const Column& column : kColumns) names.emplace_back(column.name);
  std::string text = joined(names, ",") + "\n";
  for (const Rows::Row& row : rows) text += row.line + "\n";
  return text;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> original_files(
    const Study& study, const std::vector<StudyFinding>& findings) {
  static constexpr std::pair<StressStep, const char*> kSteps[] = {
      {StressStep::kRequestScaling, "_step1_request_scaling.csv"},
      {StressStep::kGpuScaling, "_step2_gpu_scaling.csv"},
      {StressStep::kKSensitivity, "_step3_kbins_sensitivity.csv"}};
  const std::string stem = kOriginalStem;
  const Rows all(study);
  std::vector<std::pair<std::string, std::string>> files;
  std::vector<Rows::Row> rows;  // a configuration of several steps once, as the last has it
  std::map<std::string, std::size_t> places;
  for (const auto& [step, name] : kSteps) {
    const std::vector<Rows::Row> of_step = all.of(step);
    files.emplace_back(stem + name, table(of_step));
    for (const Rows::Row& row : of_step) {
      const auto [place, is_new] = places.emplace(row.at, rows.size());
      if (is_new) {
        rows.push_back(row);
      } else {
        rows[place->second] = row;
      }
    }
  }
  files.emplace_back(stem + "_all_results.csv", table(rows));
  files.emplace_back(stem + "_analysis.json", original_analysis(study, findings));
  return files;
}

}  // namespace servesweep
