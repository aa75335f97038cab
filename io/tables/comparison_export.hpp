// A comparison of two result files as CSV or JSON: every pair, every metric, every point without a
// partner. docs/compare.md says what the columns and keys are.
#pragma once

#include <ostream>

#include "io/tables/comparison_table.hpp"

namespace servesweep {

// RFC 4180 with line feeds; a row for each metric of each pair and for each point without a
// partner; empty where not available.
void export_comparison_csv(const Comparison& comparison, const ComparedSide& a,
                           const ComparedSide& b, std::ostream& out);

// null where not available.
void export_comparison_json(const Comparison& comparison, const ComparedSide& a,
                            const ComparedSide& b, std::ostream& out);

}  // namespace servesweep
