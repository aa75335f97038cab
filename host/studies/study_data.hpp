// A study's rows as its findings need them: of each step the newest sweep, by configuration,
// without configurations that have a world which did not run to its end. Steps are the enums of the
// studies.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "host/results/frame.hpp"
#include "host/results/replications.hpp"
#include "host/studies/finding.hpp"

namespace servesweep {

class StudyData;

// The worlds of one configuration, a world for each seed, and what a sentence says of it. Columns
// may also be the quotient of two: "p99_latency_s/mean_latency_s".
struct Configuration : Replications {
  const StudyData* data = nullptr;

  double value(const std::string& column) const;  // of an input, or the mean of a metric
  std::vector<double> values(const std::string& column) const;  // [seed]
  double largest(const std::string& column) const;
  std::string text(const std::string& column) const;
  // Each world ran to its end, and these metrics are applicable.
  bool usable(const std::vector<std::string>& metrics) const;

  Number number(const std::string& column, const std::string& unit = {}) const {
    return {column, value(column), unit};
  }
  Percent share(const std::string& column) const { return {column, value(column)}; }
  Count count(const std::string& column, const std::string& noun) const {
    return {column, value(column), noun};
  }
  Count seeds() const { return {"seeds", static_cast<double>(rows.size()), "seed"}; }
  Clause one_seed_note() const { return {rows.size() == 1 ? kOneSeedNote : ""}; }
};
using Configurations = std::vector<Configuration>;

class StudyData {
 public:
  explicit StudyData(const Frame& frame) : frame_(frame) {}

  const Frame& frame() const { return frame_; }
  double value(std::size_t row, const std::string& column) const { return column_of(column)[row]; }
  bool usable(std::size_t row, const std::vector<std::string>& metrics) const;
  std::vector<std::size_t> all_rows() const;
  // Empty where the step was not run.
  template <class Step>
  const std::vector<std::size_t>& newest_rows(Step step) const {
    return newest_rows_of(static_cast<int>(step));
  }

  // The configurations of these rows, in order of the values of these columns: the key.
  Configurations group(const std::vector<std::size_t>& rows,
                       const std::vector<std::string>& key_columns) const;
  // Those of the step that are usable.
  template <class Step>
  Configurations configurations(Step step, const std::vector<std::string>& key_columns) const {
    return usable_only(group(newest_rows(step), key_columns));
  }

 private:
  friend struct Configuration;
  static Configurations usable_only(Configurations all);
  const std::vector<std::size_t>& newest_rows_of(int step) const;
  const std::vector<double>& column_of(const std::string& name) const;

  const Frame& frame_;
  mutable std::map<std::string, std::vector<double>> columns_;
  mutable std::map<int, std::vector<std::size_t>> newest_rows_;
};

// Equal, or both not applicable.
bool same_value(double a, double b);
// Neighbours that agree in the first values of their keys, together.
std::vector<Configurations> series(const Configurations& all, std::size_t num_keys);
// In ascending order of a metric.
Configurations ascending(Configurations all, const std::string& metric);

// An input or a metric, and how sentences speak of it.
struct Variable {
  const char* words;          // "mean latency"
  const char* column;         // "mean_latency_s"
  const char* unit = "";      // "%": of a share, which changes by percentage points
  const char* name = column;  // of its numbers
};
inline constexpr Variable kMeanLatency = {"mean latency", "mean_latency_s", "s"};
inline constexpr Variable kP99Latency = {"p99 latency", "p99_latency_s", "s"};

Argument level(const Variable& variable, const Configuration& of);
// Paired by seed; relative, of shares the difference.
ChangeOf change_of(const Variable& metric, const Configuration& from, const Configuration& to);
// "mean latency falls by 80 % (...), from 100 s to 20 s"; with an input "from 100 s at 1 to 20 s at
// 2". Without the levels where nothing changes.
Clause moved(const Variable& metric, const Configuration& from, const Configuration& to,
             const Variable* input = nullptr);

// "<start>mean latency falls by ...; p99 latency rises by ...." The record is of the first metric,
// from and to the values of the input, where one varies.
FindingRecord compared(const std::string& topic, Clause start, const std::vector<Variable>& metrics,
                       const Configuration& from, const Configuration& to,
                       const char* input = nullptr);

// "<start> K = 1 to 2 mean latency falls by 80 % (...), from 100 s to 20 s<end>."
FindingRecord moved_over(const std::string& topic, Clause start, const Variable& input,
                         const Variable& metric, const Configuration& from, const Configuration& to,
                         Clause end = {});

// The pair whose metric changes by the largest factor (sign 1), or the smallest (-1), where the
// seeds leave no doubt of it; else the number of pairs.
std::size_t clearly_extreme(const std::vector<std::pair<Configuration, Configuration>>& changes,
                            const std::string& metric, double sign);

// "16: 66 %, 32: 38 %", of `item` of each.
Clause listed(const Configurations& all, const std::function<Clause(const Configuration&)>& item);

// "<start>: 16: 66 %, 32: 38 %.", from the first value of the input to the last.
FindingRecord by_value(const std::string& topic, const Clause& start, const Configurations& all,
                       const Variable& input, const Variable& metric);

// Topics, in the order in which they are read; what is the answer comes first.
using Topics = std::vector<void (*)(const StudyData& data, FindingRecords& found)>;
FindingRecords findings_of(const Frame& study, const Topics& topics);

// How many of the worlds in these rows did not run to their end, where there are any.
void find_left_out(const StudyData& data, const std::vector<std::size_t>& rows,
                   FindingRecords& found);

// When the last of a study's sweeps ended: "2025-11-30T04:01:39Z".
std::string last_finished_utc(const Study& study);
// "2025-11-30 04:01:39" of "2025-11-30T04:01:39Z".
std::string plain_time(std::string utc);

}  // namespace servesweep
