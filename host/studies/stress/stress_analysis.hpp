// What a stress study found; docs/study_stress.md says how each finding is computed.
#pragma once

#include <vector>

#include "host/results/frame.hpp"
#include "host/studies/finding.hpp"

namespace servesweep {

// In the order in which they are read. Of each step the newest sweep counts; a step that was not
// run is not spoken of. `study`: the worlds of all steps with the columns step, sweep, replication.
FindingRecords stress_findings(const Frame& study);

// The comparison of methods at its largest volume, in the order static, dynamic, multi-bin on one
// GPU, multi-bin as chosen; with real timestamps load scaling is 1.
std::vector<MethodRow> method_rows(const Frame& study);

}  // namespace servesweep
