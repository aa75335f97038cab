// What the commands that run sweeps share: a sweep to its result file, resumed where it stopped.
#pragma once

#include <limits>
#include <string>

#include "host/base/provenance.hpp"
#include "host/cli/support/sweep_options.hpp"
#include "host/run/runner.hpp"
#include "io/results/result_store.hpp"

namespace servesweep {

struct SweepRun {
  RunLimits limits;
  OnExisting on_existing = OnExisting::kResume;
  double max_time_s = std::numeric_limits<double>::infinity();
  bool quiet = false;                  // no progress
  WorkloadCache* workloads = nullptr;  // shared with other sweeps
};

struct SweepRunEnd {
  bool already_complete = false;  // nothing was left to run
  RunOutcome outcome;
};

// Prints warnings, progress and, where it stopped early, that on stderr. `provenance` gets the
// checksums of the sweep's files.
SweepRunEnd run_to_file(const LoadedSweep& loaded, const std::string& output, Provenance provenance,
                        const SweepRun& options);

}  // namespace servesweep
