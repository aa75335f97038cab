#include "host/studies/study_data.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>
#include <utility>

#include "host/base/statistics.hpp"

namespace servesweep {
namespace {

using Samples = std::pair<std::vector<double>, std::vector<double>>;

// The values of the replications that both have.
Samples pairs(const Configuration& from, const Configuration& to, const std::string& metric) {
  Samples both;
  for (std::size_t a = 0; a < from.rows.size(); ++a) {
    for (std::size_t b = 0; b < to.rows.size(); ++b) {
      if (from.replications[a] != to.replications[b]) continue;
      both.first.push_back(from.data->value(from.rows[a], metric));
      both.second.push_back(to.data->value(to.rows[b], metric));
    }
  }
  return both;
}

}  // namespace

std::vector<double> Configuration::values(const std::string& column) const {
  std::vector<double> all;
  for (const std::size_t row : rows) all.push_back(data->value(row, column));
  return all;
}

double Configuration::value(const std::string& column) const {
  const std::vector<double> all = values(column);
  const bool equal =
      std::all_of(all.begin(), all.end(), [&](double each) { return each == all.front(); });
  return equal ? all.front() : mean(all);
}

double Configuration::largest(const std::string& column) const {
  const std::vector<double> all = values(column);
  return *std::max_element(all.begin(), all.end());
}

std::string Configuration::text(const std::string& column) const {
  return data->frame().text(column, rows.front());
}

bool Configuration::usable(const std::vector<std::string>& metrics) const {
  return std::all_of(rows.begin(), rows.end(),
                     [&](std::size_t row) { return data->usable(row, metrics); });
}

bool StudyData::usable(std::size_t row, const std::vector<std::string>& metrics) const {
  return value(row, kStatusColumn) == 0 &&
         std::none_of(metrics.begin(), metrics.end(), [&](const std::string& metric) {
           return !frame_.has(metric) || std::isnan(value(row, metric));
         });
}

std::vector<std::size_t> StudyData::all_rows() const {
  std::vector<std::size_t> rows(frame_.num_rows());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return rows;
}

const std::vector<std::size_t>& StudyData::newest_rows_of(int step) const {
  const auto [known, is_new] = newest_rows_.try_emplace(step);
  if (!is_new) return known->second;
  double newest = -1;
  for (const std::size_t row : all_rows()) {
    const double sweep = value(row, kSweepColumn);
    if (value(row, kStepColumn) != step || sweep < newest) continue;
    if (sweep > newest) known->second.clear();
    newest = sweep;
    known->second.push_back(row);
  }
  return known->second;
}

Configurations StudyData::group(const std::vector<std::size_t>& rows,
                                const std::vector<std::string>& key_columns) const {
  Configurations all;
  for (Replications& each : replications_by(frame_, rows, key_columns)) {
    all.push_back({std::move(each), this});
  }
  return all;
}

Configurations StudyData::usable_only(Configurations all) {
  std::erase_if(all, [](const Configuration& each) {
    return !each.usable({"mean_latency_s", "p99_latency_s", "throughput_requests_per_s"});
  });
  return all;
}

const std::vector<double>& StudyData::column_of(const std::string& name) const {
  if (const auto found = columns_.find(name); found != columns_.end()) return found->second;
  const std::size_t slash = name.find('/');
  const std::string dividend = name.substr(0, slash);
  // A column of a parameter that no world reads is not in the file.
  std::vector<double> values = frame_.has(dividend)
                                   ? frame_.numbers(dividend)
                                   : std::vector<double>(frame_.num_rows(), std::nan(""));
  if (slash != std::string::npos) {
    const std::vector<double>& divisors = column_of(name.substr(slash + 1));
    for (std::size_t row = 0; row < values.size(); ++row) values[row] /= divisors[row];
  }
  return columns_.emplace(name, std::move(values)).first->second;
}

bool same_value(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

std::vector<Configurations> series(const Configurations& all, std::size_t num_keys) {
  std::vector<Configurations> found;
  for (const Configuration& each : all) {
    const auto agrees = [&](const Configuration& other) {
      return std::equal(each.key.begin(), each.key.begin() + static_cast<std::ptrdiff_t>(num_keys),
                        other.key.begin(), same_value);
    };
    if (found.empty() || !agrees(found.back().front())) found.emplace_back();
    found.back().push_back(each);
  }
  return found;
}

Configurations ascending(Configurations all, const std::string& metric) {
  std::stable_sort(all.begin(), all.end(),
                   [&](const auto& a, const auto& b) { return a.value(metric) < b.value(metric); });
  return all;
}

Argument level(const Variable& variable, const Configuration& of) {
  const double value = of.value(variable.column);
  if (std::string_view(variable.unit) == "%") return Percent{variable.name, value};
  return Number{variable.name, value, variable.unit};
}

ChangeOf change_of(const Variable& metric, const Configuration& from, const Configuration& to) {
  const auto [a, b] = pairs(from, to, metric.column);
  const std::string_view unit = metric.unit;
  std::string name = metric.name;
  if (unit == "s" && name.ends_with("_s")) name.resize(name.size() - 2);
  return {metric.words, name, unit == "%" ? paired_difference(a, b) : paired_change(a, b)};
}

Clause moved(const Variable& metric, const Configuration& from, const Configuration& to,
             const Variable* input) {
  const ChangeOf change = change_of(metric, from, to);
  if (change.change.change == 0) return {"{}", {change}};
  const auto at = [&](const Configuration& of) {
    return input == nullptr ? Clause{} : Clause{" at {}", {level(*input, of)}};
  };
  return {"{}, from {}{} to {}{}",
          {change, level(metric, from), at(from), level(metric, to), at(to)}};
}

FindingRecord compared(const std::string& topic, Clause start, const std::vector<Variable>& metrics,
                       const Configuration& from, const Configuration& to, const char* input) {
  std::vector<Clause> changes;
  for (const Variable& metric : metrics) changes.push_back({"{}", {change_of(metric, from, to)}});
  FindingRecord record = {topic,
                          {"{}{}.", {std::move(start), joined(std::move(changes), "; ", "; ")}},
                          metrics.front().column};
  if (input != nullptr) {
    record.from = from.value(input);
    record.to = to.value(input);
  }
  record.change = change_of(metrics.front(), from, to);
  return record;
}

FindingRecord moved_over(const std::string& topic, Clause start, const Variable& input,
                         const Variable& metric, const Configuration& from, const Configuration& to,
                         Clause end) {
  return {topic,
          {"{} {} = {} to {} {}{}.",
           {std::move(start), input.words, level(input, from), level(input, to),
            moved(metric, from, to), std::move(end)}},
          metric.column,
          from.value(input.column),
          to.value(input.column),
          change_of(metric, from, to)};
}

std::size_t clearly_extreme(const std::vector<std::pair<Configuration, Configuration>>& changes,
                            const std::string& metric, double sign) {
  const auto goes_there = [&](const Change& change) {
    return sign > 0 ? change.rises() : change.falls();
  };
  std::vector<std::vector<double>> factors;  // [pair][seed]
  std::vector<Change> found;
  for (const auto& [from, to] : changes) {
    const auto [a, b] = pairs(from, to, metric);
    found.push_back(paired_change(a, b));
    factors.push_back(b);
    for (std::size_t seed = 0; seed < a.size(); ++seed) factors.back()[seed] /= a[seed];
  }
  std::size_t best = 0;
  for (std::size_t i = 1; i < found.size(); ++i) {
    if (sign * found[i].ratio() > sign * found[best].ratio()) best = i;
  }
  bool clear = found.size() > 1 && goes_there(found[best]);
  for (std::size_t i = 0; clear && i < found.size(); ++i) {
    if (i == best) continue;
    clear = factors[i].size() == factors[best].size() &&
            goes_there(paired_change(factors[i], factors[best]));
  }
  return clear ? best : found.size();
}

Clause listed(const Configurations& all, const std::function<Clause(const Configuration&)>& item) {
  std::vector<Clause> items;
  for (const Configuration& each : all) items.push_back(item(each));
  return joined(std::move(items), ", ", ", ");
}

FindingRecord by_value(const std::string& topic, const Clause& start, const Configurations& all,
                       const Variable& input, const Variable& metric) {
  const Clause values = listed(all, [&](const Configuration& of) {
    return Clause{"{}: {}", {level(input, of), level(metric, of)}};
  });
  return {topic,
          {"{}: {}.", {start, values}},
          metric.column,
          all.front().value(input.column),
          all.back().value(input.column)};
}

FindingRecords findings_of(const Frame& study, const Topics& topics) {
  const StudyData data(study);
  FindingRecords found;
  for (const auto& topic : topics) topic(data, found);
  std::stable_partition(found.begin(), found.end(),
                        [](const auto& each) { return each.topic == kAnswerTopic; });
  return found;
}

void find_left_out(const StudyData& data, const std::vector<std::size_t>& rows,
                   FindingRecords& found) {
  const auto missing = std::count_if(rows.begin(), rows.end(), [&](std::size_t row) {
    return !data.usable(row, {kMeanLatency.column});
  });
  if (missing == 0) return;
  found.push_back(
      {"Left out",
       {"{} of {} did not run to their end or completed nothing; their configurations are left "
        "out.",
        {Number{"worlds_left_out", static_cast<double>(missing)},
         Count{"worlds", static_cast<double>(rows.size()), "world"}}}});
}

std::string last_finished_utc(const Study& study) {
  std::string time;
  for (const StudySweep& sweep : study.sweeps) {
    time = std::max(time, sweep.attribute("time_finished_utc"));
  }
  return time;
}

std::string plain_time(std::string utc) {
  std::replace(utc.begin(), utc.end(), 'T', ' ');
  if (utc.ends_with('Z')) utc.pop_back();
  return utc;
}

}  // namespace servesweep
