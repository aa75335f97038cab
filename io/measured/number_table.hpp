// Reads a table of measurements: a CSV file with a header, whose columns of numbers are found by
// their names. Other columns are ignored; lines that start with # are comments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace servesweep {

struct NumberColumn {
  std::vector<std::string_view> names;  // the first one is said where it is missing
  const char* what = "";                // its numbers, in messages
  double min = 0;
  bool required = true;
  // A time: names are what comes before _us, _ms, _s or _sec; numbers are above 0, in ms.
  bool is_time = false;
};

struct NumberTable {
  std::vector<bool> found;                // [column]
  std::vector<std::vector<double>> rows;  // [row][column]; 0 for a column that is not there
};

// kind: what the table is and which columns it has, in messages. `name` stands for the file. Throws
// InputError with every bad row (file, line, column).
NumberTable parse_number_table(std::string_view text, const std::string& name,
                               const std::vector<NumberColumn>& columns, const std::string& kind);

// The names of the columns, as they are in the text; none where there is no header.
std::vector<std::string> header_of(std::string_view text);

}  // namespace servesweep
