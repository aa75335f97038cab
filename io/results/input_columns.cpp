#include "io/results/input_columns.hpp"

#include <cmath>

namespace servesweep {

ColumnSpec input_column(const Parameter& p) {
  ColumnSpec column{p.column, ColumnType::kFloat64, p.unit, p.text, {}};
  switch (p.type) {
    case ParameterType::kReal:
      break;
    case ParameterType::kInteger:
      // Where -1 could be a value it cannot also mean "not read".
      if (p.min >= 0) column.type = ColumnType::kInt64;
      break;
    case ParameterType::kBool:
      column.type = ColumnType::kCategory;
      column.categories = {"false", "true"};
      break;
    case ParameterType::kChoice:
      column.type = ColumnType::kCategory;
      column.categories = p.choices;
      break;
    case ParameterType::kInputFile:
    case ParameterType::kTraceFile:
    case ParameterType::kGridFile:
    case ParameterType::kProfileFolder:
    case ParameterType::kWords:
    case ParameterType::kIntegerList:
      column.type = ColumnType::kText;
      break;
  }
  return column;
}

InputColumns::InputColumns(const Sweep& sweep) : sweep_(sweep) {
  const ParameterSet& parameters = sweep.parameters();
  std::vector<char> read(parameters.size(), 0), unread(parameters.size(), 0);
  std::vector<double> values(parameters.size());
  const std::int64_t step = sweep.settings().replications;  // they have equal inputs
  for (std::int64_t world = 0; world < sweep.num_worlds(); world += step) {
    sweep.values(world, values.data());
    for (std::size_t p = 0; p < values.size(); ++p) {
      (std::isnan(values[p]) ? unread : read)[p] = 1;
    }
  }
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    if (read[p] == 0) continue;
    parameters_.push_back(p);
    specs_.push_back(input_column(parameters[p]));
    specs_.back().has_fill = unread[p] != 0;
  }
}

std::vector<ColumnData> InputColumns::values(std::int64_t first, std::int64_t count) const {
  const auto rows = static_cast<std::size_t>(count);
  std::vector<std::vector<double>> columns(parameters_.size(), std::vector<double>(rows));
  std::vector<double> values(sweep_.parameters().size());
  for (std::size_t row = 0; row < rows; ++row) {
    sweep_.values(first + static_cast<std::int64_t>(row), values.data());
    for (std::size_t i = 0; i < columns.size(); ++i) columns[i][row] = values[parameters_[i]];
  }
  std::vector<ColumnData> encoded;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    encoded.push_back(encode(parameters_[i], columns[i]));
    columns[i] = {};
  }
  return encoded;
}

ColumnData InputColumns::encode(std::size_t p, const std::vector<double>& values) const {
  const auto integers = [&]<class T>(std::vector<T> out) {
    for (const double v : values) out.push_back(std::isnan(v) ? T{-1} : static_cast<T>(v));
    return out;
  };
  switch (input_column(sweep_.parameters()[p]).type) {
    case ColumnType::kFloat64:
      return values;
    case ColumnType::kInt64:
      return integers(std::vector<std::int64_t>{});
    case ColumnType::kInt32:
    case ColumnType::kCategory:
      return integers(std::vector<std::int32_t>{});
    case ColumnType::kText:
      break;
  }
  std::vector<std::string> texts;
  for (const double v : values) {
    texts.push_back(std::isnan(v) ? "" : sweep_.texts()[static_cast<std::size_t>(v)]);
  }
  return texts;
}

}  // namespace servesweep
