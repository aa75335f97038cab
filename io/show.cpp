#include "io/show.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace servesweep {
namespace {

constexpr std::size_t kMostUnmarkedMetrics = 6;

// 17 digits are for machines.
std::string readable(const ColumnSpec& spec, const std::string& text) {
  if (text.empty()) return "-";
  if (spec.type != ColumnType::kFloat64) return text;
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.5g", std::stod(text));
  return buffer;
}

bool varies(const ResultFile& file, const std::string& name) {
  return std::visit(
      [](const auto& values) {
        return std::any_of(values.begin(), values.end(),
                           [&](const auto& v) { return v != values.front() && v == v; });
      },
      file.data(name));
}

std::vector<std::string> default_columns(const ResultFile& file, const std::string& sort) {
  std::vector<std::string> names;
  for (const ResultColumn& column : file.columns()) {
    const std::string& name = column.spec.name;
    if (name == world_column().name || (column.role != ColumnRole::kMetric && varies(file, name))) {
      names.push_back(name);
    }
  }
  const bool marked = std::any_of(file.columns().begin(), file.columns().end(),
                                  [](const ResultColumn& c) { return c.spec.headline; });
  std::size_t metrics = 0;
  for (const ResultColumn& column : file.columns()) {
    if (column.role != ColumnRole::kMetric) continue;
    if (marked ? column.spec.headline : metrics++ < kMostUnmarkedMetrics) {
      names.push_back(column.spec.name);
    }
  }
  if (!sort.empty() && std::find(names.begin(), names.end(), sort) == names.end()) {
    names.push_back(sort);
  }
  return names;
}

std::vector<std::string> chosen_columns(const ResultFile& file, const ShowOptions& options) {
  if (options.columns.empty()) return default_columns(file, options.sort);
  if (options.columns != std::vector<std::string>{"all"}) return options.columns;
  std::vector<std::string> names;
  for (const ResultColumn& column : file.columns()) names.push_back(column.spec.name);
  return names;
}

// Worlds in the order of the column; equal ones and those without a value (last) by id.
std::vector<std::int64_t> sorted_worlds(const ResultFile& file, const ShowOptions& options) {
  std::vector<std::int64_t> worlds(static_cast<std::size_t>(file.num_worlds()));
  std::iota(worlds.begin(), worlds.end(), 0);
  if (options.sort.empty()) {
    if (options.descending) std::reverse(worlds.begin(), worlds.end());
    return worlds;
  }
  const auto sort_by = [&](const auto& values, const auto& missing) {
    std::stable_sort(worlds.begin(), worlds.end(), [&](std::int64_t a, std::int64_t b) {
      const auto& x = values[static_cast<std::size_t>(a)];
      const auto& y = values[static_cast<std::size_t>(b)];
      if (missing(x) || missing(y)) return !missing(x) && missing(y);
      return options.descending ? y < x : x < y;
    });
  };
  const ColumnSpec& spec = file.column(options.sort).spec;
  if (spec.type == ColumnType::kText || spec.type == ColumnType::kCategory) {
    sort_by(file.texts(options.sort), [](const std::string& v) { return v.empty(); });
  } else {
    sort_by(file.numbers(options.sort), [](double v) { return std::isnan(v); });
  }
  return worlds;
}

ColumnData rows_of(const ColumnData& data, const std::vector<std::int64_t>& worlds) {
  return std::visit(
      [&]<class T>(const std::vector<T>& values) -> ColumnData {
        std::vector<T> rows;
        rows.reserve(worlds.size());
        for (const std::int64_t world : worlds) {
          rows.push_back(values[static_cast<std::size_t>(world)]);
        }
        return rows;
      },
      data);
}

// UTF-8: bytes that begin a character.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace

std::int64_t unfinished_worlds(const ResultFile& file) {
  if (!file.has_column("status")) return 0;
  const auto status = file.numbers("status");
  return std::count_if(status.begin(), status.end(), [](double code) { return code != 0; });
}

std::string render_summary(const ResultFile& file) {
  const std::int64_t unfinished = unfinished_worlds(file);
  return file.path() + ": engine " + file.attribute("engine") + ", " +
         std::to_string(file.num_worlds()) + " worlds (" +
         (unfinished == 0 ? std::string("all ran to their end")
                          : std::to_string(unfinished) + " did not run to their end") +
         "), seed " + file.attribute("seed") + "\nmade " + file.attribute("time_finished_utc") +
         " by servesweep " + file.attribute("code_version") + " on " + file.attribute("device") +
         "\n";
}

std::string render_table(const ResultFile& file, const ShowOptions& options) {
  std::vector<std::int64_t> worlds = sorted_worlds(file, options);
  if (options.top > 0 && options.top < static_cast<std::int64_t>(worlds.size())) {
    worlds.resize(static_cast<std::size_t>(options.top));
  }
  std::vector<std::vector<std::string>> cells;  // [column][line]: name, unit, values
  std::vector<bool> left;                       // words are left-aligned, numbers right
  for (const std::string& name : chosen_columns(file, options)) {
    const ColumnSpec& spec = file.column(name).spec;
    std::vector<std::string> column = {
        name, spec.unit.empty() || spec.unit == "1" ? "" : "[" + spec.unit + "]"};
    for (const std::string& text : column_texts(spec, rows_of(file.data(name), worlds))) {
      column.push_back(readable(spec, text));
    }
    cells.push_back(std::move(column));
    left.push_back(spec.type == ColumnType::kText || spec.type == ColumnType::kCategory);
  }
  std::vector<std::string> lines(worlds.size() + 2);
  for (std::size_t c = 0; c < cells.size(); ++c) {
    std::size_t width = 0;
    for (const std::string& cell : cells[c]) width = std::max(width, width_of(cell));
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string padding(width - width_of(cells[c][i]), ' ');
      if (c > 0) lines[i] += "  ";
      lines[i] += left[c] ? cells[c][i] + padding : padding + cells[c][i];
    }
  }
  std::string table;
  for (std::string& line : lines) {
    line.erase(line.find_last_not_of(' ') + 1);
    table += line + "\n";
  }
  return table;
}

}  // namespace servesweep
