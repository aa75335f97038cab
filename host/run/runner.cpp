#include "host/run/runner.hpp"

#include <chrono>
#include <future>
#include <utility>

#include "kernels/device/profile.hpp"

namespace servesweep {
namespace {

void begin_progress(const RunControl& control, const std::vector<WorldRange>& missing,
                    std::int64_t num_worlds) {
  if (control.progress == nullptr) return;
  const ProfileRegion region("servesweep::count_requests");
  ProgressState state;
  state.worlds = num_worlds;
  state.worlds_before = num_worlds - count_worlds(missing);
  if (control.count_requests) {
    state.requests = control.count_requests({{0, num_worlds}});
    state.requests_before = state.requests - control.count_requests(missing);
  }
  control.progress->begin(state);
}

}  // namespace

double steady_now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::vector<WorldRange> missing_ranges(const std::vector<WorldRange>& finished,
                                       std::int64_t num_worlds) {
  std::vector<WorldRange> missing;
  std::int64_t end = 0;
  for (const WorldRange& range : finished) {
    if (range.first > end) missing.emplace_back(end, range.first);
    end = range.second;
  }
  if (end < num_worlds) missing.emplace_back(end, num_worlds);
  return missing;
}

std::int64_t count_worlds(const std::vector<WorldRange>& ranges) {
  std::int64_t count = 0;
  for (const WorldRange& range : ranges) count += range.second - range.first;
  return count;
}

RunOutcome run_sweep(EngineRun& run, std::int64_t num_worlds, ResultStore& store,
                     const RunControl& control) {
  const double start_s = control.now_s();
  const std::vector<WorldRange> missing = missing_ranges(store.finished(), num_worlds);
  RunOutcome outcome;
  outcome.worlds_before = num_worlds - count_worlds(missing);
  begin_progress(control, missing, num_worlds);

  // A chunk is saved while the next one runs.
  std::future<void> saving;
  const auto saved = [&saving] {
    const ProfileRegion region("servesweep::wait_for_save");
    if (saving.valid()) saving.get();
  };
  const auto run_chunk = [&](std::int64_t first, std::int64_t end) {
    if (control.stop != nullptr && control.stop->load()) {
      outcome.end = RunEnd::kStopped;
      return first;
    }
    const ChunkPlan plan = run.plan(first, end);
    if (outcome.requests_done > 0) {
      const double elapsed_s = control.now_s() - start_s;
      const double s_per_request = elapsed_s / static_cast<double>(outcome.requests_done);
      if (elapsed_s + s_per_request * static_cast<double>(plan.requests) > control.max_time_s) {
        outcome.end = RunEnd::kTimeIsUp;
        return first;
      }
    }
    PendingChunk chunk = run.start(plan);
    saved();
    saving = std::async(std::launch::async,
                        [&store, chunk = std::move(chunk)] { store.append(chunk()); });
    const std::int64_t worlds = plan.worlds.second - plan.worlds.first;
    outcome.worlds_done += worlds;
    outcome.requests_done += plan.requests;
    profile_count(ProfileCount::kWorlds, worlds);
    profile_count(ProfileCount::kRequests, plan.requests);
    outcome.seconds = control.now_s() - start_s;
    if (control.progress != nullptr) {
      control.progress->add(worlds, plan.requests, outcome.seconds);
    }
    return plan.worlds.second;
  };
  for (const WorldRange& range : missing) {
    std::int64_t first = range.first;
    while (first < range.second && outcome.end == RunEnd::kFinished) {
      first = run_chunk(first, range.second);
    }
  }
  saved();
  if (control.progress != nullptr) control.progress->end();
  if (outcome.end == RunEnd::kFinished) store.finish();
  return outcome;
}

}  // namespace servesweep
