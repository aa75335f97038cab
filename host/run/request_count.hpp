// How many requests the worlds of a sweep have, without building their workloads.
#pragma once

#include <cstdint>
#include <vector>

#include "host/engines/workload_source.hpp"
#include "host/results/result.hpp"
#include "host/sweep/sweep.hpp"

namespace servesweep {

// Summed over all worlds of the ranges; 0 where the engine has no workload parameters.
std::int64_t count_requests(const Sweep& sweep, WorkloadSource& workloads,
                            const std::vector<WorldRange>& ranges);

}  // namespace servesweep
