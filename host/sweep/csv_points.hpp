// The rows of design = "csv" as values of parameters. The header names parameters (keys, columns or
// unique bare names); cells are written as in TOML but without quotes; the elements of integer
// lists are apart by spaces; an empty cell is the parameter's default.
#pragma once

#include <cstddef>
#include <vector>

#include "host/base/error.hpp"
#include "host/parameters/parameter.hpp"
#include "host/parameters/run_spec.hpp"
#include "host/sweep/value_reader.hpp"

namespace servesweep {

struct CsvPoints {
  std::vector<std::size_t> parameters;       // [column]
  std::vector<Diagnostic> places;            // [column], of the name in the header
  std::vector<std::vector<double>> columns;  // [column][row]
};

// Appends to `errors`; what is wrong is left out.
CsvPoints read_csv_points(const PointTable& table, const ParameterSet& parameters,
                          ValueReader& reader, ErrorList& errors);

}  // namespace servesweep
