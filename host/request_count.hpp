// How many requests the worlds of a sweep have, without building their workloads.
#pragma once

#include <cstdint>
#include <vector>

#include "host/result.hpp"
#include "host/sweep.hpp"
#include "host/workload_source.hpp"

namespace servesweep {

// Summed over all worlds of the ranges.
std::int64_t count_requests(const Sweep& sweep, WorkloadSource& workloads,
                            const std::vector<WorldRange>& ranges);

}  // namespace servesweep
