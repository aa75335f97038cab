#include "io/tables/text_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace servesweep {
namespace {

// UTF-8: bytes that begin a character.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace

std::string readable(const ResultColumn& column, const std::string& text) {
  if (text.empty()) return "-";
  if (column.spec.type != ColumnType::kFloat64) return text;
  const double value = std::stod(text);
  return column.role == ColumnRole::kInput ? fmt::format("{:.6g}", value) : four_digits(value);
}

std::string four_digits(double value) {
  const double magnitude = std::abs(value);
  if (magnitude == 0) return "0";
  if (!(magnitude >= 1e-4 && magnitude < 1e9)) return fmt::format("{:.3e}", value);
  const int decimals = std::clamp(3 - static_cast<int>(std::floor(std::log10(magnitude))), 0, 7);
  return fmt::format("{:.{}f}", value, decimals);
}

std::vector<std::string> header_lines(const std::string& name) {
  constexpr std::size_t kWidth = 10;
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t end = std::min(name.find('_', at), name.size() - 1) + 1;
    const std::string part = name.substr(at, end - at);
    if (lines.empty() || lines.back().size() + part.size() > kWidth) lines.emplace_back();
    lines.back() += part;
    at = end;
  }
  return lines;
}

std::string aligned(std::vector<TableColumn> columns) {
  std::size_t height = 0;
  for (const TableColumn& column : columns) height = std::max(height, column.cells.size());
  std::vector<std::string> lines(height);
  for (TableColumn& column : columns) {
    column.cells.insert(column.cells.begin(), height - column.cells.size(), "");
    std::size_t width = 0;
    for (const std::string& cell : column.cells) width = std::max(width, width_of(cell));
    for (std::size_t i = 0; i < height; ++i) {
      const std::string padding(width - width_of(column.cells[i]), ' ');
      if (&column != &columns.front()) lines[i] += "  ";
      lines[i] += column.right ? padding + column.cells[i] : column.cells[i] + padding;
    }
  }
  std::string text;
  for (std::string& line : lines) {
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace servesweep
