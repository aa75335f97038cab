#include "host/results/frame_where.hpp"

#include <cmath>
#include <limits>
#include <set>
#include <unordered_map>
#include <utility>

#include "host/parameters/where.hpp"
#include "host/results/study.hpp"

namespace servesweep {
namespace {

constexpr double kNotRead = std::numeric_limits<double>::quiet_NaN();

// The values of a parameter as conditions see them, one per row. `names`: choices, or texts.
std::vector<double> encoded(const std::vector<std::string>& texts,
                            const std::vector<std::string>& names) {
  std::unordered_map<std::string, double> codes;
  for (std::size_t i = 0; i < names.size(); ++i) codes.emplace(names[i], static_cast<double>(i));
  std::vector<double> values;
  values.reserve(texts.size());
  for (const std::string& text : texts) {
    const auto found = codes.find(text);
    values.push_back(found == codes.end() ? kNotRead : found->second);
  }
  return values;
}

}  // namespace

std::vector<std::size_t> rows_where(const Frame& frame, const std::string& condition,
                                    const ParameterSet& of_engine) {
  ParameterSet parameters = of_engine;
  if (frame.has(kStepColumn)) {
    parameters.add_choice(kStepColumn, frame.column(kStepColumn).spec.categories);
  }
  std::set<std::string> spelt{""};
  for (const Parameter& p : parameters) {
    if (!p.is_text() || !frame.has(p.column)) continue;
    for (std::string& text : frame.texts(p.column)) spelt.insert(std::move(text));
  }
  const std::vector<std::string> texts(spelt.begin(), spelt.end());
  const Where where(condition, parameters, texts);

  std::vector<std::vector<double>> columns;  // [parameter][row], or empty where there is none
  for (const Parameter& p : parameters) {
    columns.emplace_back();
    if (!frame.has(p.column)) continue;
    if (p.is_text()) {
      columns.back() = encoded(frame.texts(p.column), texts);
    } else if (p.type == ParameterType::kChoice) {
      columns.back() = encoded(frame.texts(p.column), p.choices);
    } else {
      columns.back() = frame.numbers(p.column);
    }
  }
  std::vector<std::size_t> rows;
  std::vector<double> values(parameters.size());
  for (std::size_t row = 0; row < frame.num_rows(); ++row) {
    for (std::size_t p = 0; p < values.size(); ++p) {
      values[p] = columns[p].empty() ? kNotRead : columns[p][row];
      // A bare name is a condition of its own, and NaN would hold.
      if (parameters[p].type == ParameterType::kBool && std::isnan(values[p])) values[p] = 0;
    }
    if (where.holds(values.data())) rows.push_back(row);
  }
  return rows;
}

}  // namespace servesweep
