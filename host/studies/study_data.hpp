// A study's rows as its findings need them: of each step the newest sweep, by configuration,
// without configurations that have a world which did not run to its end. Steps are the enums of the
// studies.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/results/frame.hpp"
#include "host/results/replications.hpp"
#include "host/studies/seed_change.hpp"

namespace servesweep {

// The worlds of one configuration, a world for each seed.
using SeedGroup = Replications;

// [row] whether the world ran to its end and these metrics are applicable.
std::vector<bool> usable_rows(const Frame& frame, const std::vector<std::string>& metrics);

class StudyData {
 public:
  explicit StudyData(const Frame& frame) : frame_(frame) {}

  const Frame& frame() const { return frame_; }
  // Empty where the step was not run.
  template <class Step>
  const std::vector<std::size_t>& newest_rows(Step step) const {
    return newest_rows_of(static_cast<int>(step));
  }
  // The step's configurations, in order of the values of these columns.
  template <class Step>
  std::vector<SeedGroup> configurations(Step step,
                                        const std::vector<std::string>& key_columns) const {
    return configurations_of(newest_rows(step), key_columns);
  }

  // Columns may also be the quotient of two: "p99_latency_s/mean_latency_s".
  double value(std::size_t row, const std::string& column) const { return column_of(column)[row]; }
  double input(const SeedGroup& group, const std::string& column) const {
    return value(group.rows.front(), column);
  }
  std::string text(const SeedGroup& group, const std::string& column) const;
  std::vector<double> values(const SeedGroup& group, const std::string& metric) const;  // [seed]
  double mean_of(const SeedGroup& group, const std::string& metric) const;

  // From `before` to `after`, over the seeds that both have.
  Change ratio(const SeedGroup& before, const SeedGroup& after, const std::string& metric) const;
  Change points(const SeedGroup& before, const SeedGroup& after, const std::string& metric) const;

 private:
  const std::vector<std::size_t>& newest_rows_of(int step) const;
  std::vector<SeedGroup> configurations_of(const std::vector<std::size_t>& rows,
                                           const std::vector<std::string>& key_columns) const;
  const std::vector<double>& column_of(const std::string& name) const;
  std::pair<std::vector<double>, std::vector<double>> pairs(const SeedGroup& before,
                                                            const SeedGroup& after,
                                                            const std::string& metric) const;

  const Frame& frame_;
  mutable std::map<std::string, std::vector<double>> columns_;
  mutable std::map<int, std::vector<std::size_t>> newest_rows_;
};

}  // namespace servesweep
