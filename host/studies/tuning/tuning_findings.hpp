// The findings of the tuning study, by topic. Each says only what its step's rows support, and
// nothing where the step was not run.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/studies/finding.hpp"
#include "host/studies/study_data.hpp"
#include "host/studies/tuning/tuning_plan.hpp"

namespace servesweep {

// Configurations of a step of one scheduler mode, in order of these columns.
Configurations in_mode(const StudyData& data, TuningStep step, const std::string& mode,
                       std::vector<std::string> key_columns);
// Those of `step` with continuous batching, in order of max_num_seqs: the key.
Configurations by_max_num_seqs(const StudyData& data, TuningStep step);
// Those of queue_time, and between them those of queue_time_between with the same settings.
Configurations queue_limits(const StudyData& data);
// Those of `step` that clients send in batches, in order of the batch: the key.
Configurations by_client_batch(const StudyData& data, TuningStep step);
// (before, after) of the loads of the comparison, the burst first.
std::vector<std::pair<Configuration, Configuration>> before_and_after(const StudyData& data);
// That of the comparison's client, all requests at once; else the suite's batch of 16.
std::optional<Configuration> client_before(const StudyData& data);
// Its requests and the benchmark's are alone on the server: the arrivals are that far apart.
std::optional<Configuration> mix_alone(const StudyData& data);
std::optional<Configuration> long_requests_alone(const StudyData& data);
bool is_burst(const Configuration& of);

// The position from which on these metrics are the same numbers in each replication; that of the
// last where even it differs from the one before.
std::size_t first_of_identical(const Configurations& all, const std::vector<std::string>& metrics);
// All metrics of the study's worlds.
std::vector<std::string> all_metrics(const StudyData& data);

// A goal of the suite.
struct TuningTarget {
  std::string name;  // "Queue share"
  double limit = 0;
  FindingRecord finding;
  bool known = false, reached = false;
  double value = 0;     // of the setting; where none reaches it, the best
  std::string setting;  // "max_num_seqs = 32"
};
std::vector<TuningTarget> tuning_targets(const StudyData& data);

void queue_findings(const StudyData& data, FindingRecords& found);
void comparison_findings(const StudyData& data, FindingRecords& found);
void target_findings(const StudyData& data, FindingRecords& found);
// What the times rest on: what was measured, and what is assumed.
void server_findings(const StudyData& data, FindingRecords& found);
void batch_limit_findings(const StudyData& data, FindingRecords& found);
void memory_findings(const StudyData& data, FindingRecords& found);
void chunk_findings(const StudyData& data, FindingRecords& found);
void benchmark_findings(const StudyData& data, FindingRecords& found);

}  // namespace servesweep
