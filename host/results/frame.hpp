// A table of worlds: what studies and comparisons work on. A column is in memory, or is read from a
// file whenever its values are asked for. io/results/result_reader makes a frame of a result file.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "host/results/result.hpp"

namespace servesweep {

enum class ColumnRole { kIndex, kInput, kMetric };

struct ResultColumn {
  ColumnSpec spec;
  ColumnRole role = ColumnRole::kMetric;
};

bool has_column(const std::vector<ResultColumn>& columns, std::string_view name);
// InputError, with a suggestion, where `file` has no such column.
std::size_t column_position(const std::vector<ResultColumn>& columns, std::string_view name,
                            const std::string& file);

// Values for people and text files: shortest digits that read back the same; "" where the value
// is not applicable.
std::vector<std::string> column_texts(const ColumnSpec& spec, const ColumnData& data);
// The same of one row.
std::string column_text(const ColumnSpec& spec, const ColumnData& data, std::size_t row);
// NaN where it is not applicable. InputError for texts.
std::vector<double> column_numbers(const ColumnSpec& spec, const ColumnData& data);

// The rows of a column, in this order.
ColumnData rows_of(const ColumnData& data, const std::vector<std::size_t>& rows);

// Reads all values of a column.
using ColumnReader = std::function<ColumnData()>;

class Frame {
 public:
  explicit Frame(std::string name) : name_(std::move(name)) {}  // of the file, for messages
  // All columns have equally many rows.
  void add(ResultColumn column, ColumnData data);
  // A column that is read each time that its values are asked for, and never kept.
  void add(ResultColumn column, std::size_t num_rows, ColumnReader read);

  const std::string& name() const { return name_; }
  std::size_t num_rows() const { return num_rows_; }
  const std::vector<ResultColumn>& columns() const { return columns_; }
  bool has(std::string_view column) const;

  // InputError, with a suggestion, for a column that is not there.
  const ResultColumn& column(std::string_view name) const;
  ColumnData data(std::string_view name) const;
  std::vector<double> numbers(std::string_view name) const;
  std::vector<std::string> texts(std::string_view name) const;
  std::string text(std::string_view name, std::size_t row) const;

  // Other values for a column, of the same type and as many.
  void set(std::string_view name, ColumnData values);
  // Columns that are not in memory are not read for it.
  Frame select(const std::vector<std::size_t>& rows) const;
  // The same frame with all columns in memory.
  Frame in_memory() const;

 private:
  void add_column(ResultColumn column, std::size_t num_rows);
  std::size_t position(std::string_view name) const;

  // What f makes of the values of a column.
  template <class F>
  auto from_data(std::size_t position, const F& f) const {
    const auto* read = std::get_if<ColumnReader>(&data_[position]);
    return read != nullptr ? f((*read)()) : f(std::get<ColumnData>(data_[position]));
  }

  std::string name_;
  std::size_t num_rows_ = 0;
  std::vector<ResultColumn> columns_;
  std::vector<std::variant<ColumnData, ColumnReader>> data_;  // [column]
};

}  // namespace servesweep
