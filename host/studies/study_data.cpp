#include "host/studies/study_data.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "host/base/statistics.hpp"
#include "host/results/study.hpp"

namespace servesweep {

std::vector<bool> usable_rows(const Frame& frame, const std::vector<std::string>& metrics) {
  std::vector<bool> usable;
  for (const double status : frame.numbers(kStatusColumn)) usable.push_back(status == 0);
  for (const std::string& metric : metrics) {
    const std::vector<double> values = frame.numbers(metric);
    for (std::size_t row = 0; row < usable.size(); ++row) {
      if (std::isnan(values[row])) usable[row] = false;
    }
  }
  return usable;
}

const std::vector<std::size_t>& StudyData::newest_rows_of(int step) const {
  if (const auto known = newest_rows_.find(step); known != newest_rows_.end()) {
    return known->second;
  }
  const std::vector<double>& steps = column_of(kStepColumn);
  const std::vector<double>& sweeps = column_of(kSweepColumn);
  std::vector<std::size_t> rows;
  double newest = -1;
  for (std::size_t row = 0; row < steps.size(); ++row) {
    if (steps[row] != step || sweeps[row] < newest) continue;
    if (sweeps[row] > newest) rows.clear();
    newest = sweeps[row];
    rows.push_back(row);
  }
  return newest_rows_.emplace(step, std::move(rows)).first->second;
}

std::vector<SeedGroup> StudyData::configurations_of(
    const std::vector<std::size_t>& rows, const std::vector<std::string>& key_columns) const {
  static const std::vector<std::string> kMetrics = {"mean_latency_s", "p99_latency_s",
                                                    "throughput_requests_per_s"};
  const std::vector<bool> usable = usable_rows(frame_, kMetrics);
  std::vector<SeedGroup> groups = replications_by(frame_, rows, key_columns);
  groups.erase(std::remove_if(groups.begin(), groups.end(),
                              [&](const SeedGroup& group) {
                                return !std::all_of(group.rows.begin(), group.rows.end(),
                                                    [&](std::size_t row) { return usable[row]; });
                              }),
               groups.end());
  return groups;
}

std::string StudyData::text(const SeedGroup& group, const std::string& column) const {
  const std::vector<std::size_t> row = {group.rows.front()};
  return column_texts(frame_.column(column).spec, rows_of(frame_.data(column), row)).front();
}

std::vector<double> StudyData::values(const SeedGroup& group, const std::string& metric) const {
  std::vector<double> values;
  for (const std::size_t row : group.rows) values.push_back(value(row, metric));
  return values;
}

double StudyData::mean_of(const SeedGroup& group, const std::string& metric) const {
  return mean(values(group, metric));
}

Change StudyData::ratio(const SeedGroup& before, const SeedGroup& after,
                        const std::string& metric) const {
  const auto [a, b] = pairs(before, after, metric);
  return paired_change(a, b);
}

Change StudyData::points(const SeedGroup& before, const SeedGroup& after,
                         const std::string& metric) const {
  const auto [a, b] = pairs(before, after, metric);
  return paired_difference(a, b);
}

const std::vector<double>& StudyData::column_of(const std::string& name) const {
  if (const auto found = columns_.find(name); found != columns_.end()) return found->second;
  const std::size_t slash = name.find('/');
  if (slash == std::string::npos) {
    // A column of a parameter that no world reads is not in the file.
    std::vector<double> values = frame_.has(name)
                                     ? frame_.numbers(name)
                                     : std::vector<double>(frame_.num_rows(), std::nan(""));
    return columns_.emplace(name, std::move(values)).first->second;
  }
  std::vector<double> quotients = frame_.numbers(name.substr(0, slash));
  const std::vector<double>& divisors = column_of(name.substr(slash + 1));
  for (std::size_t row = 0; row < quotients.size(); ++row) quotients[row] /= divisors[row];
  return columns_.emplace(name, std::move(quotients)).first->second;
}

std::pair<std::vector<double>, std::vector<double>> StudyData::pairs(
    const SeedGroup& before, const SeedGroup& after, const std::string& metric) const {
  std::pair<std::vector<double>, std::vector<double>> both;
  for (const std::size_t a : before.rows) {
    for (const std::size_t b : after.rows) {
      if (value(a, "replication") != value(b, "replication")) continue;
      both.first.push_back(value(a, metric));
      both.second.push_back(value(b, metric));
    }
  }
  return both;
}

}  // namespace servesweep
