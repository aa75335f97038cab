// Result files as text: every input and metric of every world. Numbers have the shortest digits
// that read back the same, categories their names. Memory does not grow with the number of worlds.
#pragma once

#include <ostream>

#include "io/results/result_reader.hpp"

namespace servesweep {

// RFC 4180 with line feeds; a header of column names; empty where not applicable.
void export_csv(const ResultFile& file, std::ostream& out);

// {"attributes": {...}, "columns": [{"name", "role", "units", "long_name"}, ...],
//  "worlds": [{column: value, ...}, ...]}; null where not applicable or not finite.
void export_json(const ResultFile& file, std::ostream& out);

}  // namespace servesweep
