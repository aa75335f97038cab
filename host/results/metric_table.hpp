// A table of an engine's result columns: name, unit, text and how each follows from what a world
// reports.
#pragma once

#include <cstddef>
#include <functional>
#include <iterator>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "host/results/result.hpp"
#include "sim/core/world_status.hpp"

namespace servesweep {

// A column. World: what it is computed from, with the quotients that many of them share.
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

// The only categories are how a world ended.
template <class World, std::size_t kSize>
std::vector<ColumnSpec> columns_of(const Metric<World> (&table)[kSize]) {
  const auto& status = EnumNames<WorldStatus>::values;
  std::vector<ColumnSpec> columns;
  for (const Metric<World>& m : table) {
    ColumnSpec column{m.name, m.type, m.unit, m.long_name, {}, m.type == kRealColumn, m.headline};
    if (m.type == ColumnType::kCategory)
      column.categories.assign(std::begin(status), std::end(status));
    columns.push_back(std::move(column));
  }
  return columns;
}

template <class World, std::size_t kSize>
std::vector<ColumnData> make_columns(const Metric<World> (&table)[kSize], std::size_t num_worlds) {
  std::vector<ColumnData> columns;
  for (const Metric<World>& m : table) {
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

template <class World, std::size_t kSize>
void set_row(const Metric<World> (&table)[kSize], const World& world, std::size_t row,
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

// Of all worlds, [world].
template <class World, std::size_t kSize, class WorldAt>
std::vector<ColumnData> columns_from(const Metric<World> (&table)[kSize], std::size_t num_worlds,
                                     WorldAt world_at) {
  std::vector<ColumnData> columns = make_columns(table, num_worlds);
  for (std::size_t row = 0; row < num_worlds; ++row) set_row(table, world_at(row), row, columns);
  return columns;
}

// A column of a table of units: GPUs, bins, replicas. `value`: a member of a unit, or a function.
inline ColumnSpec count_column(const char* name, const char* text) {
  return {name, kCountColumn, "1", text};
}
template <class Unit, class Value>
auto unit_column(const std::vector<Unit>& units, Value value) {
  std::vector<std::decay_t<std::invoke_result_t<Value, const Unit&>>> column;
  for (const Unit& unit : units) column.push_back(std::invoke(value, unit));
  return column;
}

// Durations in the buckets of sim/core/histogram.hpp. what: "Latencies"; counted: "Requests".
RaggedSpec latency_histogram_table(const std::string& name, const std::string& what,
                                   const std::string& counted);

}  // namespace servesweep
