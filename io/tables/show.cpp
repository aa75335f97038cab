#include "io/tables/show.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "host/base/units.hpp"
#include "io/tables/text_table.hpp"

namespace servesweep {
namespace {

constexpr std::size_t kMostUnmarkedMetrics = 6;
const std::vector<std::string> kAllColumns = {"all"};

// Over the worlds to which it applies. Block by block: most columns that vary show it early.
bool varies(const ResultFile& file, const ResultColumn& column) {
  constexpr std::int64_t kBlock = 32768;
  std::optional<double> first_number;
  std::optional<std::string> first_text;
  for (std::int64_t from = 0; from < file.num_worlds(); from += kBlock) {
    const std::int64_t count = std::min(kBlock, file.num_worlds() - from);
    const ColumnData block = file.data(column.spec.name, from, count);
    if (const auto* texts = std::get_if<std::vector<std::string>>(&block)) {
      for (const std::string& text : *texts) {
        if (!text.empty() && first_text.value_or(text) != text) return true;
        if (!text.empty()) first_text = text;
      }
    } else {
      for (const double number : column_numbers(column.spec, block)) {
        if (std::isnan(number)) continue;
        if (first_number.value_or(number) != number) return true;
        first_number = number;
      }
    }
  }
  return false;
}

std::vector<std::string> chosen_columns(const ResultFile& file, const ShowOptions& options) {
  std::vector<std::string> names = options.columns;
  if (names.empty()) {
    names = default_columns(file);
    if (!options.sort.empty() &&
        std::find(names.begin(), names.end(), options.sort) == names.end()) {
      names.push_back(options.sort);
    }
  }
  if (names != kAllColumns) return names;
  names.clear();
  for (const ResultColumn& column : file.columns()) names.push_back(column.spec.name);
  return names;
}

// Worlds in the order of the column; where values are equal or missing (last) by id.
std::vector<std::size_t> sorted_worlds(const ResultFile& file, const ShowOptions& options) {
  std::vector<std::size_t> worlds(static_cast<std::size_t>(file.num_worlds()));
  std::iota(worlds.begin(), worlds.end(), 0);
  if (options.sort.empty()) {
    if (options.descending) std::reverse(worlds.begin(), worlds.end());
    return worlds;
  }
  const auto sort_by = [&](const auto& values, const auto& missing) {
    std::stable_sort(worlds.begin(), worlds.end(), [&](std::size_t a, std::size_t b) {
      const auto& x = values[a];
      const auto& y = values[b];
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

}  // namespace

std::vector<std::string> default_columns(const ResultFile& file) {
  std::vector<std::string> names;
  for (const ResultColumn& column : file.columns()) {
    const std::string& name = column.spec.name;
    // Among the metrics, how a world ended: where not all worlds ended alike.
    const bool may_be_left_out = column.role != ColumnRole::kMetric || name == kStatusColumn;
    if (name == world_column().name || (may_be_left_out && varies(file, column))) {
      names.push_back(name);
    }
  }
  const bool marked = std::any_of(file.columns().begin(), file.columns().end(),
                                  [](const ResultColumn& c) { return c.spec.headline; });
  std::size_t metrics = 0;
  for (const ResultColumn& column : file.columns()) {
    if (column.role != ColumnRole::kMetric) continue;
    const bool tells = file.num_worlds() == 1 || varies(file, column);
    if (marked ? column.spec.headline && tells : metrics++ < kMostUnmarkedMetrics) {
      names.push_back(column.spec.name);
    }
  }
  return names;
}

std::int64_t unfinished_worlds(const ResultFile& file) {
  if (!file.has_column(kStatusColumn)) return 0;
  const auto status = file.numbers(kStatusColumn);
  return std::count_if(status.begin(), status.end(), [](double code) { return code != 0; });
}

std::vector<std::string> cautions(const ResultFile& file) {
  std::vector<std::string> lines;
  for (const char* column : {"memory_overcommits", "extrapolated_batches"}) {
    if (!file.has_column(column)) continue;
    double sum = 0;
    std::int64_t worlds = 0;
    for (const double value : file.numbers(column)) {
      if (std::isnan(value) || value == 0) continue;
      sum += value;
      ++worlds;
    }
    if (worlds == 0) continue;
    lines.push_back(std::string(column) + " is " + format_count(static_cast<std::int64_t>(sum)) +
                    " in " + format_count(worlds, "world") + " (" +
                    file.column(column).spec.long_name + ")");
  }
  return lines;
}

std::string estimate_note(const ResultFile& file) {
  constexpr const char* kModel = "iteration_model";
  if (!file.has_column(kModel)) return "";
  const std::vector<std::string> models = file.texts(kModel);
  const auto estimated = std::count(models.begin(), models.end(), "roofline");
  if (estimated == 0) return "";
  return "Times of iterations are an estimate in " +
         (estimated == file.num_worlds() ? "all worlds" : format_count(estimated, "world")) +
         ": iteration_model is roofline (published peaks and assumed efficiencies, nothing "
         "measured).";
}

std::string render_summary(const ResultFile& file) {
  const std::int64_t unfinished = unfinished_worlds(file);
  const std::string study = file.attribute(kStudyAttribute);
  return file.path() + ": engine " + file.attribute("engine") + ", " +
         format_count(file.num_worlds(), "world") + " (" +
         (unfinished == 0 ? std::string("all ran to their end")
                          : std::to_string(unfinished) + " did not run to their end") +
         "), " +
         (study.empty()
              ? "seed " + file.attribute("seed")
              : "study " + study + ": " +
                    format_count(static_cast<std::int64_t>(file.sweeps().size()), "sweep")) +
         "\nmade " + file.attribute("time_finished_utc") + " by servesweep " +
         file.attribute("code_version") + " on " + file.attribute("device") + "\n";
}

std::string render_table(const ResultFile& file, const ShowOptions& options) {
  std::vector<std::size_t> worlds = sorted_worlds(file, options);
  if (options.top > 0 && options.top < static_cast<std::int64_t>(worlds.size())) {
    worlds.resize(static_cast<std::size_t>(options.top));
  }
  const bool all = options.columns == kAllColumns;
  std::vector<TableColumn> table;
  if (all) table.assign(2 + worlds.size(), {});
  for (const std::string& name : chosen_columns(file, options)) {
    const ResultColumn& info = file.column(name);
    const ColumnSpec& spec = info.spec;
    const std::string unit = spec.unit.empty() || spec.unit == "1" ? "" : "[" + spec.unit + "]";
    std::vector<std::string> values;
    for (const std::string& text : column_texts(spec, rows_of(file.data(name), worlds))) {
      values.push_back(readable(info, text));
    }
    if (all) {  // a line for each column of the file
      table[0].cells.push_back(name);
      table[1].cells.push_back(unit);
      for (std::size_t w = 0; w < worlds.size(); ++w) table[2 + w].cells.push_back(values[w]);
    } else {
      TableColumn column{header_lines(name),
                         !(spec.type == ColumnType::kText || spec.type == ColumnType::kCategory)};
      column.cells.push_back(unit);
      column.cells.insert(column.cells.end(), values.begin(), values.end());
      table.push_back(std::move(column));
    }
  }
  for (std::size_t w = 0; all && w < worlds.size(); ++w) table[2 + w].right = true;
  return aligned(std::move(table));
}

}  // namespace servesweep
