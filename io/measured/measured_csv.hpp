// A CSV file of measurements in memory: a header, then rows of as many fields; lines that start
// with # are comments. Collects what is wrong with it, each with its place.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/error.hpp"
#include "io/files/csv.hpp"

namespace servesweep {

class MeasuredCsv {
 public:
  // Reads the header. `name` stands for the file in messages.
  MeasuredCsv(std::string_view text, std::string name);

  // The header, then after next_row() a row's fields, trimmed.
  std::string_view field(std::size_t i) const;
  std::size_t num_fields() const { return num_fields_; }

  // The next row that has as many fields as the header; false at the end, or after too many
  // complaints.
  bool next_row();
  // The number in a row's field; complains and returns min where it is no number from min on.
  double number(std::size_t i, const char* what, double min);

  void complain(const std::string& message);         // of the file
  void complain_of_row(const std::string& message);  // or header
  void complain(std::size_t field, const std::string& message);
  std::size_t num_complaints() const { return diagnostics_.size(); }
  // Throws InputError with all complaints, if any.
  void check();

 private:
  bool next();
  void complain_at(const char* where, const std::string& message);

  std::string_view text_;
  std::string name_;
  CsvReader reader_;
  std::vector<std::string_view> fields_;
  std::size_t num_fields_ = 0;
  std::vector<Diagnostic> diagnostics_;
};

}  // namespace servesweep
