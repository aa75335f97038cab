// How much of a stress study's load its GPUs serve.
#pragma once

#include <vector>

#include "host/studies/stress/stress_plan.hpp"
#include "host/studies/study_data.hpp"

namespace servesweep {

// Arrivals per second of one workload, as far as its worlds show it: the largest throughput among
// configurations. Where the GPUs of that one are always busy, more may arrive.
struct ArrivalRate {
  double per_s = 0;
  bool known = false;
};
ArrivalRate arrival_rate(const StudyData& data, const std::vector<SeedGroup>& same_workload);

inline constexpr StressStep kStressSteps[] = {StressStep::kRequestScaling, StressStep::kGpuScaling,
                                              StressStep::kKSensitivity,   StressStep::kGrid,
                                              StressStep::kComparison,     StressStep::kRobustness};

inline constexpr double kSameRate = 0.99;         // throughputs that differ by less are one
inline constexpr double kBusyUtilization = 0.95;  // from here on GPUs count as always busy

// GPUs are always busy and complete less than 95 % of what arrives, so the queue grows as long as
// requests arrive and latencies measure the length of the run.
bool overloaded(const StudyData& data, const SeedGroup& group, const ArrivalRate& arrivals);

}  // namespace servesweep
