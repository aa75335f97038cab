#include "host/studies/tuning/tuning_analysis.hpp"

#include <algorithm>
#include <cmath>

#include "host/base/error.hpp"
#include "host/studies/tuning/tuning_findings.hpp"

namespace servesweep {
namespace {

constexpr double kSuiteClientBatch = 16;

// Experiments that were skipped, or that failed: the report has to say what it is not about.
void tuning_left_out(const StudyData& data, FindingRecords& found) {
  std::vector<Clause> missing;
  for (std::size_t step = 0; step < tuning_step_names().size(); ++step) {
    const auto which = static_cast<TuningStep>(step);
    // The step between is run where there is something between.
    if (which == TuningStep::kQueueBetween || !data.newest_rows(which).empty()) continue;
    missing.push_back({tuning_step_names()[step]});
  }
  if (!missing.empty()) {
    found.push_back({"Left out",
                     {"There are no results of {}: skipped, or failed.",
                      {joined(std::move(missing), ", ", ", ")}}});
  }
  find_left_out(data, data.all_rows(), found);
}

}  // namespace

Configurations in_mode(const StudyData& data, TuningStep step, const std::string& mode,
                       std::vector<std::string> key_columns) {
  key_columns.emplace_back("scheduler_mode");
  Configurations all = data.configurations(step, key_columns);
  std::erase_if(all, [&](const auto& each) { return each.text("scheduler_mode") != mode; });
  return all;
}

Configurations by_max_num_seqs(const StudyData& data, TuningStep step) {
  return in_mode(data, step, "mixed", {"max_num_seqs"});
}

Configurations by_client_batch(const StudyData& data, TuningStep step) {
  return in_mode(data, step, "static", {"client_batch"});
}

bool is_burst(const Configuration& of) { return of.text("workload_arrivals_kind") == "burst"; }

std::optional<Configuration> client_before(const StudyData& data) {
  double batch = kSuiteClientBatch;
  for (const Configuration& each : by_client_batch(data, TuningStep::kComparison)) {
    if (is_burst(each)) batch = each.value("client_batch");
  }
  for (const Configuration& each : by_client_batch(data, TuningStep::kQueueTime)) {
    if (each.key[0] == batch) return each;
  }
  return {};
}

std::optional<Configuration> mix_alone(const StudyData& data) {
  const auto all = in_mode(data, TuningStep::kBenchmarkMix, "mixed", {"rate_per_s"});
  // The slowest arrivals; what is not applicable, all at once, comes last.
  if (all.empty() || std::isnan(all.front().key[0])) return {};
  return all.front();
}

std::optional<Configuration> long_requests_alone(const StudyData& data) {
  for (const Configuration& each : data.configurations(
           TuningStep::kBenchmarkLengths,
           {"workload_lengths_output_min_tokens", "workload_lengths_output_max_tokens",
            "workload_requests", "workload_lengths_prompt_min_tokens"})) {
    if (each.key[0] < each.key[1]) return each;
  }
  return {};
}

std::vector<std::string> all_metrics(const StudyData& data) {
  std::vector<std::string> metrics;
  for (const ResultColumn& column : data.frame().columns()) {
    if (column.role == ColumnRole::kMetric) metrics.push_back(column.spec.name);
  }
  return metrics;
}

std::size_t first_of_identical(const Configurations& all, const std::vector<std::string>& metrics) {
  const auto same = [&](const Configuration& a, const Configuration& b) {
    return std::all_of(metrics.begin(), metrics.end(), [&](const std::string& metric) {
      const std::vector<double> x = a.values(metric), y = b.values(metric);
      return std::equal(x.begin(), x.end(), y.begin(), y.end(), same_value);
    });
  };
  std::size_t at = all.size() - 1;
  while (at > 0 && same(all[at - 1], all[at])) --at;
  return at;
}

FindingRecords tuning_findings(const Frame& study) {
  return findings_of(study, {target_findings, server_findings, tuning_left_out, queue_findings,
                             batch_limit_findings, memory_findings, chunk_findings,
                             benchmark_findings, comparison_findings});
}

std::vector<MethodRow> tuning_methods(const Frame& study) {
  const StudyData data(study);
  std::vector<MethodRow> rows;
  for (const auto& [before, after] : before_and_after(data)) {
    rows.push_back({1, text_of({"client batches of {}", {before.number("client_batch")}}),
                    before.rows.front()});
    rows.push_back({1, text_of({"continuous, max_num_seqs = {}", {after.number("max_num_seqs")}}),
                    after.rows.front()});
  }
  return rows;
}

std::int64_t choose_max_num_seqs(const Frame& queue_time) {
  const StudyData data(queue_time);
  const Configurations all = by_max_num_seqs(data, TuningStep::kQueueTime);
  if (all.empty()) {
    throw InputError(
        "no max_num_seqs can be chosen (no world of queue-time ran to its end) give "
        "--max-num-seqs");
  }
  return static_cast<std::int64_t>(all[first_of_identical(all, all_metrics(data))].key[0]);
}

}  // namespace servesweep
