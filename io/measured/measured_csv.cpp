#include "io/measured/measured_csv.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "host/base/text.hpp"

namespace servesweep {

namespace {
constexpr std::size_t kMaxDiagnostics = 20;
}  // namespace

MeasuredCsv::MeasuredCsv(std::string_view text, std::string name)
    : text_(text), name_(std::move(name)), reader_(text) {
  if (next()) num_fields_ = fields_.size();
}

std::string_view MeasuredCsv::field(std::size_t i) const { return trimmed(fields_[i]); }

bool MeasuredCsv::next_row() {
  while (diagnostics_.size() < kMaxDiagnostics && next()) {
    if (fields_.size() == num_fields_) return true;
    complain_of_row("row with " + std::to_string(fields_.size()) + " fields (the header has " +
                    std::to_string(num_fields_) + ") complete it or remove it");
  }
  return false;
}

// The next record that is neither blank nor a comment; broken records are complained of.
bool MeasuredCsv::next() {
  for (;;) {
    switch (reader_.next(fields_)) {
      case CsvReader::Record::kEnd:
        return false;
      case CsvReader::Record::kBroken:
        complain_at(reader_.where(),
                    std::string("broken row (") + reader_.error() + ") close the quotes");
        break;
      case CsvReader::Record::kFields:
        const bool blank = fields_.size() == 1 && trimmed(fields_[0]).empty();
        if (!blank && fields_[0].substr(0, 1) != "#") return true;
    }
  }
}

double MeasuredCsv::number(std::size_t i, const char* what, double min) {
  const std::string_view text = field(i);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    complain(i, std::string("invalid ") + what + "='" + std::string(text) + "' (not a number)");
    return min;
  }
  if (value < min) {
    complain(i, std::string("invalid ") + what + "=" + std::string(text) + " (must be at least " +
                    std::to_string(static_cast<int>(min)) + ")");
  }
  return value;
}

void MeasuredCsv::complain(const std::string& message) {
  diagnostics_.push_back({name_, 0, 0, message});
}

void MeasuredCsv::complain_of_row(const std::string& message) {
  complain_at(reader_.record(), message);
}

void MeasuredCsv::complain(std::size_t field, const std::string& message) {
  complain_at(fields_[field].data(), message);
}

void MeasuredCsv::check() {
  if (!diagnostics_.empty()) throw InputError(std::move(diagnostics_));
}

void MeasuredCsv::complain_at(const char* where, const std::string& message) {
  const auto line = 1 + std::count(text_.data(), where, '\n');
  const char* start = where;
  while (start != text_.data() && start[-1] != '\n') --start;
  diagnostics_.push_back(
      {name_, static_cast<int>(line), static_cast<int>(where - start) + 1, message});
}

}  // namespace servesweep
