// Text tables for people.
#pragma once

#include <string>
#include <vector>

#include "host/results/frame.hpp"

namespace servesweep {

struct TableColumn {
  std::vector<std::string> cells;  // from top to bottom
  bool right = false;              // numbers are right-aligned, words left
};

// The table as lines. Columns end on the same line.
std::string aligned(std::vector<TableColumn> columns);

// A long name as lines, broken behind its underscores: columns no wider than their values.
std::vector<std::string> header_lines(const std::string& name);

// A text of column_texts(): 17 digits are for machines. Inputs have the digits that they were
// given, as far as people write any; metrics four. "-" for "".
std::string readable(const ResultColumn& column, const std::string& text);
std::string four_digits(double value);

}  // namespace servesweep
