// What a tuning study found; docs/study_tuning.md says how each finding is computed.
#pragma once

#include <cstdint>
#include <vector>

#include "host/results/frame.hpp"
#include "host/results/study.hpp"
#include "host/studies/finding.hpp"

namespace servesweep {

// In the order in which they are read. Of each step the newest sweep counts; a step that was not
// run is not spoken of. `study`: the worlds of all steps with the columns step, sweep, replication.
FindingRecords tuning_findings(const Frame& study);

// Before and after, for each load: all requests at once first.
std::vector<MethodRow> tuning_methods(const Frame& study);

// What the comparison sets after, from the worlds of queue_time: the smallest max_num_seqs from
// which on nothing changes any more. InputError where no configuration can be chosen.
std::int64_t choose_max_num_seqs(const Frame& queue_time);

// What queue_time_between tries: max_num_seqs between the last of queue_time with a queue share of
// one half or more and the first below, at most 15 of them. None where all are on one side.
std::vector<std::int64_t> limits_around_half(const Frame& queue_time);

}  // namespace servesweep
