// Runs what is missing of a sweep, chunk by chunk, until all is done or a signal asks it to stop.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "host/base/progress.hpp"
#include "host/engines/engine.hpp"
#include "host/results/result.hpp"

namespace servesweep {

double steady_now_s();

struct RunControl {
  Progress* progress = nullptr;
  // Counts the requests of the worlds in these ranges, for the progress.
  std::function<std::int64_t(const std::vector<WorldRange>&)> count_requests;
  // No chunk starts that is expected to end later than this after the start. One chunk always runs,
  // so that runs under a limit come to an end.
  double max_time_s = std::numeric_limits<double>::infinity();
  const std::atomic<bool>* stop = nullptr;  // looked at before each chunk
  std::function<double()> now_s = steady_now_s;
};

enum class RunEnd { kFinished, kStopped, kTimeIsUp };

struct RunOutcome {
  RunEnd end = RunEnd::kFinished;
  std::int64_t worlds_before = 0;  // finished by earlier runs
  std::int64_t worlds_done = 0;    // by this one
  std::int64_t requests_done = 0;
  double seconds = 0;  // without store.finish()
};

// What is missing below num_worlds; `finished` is sorted and disjoint.
std::vector<WorldRange> missing_ranges(const std::vector<WorldRange>& finished,
                                       std::int64_t num_worlds);
std::int64_t count_worlds(const std::vector<WorldRange>& ranges);

// store.finish() is called only if all worlds are there.
RunOutcome run_sweep(EngineRun& run, std::int64_t num_worlds, ResultStore& store,
                     const RunControl& control);

}  // namespace servesweep
