// A table of worlds in memory: what studies and comparisons work on. io/results/result_reader makes
// one of a result file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
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
// NaN where it is not applicable. InputError for texts.
std::vector<double> column_numbers(const ColumnSpec& spec, const ColumnData& data);

// The rows of a column, in this order.
ColumnData rows_of(const ColumnData& data, const std::vector<std::size_t>& rows);

class Frame {
 public:
  explicit Frame(std::string name) : name_(std::move(name)) {}  // of the file, for messages
  // All columns have equally many rows.
  void add(ResultColumn column, ColumnData data);

  const std::string& name() const { return name_; }
  std::size_t num_rows() const;
  const std::vector<ResultColumn>& columns() const { return columns_; }
  bool has(std::string_view column) const;

  // InputError, with a suggestion, for a column that is not there.
  const ResultColumn& column(std::string_view name) const;
  const ColumnData& data(std::string_view name) const;
  std::vector<double> numbers(std::string_view name) const;
  std::vector<std::string> texts(std::string_view name) const;

  // Other values for a column, of the same type and as many.
  void set(std::string_view name, ColumnData values);
  Frame select(const std::vector<std::size_t>& rows) const;

 private:
  std::size_t position(std::string_view name) const;

  std::string name_;
  std::vector<ResultColumn> columns_;
  std::vector<ColumnData> data_;
};

}  // namespace servesweep
