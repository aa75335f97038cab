#include "host/sweep/csv_points.hpp"

#include <algorithm>
#include <optional>

#include "host/base/names.hpp"
#include "host/base/text.hpp"

namespace servesweep {
namespace {

using Cell = PointTable::Cell;

std::string_view after_spaces(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}

SpecValue number_or_text(std::string_view text, int line, int column) {
  if (const auto integer = number_of<std::int64_t>(text)) return {*integer, line, column};
  if (const auto real = number_of<double>(text)) return {*real, line, column};
  return {std::string(text), line, column};
}

SpecValue cell_value(const Parameter& p, const Cell& cell) {
  switch (p.type) {
    case ParameterType::kReal:
    case ParameterType::kInteger:
      return number_or_text(cell.text, cell.line, cell.column);
    case ParameterType::kBool:
      if (cell.text == "true") return {true, cell.line, cell.column};
      if (cell.text == "false") return {false, cell.line, cell.column};
      break;
    case ParameterType::kIntegerList: {
      SpecValue::Array elements;
      std::string_view rest = after_spaces(cell.text);
      while (!rest.empty()) {
        const std::string_view element = rest.substr(0, rest.find(' '));
        elements.push_back(number_or_text(element, cell.line, cell.column));
        rest = after_spaces(rest.substr(element.size()));
      }
      return {std::move(elements), cell.line, cell.column};
    }
    default:
      break;
  }
  return {cell.text, cell.line, cell.column};
}

}  // namespace

CsvPoints read_csv_points(const PointTable& table, const ParameterSet& parameters,
                          ValueReader& reader, ErrorList& errors) {
  CsvPoints points;
  const std::size_t width = table.header.size();
  const std::size_t rows = width > 0 ? table.cells.size() / width : 0;
  if (rows == 0) {
    errors.push_back({table.file, 0, 0, "no points (needs a header of parameters and rows)"});
    return points;
  }
  for (std::size_t c = 0; c < width; ++c) {
    const Cell& name = table.header[c];
    const Diagnostic place{table.file, name.line, name.column, ""};
    const auto fail = [&](const std::string& message) {
      errors.push_back({place.file, place.line, place.column, message});
    };
    const auto found = parameters.find(name.text);
    if (!found) {
      if (const auto keys = parameters.keys_named(name.text); keys.size() > 1) {
        fail("ambiguous column " + name.text + " (several keys end so) write one of " +
             joined(keys));
        continue;
      }
      fail("unknown column " + name.text + " (not a parameter)" +
           did_you_mean(parameters.suggestion(name.text)));
      continue;
    }
    if (std::find(points.parameters.begin(), points.parameters.end(), *found) !=
        points.parameters.end()) {
      fail("duplicate column " + name.text + " (" + parameters[*found].key +
           " has one already) remove it");
      continue;
    }
    const Parameter& p = parameters[*found];
    SpecEntry entry;
    entry.file = table.file;
    std::vector<double> values;
    values.reserve(rows);
    for (std::size_t r = 0; r < rows; ++r) {
      const Cell& cell = table.cells[r * width + c];
      std::optional<double> value = p.default_value;
      if (!cell.text.empty()) value = reader.scalar(p, entry, cell_value(p, cell));
      values.push_back(value.value_or(p.default_value));
    }
    points.parameters.push_back(*found);
    points.places.push_back(place);
    points.columns.push_back(std::move(values));
  }
  return points;
}

}  // namespace servesweep
