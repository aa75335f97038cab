#include "io/measured/number_table.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "io/measured/measured_csv.hpp"

namespace servesweep {
namespace {

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
      : csv_(text, name), columns_(columns), kind_(kind), places_(columns.size()) {}

  NumberTable parse() {
    if (csv_.num_fields() > 0) read_header();
    while (csv_.next_row()) read_row();
    if (table_.rows.empty() && csv_.num_complaints() == 0) {
      csv_.complain("no measurements (the file has no data rows) add some");
    }
    csv_.check();
    for (const auto& place : places_) table_.found.push_back(place.has_value());
    return std::move(table_);
  }

 private:
  void read_header() {
    for (std::size_t i = 0; i < csv_.num_fields(); ++i) {
      const std::string_view name = csv_.field(i);
      for (std::size_t c = 0; c < columns_.size(); ++c) {
        if (!columns_[c].is_time) {
          if (is_named(columns_[c], name)) found(c, i);
        } else if (const auto unit = time_unit_ms(columns_[c], name)) {
          found(c, i);
          unit_ms_ = *unit;
          if (unit_ms_ == 0) {
            csv_.complain(i, "column " + std::string(name) +
                                 " has no unit (its name must end in _us, _ms, _s or _sec) rename "
                                 "it");
          }
        }
      }
    }
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (columns_[c].required && !places_[c]) {
        csv_.complain_of_row("no column " + std::string(columns_[c].names.front()) +
                             (columns_[c].is_time ? "_ms" : "") + " (" + kind_ +
                             ") name it so in the header");
      }
    }
    csv_.check();
  }

  void found(std::size_t c, std::size_t i) {
    if (places_[c]) {
      csv_.complain(i, "two columns for one quantity (" + std::string(csv_.field(*places_[c])) +
                           " and " + std::string(csv_.field(i)) + ") remove one");
    }
    places_[c] = i;
  }

  void read_row() {
    const std::size_t before = csv_.num_complaints();
    std::vector<double> row(columns_.size(), 0.0);
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (!places_[c]) continue;
      row[c] = csv_.number(*places_[c], columns_[c].what, columns_[c].min);
      if (columns_[c].is_time) {
        row[c] *= unit_ms_;
        if (csv_.num_complaints() == before && row[c] == 0) {
          csv_.complain(*places_[c],
                        std::string("invalid ") + columns_[c].what + "=0 (must be above 0)");
        }
      }
    }
    if (csv_.num_complaints() == before) table_.rows.push_back(std::move(row));
  }

  MeasuredCsv csv_;
  const std::vector<NumberColumn>& columns_;
  std::string kind_;
  std::vector<std::optional<std::size_t>> places_;  // [column]
  double unit_ms_ = 1;
  NumberTable table_;
};

}  // namespace

NumberTable parse_number_table(std::string_view text, const std::string& name,
                               const std::vector<NumberColumn>& columns, const std::string& kind) {
  return NumberTableParser(text, name, columns, kind).parse();
}

std::vector<std::string> header_of(std::string_view text) {
  const MeasuredCsv csv(text, "");
  std::vector<std::string> names;
  for (std::size_t i = 0; i < csv.num_fields(); ++i) names.emplace_back(csv.field(i));
  return names;
}

}  // namespace servesweep
