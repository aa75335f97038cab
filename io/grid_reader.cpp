#include "io/grid_reader.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "io/measured_csv.hpp"
#include "io/text_source.hpp"

namespace servesweep {
namespace {

bool is_batch_size(std::string_view name) { return name == "batch_size" || name == "batch"; }

bool is_length(std::string_view name) {
  constexpr std::string_view names[] = {"length", "length_tokens", "seq_len", "max_seq_len",
                                        "total_tokens"};
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// What a latency column's unit is in ms; 0 where it names none, empty where it is no latency.
std::optional<double> latency_unit_ms(std::string_view name) {
  for (const std::string_view prefix : {"mean_", "avg_"}) {
    if (name.substr(0, prefix.size()) == prefix) name.remove_prefix(prefix.size());
  }
  if (name.substr(0, 7) != "latency") return {};
  name.remove_prefix(7);
  if (name == "_us") return 1e-3;
  if (name == "_ms") return 1.0;
  if (name == "_s" || name == "_sec") return 1e3;
  if (name.empty()) return 0.0;
  return {};
}

class GridParser {
 public:
  GridParser(std::string_view text, const std::string& name) : csv_(text, name) {}

  std::vector<GridPoint> parse() {
    if (csv_.num_fields() > 0) read_header();
    while (csv_.next_row()) read_row();
    if (points_.empty() && csv_.num_complaints() == 0)
      csv_.complain("no measurements (the file has no data rows) add some");
    csv_.check();
    return std::move(points_);
  }

 private:
  enum Column { kBatchSize, kLength, kLatency };

  void read_header() {
    for (std::size_t i = 0; i < csv_.num_fields(); ++i) {
      const std::string_view name = csv_.field(i);
      if (is_batch_size(name)) {
        found(kBatchSize, i);
      } else if (is_length(name)) {
        found(kLength, i);
      } else if (const auto unit = latency_unit_ms(name)) {
        found(kLatency, i);
        unit_ms_ = *unit;
        if (unit_ms_ == 0) {
          csv_.complain(i,
                        "column " + std::string(name) +
                            " has no unit (its name must end in _us, _ms, _s or _sec) rename it");
        }
      }
    }
    constexpr const char* names[] = {"batch_size", "length", "latency_ms"};
    for (const Column c : {kBatchSize, kLength, kLatency}) {
      if (!column_[c]) {
        csv_.complain_of_row(std::string("no column ") + names[c] +
                             " (a service grid has batch_size, length and latency_ms or "
                             "latency_s) name it so in the header");
      }
    }
    csv_.check();
  }

  void found(Column c, std::size_t i) {
    if (column_[c]) {
      csv_.complain(i, "two columns for one quantity (" + std::string(csv_.field(*column_[c])) +
                           " and " + std::string(csv_.field(i)) + ") remove one");
    }
    column_[c] = i;
  }

  void read_row() {
    const std::size_t before = csv_.num_complaints();
    GridPoint point;
    point.batch_size = csv_.number(*column_[kBatchSize], "batch size", 1);
    point.length = csv_.number(*column_[kLength], "length", 0);
    point.time_ms = csv_.number(*column_[kLatency], "latency", 0) * unit_ms_;
    if (csv_.num_complaints() == before && point.time_ms == 0)
      csv_.complain(*column_[kLatency], "invalid latency=0 (must be above 0)");
    if (csv_.num_complaints() == before) points_.push_back(point);
  }

  MeasuredCsv csv_;
  std::array<std::optional<std::size_t>, 3> column_;
  double unit_ms_ = 1;
  std::vector<GridPoint> points_;
};

}  // namespace

std::vector<GridPoint> parse_service_grid(std::string_view text, const std::string& name) {
  return GridParser(text, name).parse();
}

std::vector<GridPoint> read_service_grid(const std::string& path) {
  const TextSource source(path);
  return parse_service_grid(source.text(), path);
}

}  // namespace servesweep
