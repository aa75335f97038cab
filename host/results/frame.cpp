#include "host/results/frame.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <type_traits>

#include "host/base/error.hpp"
#include "host/base/names.hpp"

namespace servesweep {
namespace {

template <class T>
std::string digits(T number) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

template <class T>
std::string text_of_value(const ColumnSpec& spec, const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return value;
  } else if constexpr (std::is_same_v<T, double>) {
    return std::isnan(value) ? "" : digits(value);
  } else {
    if (spec.has_fill && value == -1) return "";
    const auto code = static_cast<std::size_t>(value);
    const bool is_category = spec.type == ColumnType::kCategory && code < spec.categories.size();
    return is_category ? spec.categories[code] : digits(value);
  }
}

std::size_t num_values(const ColumnData& data) {
  return std::visit([](const auto& values) { return values.size(); }, data);
}

}  // namespace

std::vector<std::string> column_texts(const ColumnSpec& spec, const ColumnData& data) {
  return std::visit(
      [&]<class T>(const std::vector<T>& values) {
        std::vector<std::string> texts;
        texts.reserve(values.size());
        for (const T& value : values) texts.push_back(text_of_value(spec, value));
        return texts;
      },
      data);
}

std::string column_text(const ColumnSpec& spec, const ColumnData& data, std::size_t row) {
  return std::visit([&](const auto& values) { return text_of_value(spec, values[row]); }, data);
}

std::vector<double> column_numbers(const ColumnSpec& spec, const ColumnData& data) {
  std::vector<double> out;
  std::visit(
      [&]<class T>(const std::vector<T>& values) {
        if constexpr (std::is_same_v<T, std::string>) {
          throw InputError("column " + spec.name + " has no numbers (it holds texts)");
        } else if constexpr (std::is_same_v<T, double>) {
          out = values;
        } else {
          out.reserve(values.size());
          for (const T value : values) {
            out.push_back(spec.has_fill && value == -1 ? std::numeric_limits<double>::quiet_NaN()
                                                       : static_cast<double>(value));
          }
        }
      },
      data);
  return out;
}

ColumnData rows_of(const ColumnData& data, const std::vector<std::size_t>& rows) {
  return std::visit(
      [&](const auto& values) -> ColumnData {
        std::decay_t<decltype(values)> out;
        out.reserve(rows.size());
        for (const std::size_t row : rows) out.push_back(values[row]);
        return out;
      },
      data);
}

bool has_column(const std::vector<ResultColumn>& columns, std::string_view name) {
  return std::any_of(columns.begin(), columns.end(),
                     [&](const ResultColumn& c) { return c.spec.name == name; });
}

std::size_t column_position(const std::vector<ResultColumn>& columns, std::string_view name,
                            const std::string& file) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].spec.name == name) return i;
    names.push_back(columns[i].spec.name);
  }
  throw InputError("unknown column " + std::string(name) + " (not in " + file + ")" +
                   did_you_mean(nearest(name, names),
                                "see `servesweep show " + file + " --columns all --top 1`"));
}

void Frame::add_column(ResultColumn column, std::size_t num_rows) {
  if (!columns_.empty() && num_rows != num_rows_) {
    throw std::logic_error("column " + column.spec.name + " has another length");
  }
  num_rows_ = num_rows;
  columns_.push_back(std::move(column));
}

void Frame::add(ResultColumn column, ColumnData data) {
  add_column(std::move(column), num_values(data));
  data_.emplace_back(std::move(data));
}

void Frame::add(ResultColumn column, std::size_t num_rows, ColumnReader read) {
  add_column(std::move(column), num_rows);
  data_.emplace_back(std::move(read));
}

bool Frame::has(std::string_view column) const { return has_column(columns_, column); }

std::size_t Frame::position(std::string_view name) const {
  return column_position(columns_, name, name_);
}

const ResultColumn& Frame::column(std::string_view name) const { return columns_[position(name)]; }

ColumnData Frame::data(std::string_view name) const {
  return from_data(position(name), [](ColumnData values) { return values; });
}

std::vector<double> Frame::numbers(std::string_view name) const {
  const std::size_t at = position(name);
  return from_data(
      at, [&](const ColumnData& values) { return column_numbers(columns_[at].spec, values); });
}

std::vector<std::string> Frame::texts(std::string_view name) const {
  const std::size_t at = position(name);
  return from_data(
      at, [&](const ColumnData& values) { return column_texts(columns_[at].spec, values); });
}

std::string Frame::text(std::string_view name, std::size_t row) const {
  const std::size_t at = position(name);
  return from_data(
      at, [&](const ColumnData& values) { return column_text(columns_[at].spec, values, row); });
}

void Frame::set(std::string_view name, ColumnData values) {
  const std::size_t at = position(name);
  const std::size_t type = from_data(at, [](const ColumnData& there) { return there.index(); });
  if (values.index() != type || num_values(values) != num_rows()) {
    throw std::logic_error("column " + std::string(name) + " has another type or length");
  }
  data_[at] = std::move(values);
}

Frame Frame::select(const std::vector<std::size_t>& rows) const {
  Frame selected(name_);
  const auto chosen = std::make_shared<const std::vector<std::size_t>>(rows);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (const auto* read = std::get_if<ColumnReader>(&data_[i])) {
      selected.add(columns_[i], rows.size(),
                   [read = *read, chosen] { return rows_of(read(), *chosen); });
    } else {
      selected.add(columns_[i], rows_of(std::get<ColumnData>(data_[i]), rows));
    }
  }
  return selected;
}

Frame Frame::in_memory() const {
  Frame all(name_);
  for (const ResultColumn& column : columns_) all.add(column, data(column.spec.name));
  return all;
}

}  // namespace servesweep
