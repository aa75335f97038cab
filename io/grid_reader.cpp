#include "io/grid_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>

#include "host/error.hpp"
#include "host/text.hpp"
#include "io/csv.hpp"
#include "io/text_source.hpp"

namespace servesweep {
namespace {

constexpr std::size_t kMaxDiagnostics = 20;

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
  GridParser(std::string_view text, const std::string& name)
      : text_(text), name_(name), reader_(text) {}

  std::vector<GridPoint> parse() {
    if (next()) read_header();
    while (diagnostics_.size() < kMaxDiagnostics && next()) read_row();
    if (points_.empty() && diagnostics_.empty())
      complain("no measurements (the file has no data rows) add some");
    if (!diagnostics_.empty()) throw InputError(std::move(diagnostics_));
    return std::move(points_);
  }

 private:
  enum Column { kBatchSize, kLength, kLatency };

  // The next record that is neither blank nor a comment; broken ones are complained of.
  bool next() {
    for (;;) {
      switch (reader_.next(fields_)) {
        case CsvReader::Record::kEnd:
          return false;
        case CsvReader::Record::kBroken:
          complain(reader_.where(),
                   std::string("broken row (") + reader_.error() + ") close the quotes");
          break;
        case CsvReader::Record::kFields:
          const bool blank = fields_.size() == 1 && trimmed(fields_[0]).empty();
          if (!blank && fields_[0].substr(0, 1) != "#") return true;
      }
    }
  }

  void read_header() {
    num_fields_ = fields_.size();
    for (std::size_t i = 0; i < num_fields_; ++i) {
      const std::string_view name = trimmed(fields_[i]);
      if (is_batch_size(name)) {
        found(kBatchSize, i);
      } else if (is_length(name)) {
        found(kLength, i);
      } else if (const auto unit = latency_unit_ms(name)) {
        found(kLatency, i);
        unit_ms_ = *unit;
        if (unit_ms_ == 0) {
          complain(fields_[i].data(), "column " + std::string(name) +
                                          " has no unit (its name must end in _us, _ms, _s or "
                                          "_sec) rename it");
        }
      }
    }
    constexpr const char* names[] = {"batch_size", "length", "latency_ms"};
    for (const Column c : {kBatchSize, kLength, kLatency}) {
      if (!column_[c]) {
        complain(reader_.record(), std::string("no column ") + names[c] +
                                       " (a service grid has batch_size, length and latency_ms or "
                                       "latency_s) name it so in the header");
      }
    }
    if (!diagnostics_.empty()) throw InputError(std::move(diagnostics_));
  }

  void found(Column c, std::size_t i) {
    if (column_[c]) {
      complain(fields_[i].data(), "two columns for one quantity (" +
                                      std::string(trimmed(fields_[*column_[c]])) + " and " +
                                      std::string(trimmed(fields_[i])) + ") remove one");
    }
    column_[c] = i;
  }

  void read_row() {
    if (fields_.size() != num_fields_) {
      complain(reader_.record(), "row with " + std::to_string(fields_.size()) +
                                     " fields (the header has " + std::to_string(num_fields_) +
                                     ") complete it or remove it");
      return;
    }
    const std::size_t before = diagnostics_.size();
    GridPoint point;
    point.batch_size = number(kBatchSize, "batch size", 1);
    point.length = number(kLength, "length", 0);
    point.time_ms = number(kLatency, "latency", 0) * unit_ms_;
    if (diagnostics_.size() == before && point.time_ms == 0)
      complain(fields_[*column_[kLatency]].data(), "invalid latency=0 (must be above 0)");
    if (diagnostics_.size() == before) points_.push_back(point);
  }

  double number(Column c, const char* what, double min) {
    const std::string_view text = trimmed(fields_[*column_[c]]);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
      complain(fields_[*column_[c]].data(),
               std::string("invalid ") + what + "='" + std::string(text) + "' (not a number)");
      return min;
    }
    if (value < min) {
      complain(fields_[*column_[c]].data(), std::string("invalid ") + what + "=" +
                                                std::string(text) + " (must be at least " +
                                                std::to_string(static_cast<int>(min)) + ")");
    }
    return value;
  }

  void complain(const std::string& message) { diagnostics_.push_back({name_, 0, 0, message}); }

  void complain(const char* where, const std::string& message) {
    const auto line = 1 + std::count(text_.data(), where, '\n');
    const char* start = where;
    while (start != text_.data() && start[-1] != '\n') --start;
    diagnostics_.push_back(
        {name_, static_cast<int>(line), static_cast<int>(where - start) + 1, message});
  }

  std::string_view text_;
  std::string name_;
  CsvReader reader_;
  std::vector<std::string_view> fields_;
  std::size_t num_fields_ = 0;
  std::array<std::optional<std::size_t>, 3> column_;
  double unit_ms_ = 1;
  std::vector<Diagnostic> diagnostics_;
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
