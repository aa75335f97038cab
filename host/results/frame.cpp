#include "host/results/frame.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
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

std::size_t num_values(const ColumnData& data) {
  return std::visit([](const auto& values) { return values.size(); }, data);
}

}  // namespace

std::vector<std::string> column_texts(const ColumnSpec& spec, const ColumnData& data) {
  if (const auto* texts = std::get_if<std::vector<std::string>>(&data)) return *texts;
  std::vector<std::string> out;
  std::visit(
      [&]<class T>(const std::vector<T>& values) {
        out.reserve(values.size());
        for (const T& value : values) {
          if constexpr (std::is_same_v<T, double>) {
            out.push_back(std::isnan(value) ? "" : digits(value));
          } else if constexpr (std::is_integral_v<T>) {
            if (spec.has_fill && value == -1) {
              out.emplace_back();
            } else if (const auto code = static_cast<std::size_t>(value);
                       spec.type == ColumnType::kCategory && code < spec.categories.size()) {
              out.push_back(spec.categories[code]);
            } else {
              out.push_back(digits(value));
            }
          }
        }
      },
      data);
  return out;
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

void Frame::add(ResultColumn column, ColumnData data) {
  if (!data_.empty() && num_values(data) != num_rows()) {
    throw std::logic_error("column " + column.spec.name + " has another length");
  }
  columns_.push_back(std::move(column));
  data_.push_back(std::move(data));
}

std::size_t Frame::num_rows() const { return data_.empty() ? 0 : num_values(data_.front()); }

bool Frame::has(std::string_view column) const { return has_column(columns_, column); }

std::size_t Frame::position(std::string_view name) const {
  return column_position(columns_, name, name_);
}

const ResultColumn& Frame::column(std::string_view name) const { return columns_[position(name)]; }
const ColumnData& Frame::data(std::string_view name) const { return data_[position(name)]; }

std::vector<double> Frame::numbers(std::string_view name) const {
  const std::size_t at = position(name);
  return column_numbers(columns_[at].spec, data_[at]);
}

std::vector<std::string> Frame::texts(std::string_view name) const {
  const std::size_t at = position(name);
  return column_texts(columns_[at].spec, data_[at]);
}

void Frame::set(std::string_view name, ColumnData values) {
  ColumnData& there = data_[position(name)];
  if (values.index() != there.index() || num_values(values) != num_rows()) {
    throw std::logic_error("column " + std::string(name) + " has another type or length");
  }
  there = std::move(values);
}

Frame Frame::select(const std::vector<std::size_t>& rows) const {
  Frame selected(name_);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    selected.add(columns_[i], rows_of(data_[i], rows));
  }
  return selected;
}

}  // namespace servesweep
