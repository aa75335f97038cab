// Builds the requests that a specification stands for.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "host/workload/trace.hpp"
#include "host/workload/workload.hpp"
#include "host/workload/workload_params.hpp"

namespace servesweep {

// Loads a trace, or finds it in a cache; never null. Throws InputError or IoError.
using TraceProvider =
    std::function<std::shared_ptr<const Trace>(const std::string& path, const TraceOptions&)>;

// A pure function of its arguments. Throws InputError where a trace has too few requests or lacks
// the predictions that are asked for. `traces` is not called for a preset.
Workload build_workload(const WorkloadSpec& spec, const TraceProvider& traces, std::uint64_t seed,
                        std::uint32_t replication);

// The s of a world: its arrival times are the workload's, divided by s. Throws InputError where
// an absolute rate is asked of requests that all arrive at the same moment, or arrivals then span
// more than the clock holds exactly.
double load_scaling(const WorkloadSpec& spec, const Workload& workload);

}  // namespace servesweep
