#include "io/number_table.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>

#include "host/error.hpp"
#include "host/text.hpp"
#include "io/csv.hpp"

namespace servesweep {
namespace {

constexpr std::size_t kMaxDiagnostics = 20;

bool is_named(const NumberColumn& column, std::string_view name) {
  return std::find(column.names.begin(), column.names.end(), name) != column.names.end();
}

// What a time column's unit is in ms; 0 where it names none, empty where it is no such column.
std::optional<double> time_unit_ms(const NumberColumn& column, std::string_view name) {
  for (const std::string_view prefix : {"mean_", "avg_"}) {
    if (name.substr(0, prefix.size()) == prefix) name.remove_prefix(prefix.size());
  }
  if (is_named(column, name)) return 0.0;
  constexpr std::pair<std::string_view, double> units[] = {
      {"_us", 1e-3}, {"_ms", 1.0}, {"_s", 1e3}, {"_sec", 1e3}};
  for (const auto& [unit, ms] : units) {
    if (name.ends_with(unit) && is_named(column, name.substr(0, name.size() - unit.size()))) {
      return ms;
    }
  }
  return {};
}

class NumberTableParser {
 public:
  NumberTableParser(std::string_view text, const std::string& name,
                    const std::vector<NumberColumn>& columns, const std::string& kind)
      : text_(text),
        name_(name),
        columns_(columns),
        kind_(kind),
        reader_(text),
        places_(columns.size()) {}

  std::vector<std::string> header() {
    std::vector<std::string> names;
    if (next()) {
      for (const std::string_view field : fields_) names.emplace_back(trimmed(field));
    }
    return names;
  }

  NumberTable parse() {
    if (next()) read_header();
    while (diagnostics_.size() < kMaxDiagnostics && next()) read_row();
    if (table_.rows.empty() && diagnostics_.empty())
      complain("no measurements (the file has no data rows) add some");
    if (!diagnostics_.empty()) throw InputError(std::move(diagnostics_));
    for (const auto& place : places_) table_.found.push_back(place.has_value());
    return std::move(table_);
  }

 private:
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
      for (std::size_t c = 0; c < columns_.size(); ++c) {
        if (!columns_[c].is_time) {
          if (is_named(columns_[c], name)) found(c, i);
        } else if (const auto unit = time_unit_ms(columns_[c], name)) {
          found(c, i);
          unit_ms_ = *unit;
          if (unit_ms_ == 0) {
            complain(fields_[i].data(), "column " + std::string(name) +
                                            " has no unit (its name must end in _us, _ms, _s or "
                                            "_sec) rename it");
          }
        }
      }
    }
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (columns_[c].required && !places_[c]) {
        complain(reader_.record(), "no column " + std::string(columns_[c].names.front()) +
                                       (columns_[c].is_time ? "_ms" : "") + " (" + kind_ +
                                       ") name it so in the header");
      }
    }
    if (!diagnostics_.empty()) throw InputError(std::move(diagnostics_));
  }

  void found(std::size_t c, std::size_t i) {
    if (places_[c]) {
      complain(fields_[i].data(), "two columns for one quantity (" +
                                      std::string(trimmed(fields_[*places_[c]])) + " and " +
                                      std::string(trimmed(fields_[i])) + ") remove one");
    }
    places_[c] = i;
  }

  void read_row() {
    if (fields_.size() != num_fields_) {
      complain(reader_.record(), "row with " + std::to_string(fields_.size()) +
                                     " fields (the header has " + std::to_string(num_fields_) +
                                     ") complete it or remove it");
      return;
    }
    const std::size_t before = diagnostics_.size();
    std::vector<double> row(columns_.size(), 0.0);
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (!places_[c]) continue;
      row[c] = number(c);
      if (columns_[c].is_time) {
        row[c] *= unit_ms_;
        if (diagnostics_.size() == before && row[c] == 0) {
          complain(fields_[*places_[c]].data(),
                   std::string("invalid ") + columns_[c].what + "=0 (must be above 0)");
        }
      }
    }
    if (diagnostics_.size() == before) table_.rows.push_back(std::move(row));
  }

  double number(std::size_t c) {
    const std::string_view text = trimmed(fields_[*places_[c]]);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
      complain(fields_[*places_[c]].data(), std::string("invalid ") + columns_[c].what + "='" +
                                                std::string(text) + "' (not a number)");
      return columns_[c].min;
    }
    if (value < columns_[c].min) {
      complain(fields_[*places_[c]].data(),
               std::string("invalid ") + columns_[c].what + "=" + std::string(text) +
                   " (must be at least " + std::to_string(static_cast<int>(columns_[c].min)) + ")");
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
  const std::vector<NumberColumn>& columns_;
  std::string kind_;
  CsvReader reader_;
  std::vector<std::optional<std::size_t>> places_;  // [column]
  std::vector<std::string_view> fields_;
  std::size_t num_fields_ = 0;
  double unit_ms_ = 1;
  std::vector<Diagnostic> diagnostics_;
  NumberTable table_;
};

}  // namespace

NumberTable parse_number_table(std::string_view text, const std::string& name,
                               const std::vector<NumberColumn>& columns, const std::string& kind) {
  return NumberTableParser(text, name, columns, kind).parse();
}

std::vector<std::string> header_of(std::string_view text) {
  return NumberTableParser(text, "", {}, "").header();
}

}  // namespace servesweep
