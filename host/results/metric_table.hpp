// A table of an engine's result columns: name, unit, text and how each follows from what a world
// reports.
#pragma once

#include <cstddef>
#include <iterator>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "host/results/result.hpp"
#include "sim/core/world_status.hpp"

namespace servesweep {

// A column. World: what it is computed from, with the quotients that several columns share.
template <class World>
struct Metric {
  const char* name;
  ColumnType type;
  const char* unit;
  const char* long_name;
  double (*value)(const World&);
  bool headline = false;  // what one looks at first: `show` prints it
};

constexpr bool kHeadline = true;
constexpr ColumnType kCountColumn = ColumnType::kInt64;
constexpr ColumnType kRealColumn = ColumnType::kFloat64;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Table: an array or span of metrics. The only categories are how a world ended.
template <class Table>
std::vector<ColumnSpec> columns_of(const Table& table) {
  const auto& status = EnumNames<WorldStatus>::values;
  std::vector<ColumnSpec> columns;
  for (const auto& m : table) {
    ColumnSpec column{m.name, m.type, m.unit, m.long_name, {}, m.type == kRealColumn, m.headline};
    if (m.type == ColumnType::kCategory)
      column.categories.assign(std::begin(status), std::end(status));
    columns.push_back(std::move(column));
  }
  return columns;
}

template <class Table>
std::vector<ColumnData> make_columns(const Table& table, std::size_t num_worlds) {
  std::vector<ColumnData> columns;
  for (const auto& m : table) {
    if (m.type == ColumnType::kCategory) {
      columns.emplace_back(std::vector<std::int32_t>(num_worlds));
    } else if (m.type == ColumnType::kInt64) {
      columns.emplace_back(std::vector<std::int64_t>(num_worlds));
    } else {
      columns.emplace_back(std::vector<double>(num_worlds));
    }
  }
  return columns;
}

template <class Table, class World>
void set_row(const Table& table, const World& world, std::size_t row,
             std::vector<ColumnData>& columns) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const double value = table[i].value(world);
    std::visit(
        [&](auto& column) {
          using T = typename std::decay_t<decltype(column)>::value_type;
          if constexpr (std::is_arithmetic_v<T>) column[row] = static_cast<T>(value);
        },
        columns[i]);
  }
}

// The columns of all worlds, [column][world].
template <class Table, class WorldAt>
std::vector<ColumnData> columns_from(const Table& table, std::size_t num_worlds, WorldAt world_at) {
  std::vector<ColumnData> columns = make_columns(table, num_worlds);
  for (std::size_t row = 0; row < num_worlds; ++row) set_row(table, world_at(row), row, columns);
  return columns;
}

// Durations in the buckets of sim/core/histogram.hpp: what they are, and of what each is one.
RaggedSpec latency_histogram_table(const std::string& name = "latency_histogram",
                                   const std::string& what = "Latencies",
                                   const std::string& counted = "Requests");

}  // namespace servesweep
