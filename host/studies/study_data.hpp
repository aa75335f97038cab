// A stress study's rows as its findings need them: of each step the newest sweep, by configuration,
// without configurations that have a world which did not run to its end.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/frame.hpp"
#include "host/studies/seed_change.hpp"
#include "host/studies/seed_groups.hpp"
#include "host/studies/stress_plan.hpp"

namespace servesweep {

class StudyData {
 public:
  explicit StudyData(const Frame& frame) : frame_(frame) {}

  const Frame& frame() const { return frame_; }
  // Empty where the step was not run.
  const std::vector<std::size_t>& newest_rows(StressStep step) const;
  // The step's configurations, in order of the values of these columns.
  std::vector<SeedGroup> configurations(StressStep step,
                                        const std::vector<std::string>& key_columns) const;

  // Columns may also be the quotient of two: "p99_latency_s/mean_latency_s".
  double value(std::size_t row, const std::string& column) const { return column_of(column)[row]; }
  double input(const SeedGroup& group, const std::string& column) const {
    return value(group.rows.front(), column);
  }
  std::string text(const SeedGroup& group, const std::string& column) const;
  std::vector<double> values(const SeedGroup& group, const std::string& metric) const;  // [seed]
  double mean_of(const SeedGroup& group, const std::string& metric) const;

  // From `before` to `after`, over the seeds that both have.
  RatioChange ratio(const SeedGroup& before, const SeedGroup& after,
                    const std::string& metric) const;
  Difference points(const SeedGroup& before, const SeedGroup& after,
                    const std::string& metric) const;

 private:
  const std::vector<double>& column_of(const std::string& name) const;
  std::pair<std::vector<double>, std::vector<double>> pairs(const SeedGroup& before,
                                                            const SeedGroup& after,
                                                            const std::string& metric) const;

  const Frame& frame_;
  mutable std::map<std::string, std::vector<double>> columns_;
  mutable std::map<StressStep, std::vector<std::size_t>> newest_rows_;
};

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
