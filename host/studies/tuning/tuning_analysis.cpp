#include "host/studies/tuning/tuning_analysis.hpp"

#include <algorithm>
#include <cmath>

#include "host/base/error.hpp"
#include "host/studies/sentence.hpp"
#include "host/studies/tuning/tuning_findings.hpp"

namespace servesweep {
namespace {

constexpr double kSuiteClientBatch = 16;

// Experiments that were skipped, or that failed: the report has to say what it is not about.
FindingRecords tuning_not_there(const StudyData& data) {
  std::vector<Clause> missing;
  for (std::size_t step = 0; step < tuning_step_names().size(); ++step) {
    const auto which = static_cast<TuningStep>(step);
    // The step between is run where there is something between.
    if (which == TuningStep::kQueueBetween || !data.newest_rows(which).empty()) continue;
    missing.push_back({tuning_step_names()[step]});
  }
  if (missing.empty()) return {};
  return {{"Left out",
           {"There are no results of {}: skipped, or failed.",
            {joined(std::move(missing), ", ", ", ")}}}};
}

FindingRecords tuning_left_out(const StudyData& data) {
  const std::vector<bool> usable = usable_rows(data.frame(), {"mean_latency_s"});
  const auto left_out = std::count(usable.begin(), usable.end(), false);
  if (left_out == 0) return {};
  return {{"Left out",
           {"{} of {} did not run to their end or completed nothing; their configurations are left "
            "out.",
            {Number{"worlds_left_out", static_cast<double>(left_out)},
             Count{"worlds", static_cast<double>(usable.size()), "world"}}}}};
}

}  // namespace

Clause listed(const StudyData& data, const std::vector<SeedGroup>& groups,
              const std::function<Clause(const Configuration&)>& item) {
  std::vector<Clause> items;
  for (const SeedGroup& group : groups) items.push_back(item({data, group}));
  return joined(std::move(items), ", ", ", ");
}

std::vector<SeedGroup> in_mode(const StudyData& data, TuningStep step, const std::string& mode,
                               const std::vector<std::string>& key_columns) {
  std::vector<std::string> keys = key_columns;
  keys.emplace_back("scheduler_mode");
  std::vector<SeedGroup> groups = data.configurations(step, keys);
  std::erase_if(groups,
                [&](const SeedGroup& group) { return data.text(group, "scheduler_mode") != mode; });
  for (SeedGroup& group : groups) group.key.pop_back();
  return groups;
}

std::vector<SeedGroup> by_max_num_seqs(const StudyData& data, TuningStep step) {
  return in_mode(data, step, "mixed", {"max_num_seqs"});
}

std::vector<SeedGroup> by_client_batch(const StudyData& data, TuningStep step) {
  return in_mode(data, step, "static", {"client_batch"});
}

std::optional<SeedGroup> client_before(const StudyData& data) {
  double batch = kSuiteClientBatch;
  for (const SeedGroup& group :
       in_mode(data, TuningStep::kComparison, "static", {"workload_arrivals_kind"})) {
    if (data.text(group, "workload_arrivals_kind") == "burst") {
      batch = data.input(group, "client_batch");
    }
  }
  for (const SeedGroup& group : by_client_batch(data, TuningStep::kQueueTime)) {
    if (group.key[0] == batch) return group;
  }
  return {};
}

std::optional<SeedGroup> mix_alone(const StudyData& data) {
  const auto groups = in_mode(data, TuningStep::kBenchmarkMix, "mixed", {"rate_per_s"});
  // The slowest arrivals; what is not applicable, all at once, comes last.
  if (groups.empty() || std::isnan(groups.front().key[0])) return {};
  return groups.front();
}

std::optional<SeedGroup> long_requests_alone(const StudyData& data) {
  for (const SeedGroup& group : data.configurations(
           TuningStep::kBenchmarkLengths,
           {"workload_lengths_output_min_tokens", "workload_lengths_output_max_tokens",
            "workload_requests", "workload_lengths_prompt_min_tokens"})) {
    if (group.key[0] < group.key[1]) return group;
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

std::size_t first_of_identical(const StudyData& data, const std::vector<SeedGroup>& groups,
                               const std::vector<std::string>& metrics) {
  const auto same = [&](const SeedGroup& a, const SeedGroup& b) {
    return std::all_of(metrics.begin(), metrics.end(), [&](const std::string& metric) {
      const std::vector<double> x = data.values(a, metric), y = data.values(b, metric);
      return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](double p, double q) {
        return p == q || (std::isnan(p) && std::isnan(q));
      });
    });
  };
  std::size_t at = groups.size() - 1;
  while (at > 0 && same(groups[at - 1], groups[at])) --at;
  return at;
}

FindingRecords tuning_findings(const Frame& study) {
  const StudyData data(study);
  FindingRecords findings;
  for (const auto topic :
       {queue_answer, client_answer, limit_answer, comparison_answer, target_findings,
        server_findings, tuning_not_there, tuning_left_out, queue_findings, batch_limit_findings,
        memory_findings, chunk_findings, benchmark_findings, comparison_findings}) {
    for (FindingRecord& finding : topic(data)) findings.push_back(std::move(finding));
  }
  return findings;
}

std::vector<StudyFinding> analyse_tuning(const Frame& study) {
  return render(tuning_findings(study));
}

std::vector<MethodRow> tuning_methods(const Frame& study) {
  const StudyData data(study);
  std::vector<MethodRow> rows;
  for (const auto& [before, after] : before_and_after(data)) {
    rows.push_back({1, "client batches of " + sentence_number(data.input(before, "client_batch")),
                    before.rows.front()});
    rows.push_back(
        {1, "continuous, max_num_seqs = " + sentence_number(data.input(after, "max_num_seqs")),
         after.rows.front()});
  }
  return rows;
}

std::int64_t choose_max_num_seqs(const Frame& queue_time) {
  const StudyData data(queue_time);
  const std::vector<SeedGroup> groups = by_max_num_seqs(data, TuningStep::kQueueTime);
  if (groups.empty()) {
    throw InputError(
        "no max_num_seqs can be chosen (no world of queue-time ran to its end) give "
        "--max-num-seqs");
  }
  return static_cast<std::int64_t>(
      groups[first_of_identical(data, groups, all_metrics(data))].key[0]);
}

}  // namespace servesweep
