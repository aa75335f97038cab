// A ragged table with a row for each unit of a world: a GPU, a bin, a replica. One list of columns
// gives its schema and, from what the worlds report, its data.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "host/results/result.hpp"

namespace servesweep {

template <class Row>
class UnitTable {
 public:
  UnitTable(std::string name, std::string long_name) {
    spec_.name = std::move(name);
    spec_.long_name = std::move(long_name);
  }

  // value: a member of Row or a function of it that gives an integer or a double.
  template <class Value>
  UnitTable& column(std::string name, std::string unit, std::string text, Value value,
                    bool has_fill = false) {
    using T = std::decay_t<std::invoke_result_t<Value, const Row&>>;
    constexpr bool kIsReal = std::is_floating_point_v<T>;
    spec_.columns.push_back({std::move(name),
                             kIsReal ? ColumnType::kFloat64 : ColumnType::kInt64,
                             std::move(unit),
                             std::move(text),
                             {},
                             has_fill});
    columns_.push_back([value](const std::vector<Row>& rows) {
      std::vector<std::conditional_t<kIsReal, double, std::int64_t>> column;
      for (const Row& row : rows) column.push_back(std::invoke(value, row));
      return ColumnData(std::move(column));
    });
    return *this;
  }

  const RaggedSpec& spec() const { return spec_; }

  // rows: of all worlds, one after the other.
  RaggedData data(std::vector<std::int32_t> row_size, const std::vector<Row>& rows) const {
    RaggedData data{std::move(row_size), {}};
    for (const auto& column : columns_) data.columns.push_back(column(rows));
    return data;
  }

 private:
  RaggedSpec spec_;
  std::vector<std::function<ColumnData(const std::vector<Row>&)>> columns_;
};

}  // namespace servesweep
