// What a result file says in a few lines, for the end of a run.
#pragma once

#include <string>

#include "io/results/result_reader.hpp"

namespace servesweep {

// How the worlds ended, what became of the requests, what to be careful about, and the best worlds
// by throughput and by latency.
std::string render_totals(const ResultFile& file);

}  // namespace servesweep
