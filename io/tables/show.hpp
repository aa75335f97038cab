// A result file as a text table for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/results/result_reader.hpp"

namespace servesweep {

struct ShowOptions {
  std::string sort;  // a column; "": order of worlds
  bool descending = false;
  std::int64_t top = 20;  // rows to print; 0: all
  // Empty: default_columns() and `sort`. "all": all columns, a line each.
  std::vector<std::string> columns;
};

// What the file is and how its worlds ended, in a few lines.
std::string render_summary(const ResultFile& file);
// The inputs and the headline metrics that vary over the file's worlds.
std::vector<std::string> default_columns(const ResultFile& file);
// Aligned columns with their units, or all columns as lines. InputError for unknown columns.
std::string render_table(const ResultFile& file, const ShowOptions& options);

// Worlds that did not run to their end.
std::int64_t unfinished_worlds(const ResultFile& file);
// A line for each count that should be zero and is not: there a world stretches its model.
std::vector<std::string> cautions(const ResultFile& file);

// Says that times of iterations are a roofline's estimates, where they are; else "".
std::string estimate_note(const ResultFile& file);

}  // namespace servesweep
