#include "host/cli/support/sweep_run.hpp"

#include <csignal>
#include <iostream>

#include "host/base/interrupt.hpp"
#include "host/base/progress.hpp"
#include "host/base/units.hpp"
#include "host/run/request_count.hpp"

namespace servesweep {
namespace {

std::string worlds_text(std::int64_t done, std::int64_t all) {
  return format_count(done) + " of " + format_count(all, "world") + " are done";
}

}  // namespace

SweepRunEnd run_to_file(const LoadedSweep& loaded, const std::string& output, Provenance provenance,
                        const SweepRun& options) {
  const Sweep& sweep = loaded.sweep;
  SweepInputs inputs(sweep, options.limits.max_memory_bytes);
  provenance.traces = inputs.checksums();
  const ResultSchema schema = loaded.engine->schema(sweep);
  Hdf5ResultStore store(output, schema, sweep, std::move(provenance), options.on_existing);
  print_warnings(store.warnings());
  if (store.already_complete()) return {true, {}};
  const std::int64_t done = count_worlds(store.finished());
  if (done > 0 && !options.quiet) {
    std::cerr << "resuming: " << worlds_text(done, sweep.num_worlds()) << std::endl;
  }

  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away must not end a long run
  WorkloadSource workloads(sweep, inputs.files(), options.workloads);
  const auto engine_run = loaded.engine->start(sweep, workloads, options.limits);
  Progress progress(progress_style(options.quiet), std::cerr);
  RunControl control;
  control.progress = &progress;
  control.count_requests = [&](const std::vector<WorldRange>& ranges) {
    return count_requests(sweep, workloads, ranges);
  };
  control.max_time_s = options.max_time_s;
  control.stop = &stop_on_signals();
  SweepRunEnd end;
  end.outcome = run_sweep(*engine_run, sweep.num_worlds(), store, control);
  if (end.outcome.end != RunEnd::kFinished) {
    std::cerr << (end.outcome.end == RunEnd::kStopped ? "interrupted: " : "--max-time is up: ")
              << worlds_text(end.outcome.worlds_before + end.outcome.worlds_done,
                             sweep.num_worlds())
              << "; the same command goes on from there" << std::endl;
  }
  return end;
}

}  // namespace servesweep
