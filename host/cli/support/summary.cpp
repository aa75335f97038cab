#include "host/cli/support/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "host/base/units.hpp"
#include "io/tables/show.hpp"

namespace servesweep {
namespace {

// The kBestWorlds best worlds by each of these columns are listed.
struct Ranking {
  const char* column;
  bool descending;
};
constexpr Ranking kRankings[] = {{"throughput_requests_per_s", true}, {"p99_latency_s", false}};
constexpr std::int64_t kBestWorlds = 5;

// "5,000 worlds: 4,990 completed, 10 time_limit"
std::string status_line(const ResultFile& file) {
  std::string line = format_count(file.num_worlds(), "world");
  if (!file.has_column(kStatusColumn)) return line + "\n";
  const ColumnSpec& spec = file.column(kStatusColumn).spec;
  std::vector<std::int64_t> counts(spec.categories.size());
  for (const double code : file.numbers(kStatusColumn)) ++counts.at(static_cast<std::size_t>(code));
  const char* separator = ": ";
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    line += separator + format_count(counts[i]) + " " + spec.categories[i];
    separator = ", ";
  }
  return line + "\n";
}

double sum_of(const ResultFile& file, const char* column) {
  double sum = 0;
  for (const double value : file.numbers(column)) {
    if (!std::isnan(value)) sum += value;
  }
  return sum;
}

std::string requests_line(const ResultFile& file) {
  std::string line;
  for (const char* column : {"arrived", "completed", "rejected", "unfinished"}) {
    if (!file.has_column(column)) continue;
    line += (line.empty() ? "requests: " : ", ") +
            format_count(static_cast<std::int64_t>(sum_of(file, column))) + " " + column;
  }
  return line.empty() ? "" : line + "\n";
}

// Few worlds are all listed.
std::string best_worlds(const ResultFile& file) {
  if (file.num_worlds() <= 2 * kBestWorlds) return "\n" + render_table(file, {});
  const std::vector<std::string> columns = default_columns(file);
  std::string text;
  for (const Ranking& ranking : kRankings) {
    if (!file.has_column(ranking.column)) continue;
    ShowOptions options;
    options.sort = ranking.column;
    options.descending = ranking.descending;
    options.top = kBestWorlds;
    options.columns = columns;
    text += fmt::format("\nThe {} worlds of {} {}:\n{}", kBestWorlds,
                        ranking.descending ? "highest" : "lowest", ranking.column,
                        render_table(file, options));
  }
  return text;
}

}  // namespace

std::string render_totals(const ResultFile& file) {
  std::string text = status_line(file) + requests_line(file);
  for (const std::string& caution : cautions(file)) text += "caution: " + caution + "\n";
  return text + best_worlds(file);
}

}  // namespace servesweep
