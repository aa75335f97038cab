// The findings of the stress study, by topic. Each says only what its step's rows support, and
// nothing where the step was not run.
#pragma once

#include <string>
#include <vector>

#include "host/studies/finding.hpp"
#include "host/studies/stress/stress_plan.hpp"
#include "host/studies/study_data.hpp"

namespace servesweep {

inline constexpr Variable kBinCount = {"K", "k_bins"};
inline constexpr Variable kGpuCount = {"GPUs", "num_gpus"};
inline constexpr Variable kRequestViolations = {"the request SLA violation rate",
                                                "request_sla_violation_rate", "%"};
inline constexpr double kBusyUtilization = 0.95;  // from here on GPUs count as always busy

// Each topic, and its part of the answer.
void scheduler_findings(const StudyData& data, FindingRecords& found);
void gpu_findings(const StudyData& data, FindingRecords& found);
void k_findings(const StudyData& data, FindingRecords& found);
void method_findings(const StudyData& data, FindingRecords& found);
void sla_findings(const StudyData& data, FindingRecords& found);
void overload_findings(const StudyData& data, FindingRecords& found);
void utilization_findings(const StudyData& data, FindingRecords& found);
void batch_size_findings(const StudyData& data, FindingRecords& found);
void robustness_findings(const StudyData& data, FindingRecords& found);

// The newest rows of all steps but the robustness, which varies what is a setting elsewhere.
std::vector<std::size_t> rows_of_steps(const StudyData& data);
// [method] the configurations of step 1 by volume; of step 2 by GPUs, and of step 3 by K.
std::vector<Configurations> over_volumes(const StudyData& data);
Configurations over_gpus(const StudyData& data);
Configurations over_bins(const StudyData& data);

// "1,000,000 requests at load scaling 100", "1,000 requests at real timestamps"
Clause workload(const Configuration& of);
// "multi_bin_dynamic (4 GPUs, K = 8)", "static_fifo (1 GPU)"
Clause method(const Configuration& of);
// "4 GPUs, K = 8"
Clause method_settings(const Configuration& of);
// "<what> with 1,000 requests at load scaling 100 and 5 seeds."
FindingRecord varied(const std::string& topic, Clause what, const Configuration& with);
// "29.8 s (5 seeds, 95 % interval: 15.2 to 44.3 s)"
Clause mean_over_seeds(const Variable& metric, const Configuration& of);

// Arrivals per second of one workload, as far as its worlds show it: the largest throughput among
// configurations. Where the GPUs of that one are always busy, more may arrive.
struct ArrivalRate {
  double per_s = 0;
  bool known = false;
};
ArrivalRate arrival_rate(const Configurations& same_workload);
// GPUs are always busy and complete less than 95 % of what arrives, so the queue grows as long as
// requests arrive and latencies measure the length of the run.
bool overloaded(const Configuration& of, const ArrivalRate& arrivals);

// The methods of step 4 that were compared for a volume and a load scaling.
struct MethodComparison {
  Configurations bases;      // static_fifo, dynamic_no_bins
  Configurations multi_bin;  // on one GPU, and as chosen where that is on more
  bool is_largest_volume = false;
};
// In order of load scaling, then volume.
std::vector<MethodComparison> comparisons(const StudyData& data);

}  // namespace servesweep
