// Writes workloads as servesweep's own trace format (io/traces/formats/servesweep.hpp): reading the
// file gives the same nanoseconds, tokens and priorities back. Prefix hashes are not written: the
// format has none.
#pragma once

#include <string>

#include "host/workload/workload.hpp"

namespace servesweep {

// The text of the trace: a header line and a line per request. Without
// predicted lengths or priorities if the workload has none.
std::string trace_csv(const Workload& workload);

// Writes it to a file, atomically, compressed if the path ends in ".gz". Equal workloads give equal
// files. Throws IoError.
void write_trace(const std::string& path, const Workload& workload);

}  // namespace servesweep
