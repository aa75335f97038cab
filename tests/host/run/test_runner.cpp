#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "host/base/progress.hpp"
#include "host/run/runner.hpp"
#include "kernels/device/device.hpp"
#include "tests/support/catch.hpp"

using namespace servesweep;

namespace {

constexpr std::int64_t kChunkWorlds = 10;
constexpr std::int64_t kRequestsPerWorld = 100;

// Chunks of up to 10 worlds that take 1 s each by a clock of its own.
struct FakeRun : EngineRun {
  double now_s = 1000;
  std::vector<WorldRange> ran;
  std::function<void()> while_running = [] {};
  std::int64_t device_fails_at = -1;  // the first world of the chunk whose results never come

  ChunkPlan plan(std::int64_t first, std::int64_t end) override {
    ChunkPlan plan;
    plan.worlds = {first, std::min(end, first + kChunkWorlds)};
    plan.requests = (plan.worlds.second - first) * kRequestsPerWorld;
    return plan;
  }
  PendingChunk start(const ChunkPlan& plan) override {
    now_s += 1;
    while_running();
    ran.push_back(plan.worlds);
    if (plan.worlds.first == device_fails_at) {
      return []() -> ResultChunk { throw DeviceError("the device is gone"); };
    }
    ResultChunk chunk;
    chunk.first_world = plan.worlds.first;
    chunk.num_worlds = plan.worlds.second - plan.worlds.first;
    return [chunk] { return chunk; };
  }
  void replay(std::int64_t, std::ostream&) override {}
};

struct FakeStore : ResultStore {
  std::vector<WorldRange> before;
  std::vector<WorldRange> appended;
  int finishes = 0;

  std::vector<WorldRange> finished() const override { return before; }
  std::int64_t fails_at = -1;  // the first world of the chunk that cannot be saved

  void append(const ResultChunk& chunk) override {
    if (chunk.first_world == fails_at) throw std::runtime_error("the disk is full");
    appended.emplace_back(chunk.first_world, chunk.first_world + chunk.num_worlds);
  }
  void finish() override { ++finishes; }
};

struct Fixture {
  FakeRun run;
  FakeStore store;
  RunControl control;
  Fixture() {
    control.now_s = [this] { return run.now_s; };
  }
  RunOutcome go(std::int64_t num_worlds) { return run_sweep(run, num_worlds, store, control); }
};

using Ranges = std::vector<WorldRange>;

}  // namespace

TEST_CASE("missing ranges are the complement of the finished ones") {
  CHECK(missing_ranges({}, 5) == Ranges{{0, 5}});
  CHECK(missing_ranges({{0, 5}}, 5).empty());
  CHECK(missing_ranges({{0, 2}, {3, 4}}, 5) == Ranges{{2, 3}, {4, 5}});
  CHECK(missing_ranges({{1, 5}}, 5) == Ranges{{0, 1}});
  CHECK(missing_ranges({{0, 2}, {2, 5}}, 5).empty());
  CHECK(count_worlds({{2, 3}, {4, 9}}) == 6);
}

TEST_CASE("a run computes what is missing and then finishes the store") {
  Fixture f;
  f.store.before = {{0, 5}, {20, 33}};
  const RunOutcome outcome = f.go(40);
  CHECK(f.run.ran == Ranges{{5, 15}, {15, 20}, {33, 40}});
  CHECK(f.store.appended == f.run.ran);
  CHECK(f.store.finishes == 1);
  CHECK(outcome.end == RunEnd::kFinished);
  CHECK(outcome.worlds_before == 18);
  CHECK(outcome.worlds_done == 22);
  CHECK(outcome.requests_done == 2200);
  CHECK(outcome.seconds == 3);
}

TEST_CASE("nothing missing: the store is finished all the same") {
  Fixture f;
  f.store.before = {{0, 40}};
  CHECK(f.go(40).end == RunEnd::kFinished);
  CHECK(f.run.ran.empty());
  CHECK(f.store.finishes == 1);
}

TEST_CASE("a wish to stop keeps the running chunk and ends before the next") {
  Fixture f;
  std::atomic<bool> stop{false};
  f.control.stop = &stop;
  f.run.while_running = [&] { stop = f.run.now_s >= 1002; };
  const RunOutcome outcome = f.go(100);
  CHECK(outcome.end == RunEnd::kStopped);
  CHECK(f.store.appended == Ranges{{0, 10}, {10, 20}});
  CHECK(f.store.finishes == 0);

  SECTION("also between ranges") {
    Fixture g;
    g.control.stop = &stop;
    g.store.before = {{5, 10}};
    CHECK(g.go(20).end == RunEnd::kStopped);
    CHECK(g.run.ran.empty());
  }
}

TEST_CASE("a wish to stop during the last chunk comes too late") {
  Fixture f;
  std::atomic<bool> stop{false};
  f.control.stop = &stop;
  f.run.while_running = [&] { stop = true; };
  CHECK(f.go(10).end == RunEnd::kFinished);
  CHECK(f.store.finishes == 1);
}

TEST_CASE("no chunk starts that is expected to pass the time limit") {
  Fixture f;
  f.control.max_time_s = 2.5;  // a third chunk would end after 3 s
  const RunOutcome outcome = f.go(100);
  CHECK(outcome.end == RunEnd::kTimeIsUp);
  CHECK(outcome.worlds_done == 20);
  CHECK(f.store.finishes == 0);

  SECTION("but a small one that fits does") {
    Fixture g;
    g.control.max_time_s = 2.5;
    CHECK(g.go(25).end == RunEnd::kFinished);
  }
  SECTION("and one chunk always, so that repeated runs come to an end") {
    Fixture g;
    g.control.max_time_s = 0;
    CHECK(g.go(100).worlds_done == kChunkWorlds);
  }
}

TEST_CASE("an engine's error passes through, finished chunks are kept") {
  Fixture f;
  std::ostringstream out;
  Progress progress(ProgressStyle::kLines, out);
  f.control.progress = &progress;
  f.run.while_running = [&] {
    if (f.run.now_s >= 1002) throw std::runtime_error("broken");
  };
  CHECK_THROWS_WITH(f.go(100), "broken");
  CHECK(f.store.appended == Ranges{{0, 10}});
  CHECK(f.store.finishes == 0);
}

// What is saved while the next chunk runs is waited for before another one is saved, and in the
// end.
TEST_CASE("a store that fails ends the run: earlier chunks are kept, no later one is saved") {
  Fixture f;
  SECTION("at a chunk in the middle") {
    f.store.fails_at = 10;
    CHECK_THROWS_WITH(f.go(50), "the disk is full");
    CHECK(f.run.ran == Ranges{{0, 10}, {10, 20}, {20, 30}});
  }
  SECTION("at the last chunk") {
    f.store.fails_at = 10;
    CHECK_THROWS_WITH(f.go(20), "the disk is full");
  }
  CHECK(f.store.appended == Ranges{{0, 10}});
  CHECK(f.store.finishes == 0);
}

TEST_CASE("a device that fails after the start of a chunk ends the run as a failing store does") {
  Fixture f;
  SECTION("in the middle") {
    f.run.device_fails_at = 10;
    CHECK_THROWS_AS(f.go(50), DeviceError);
  }
  SECTION("at the last chunk") {
    f.run.device_fails_at = 10;
    CHECK_THROWS_AS(f.go(20), DeviceError);
  }
  CHECK(f.store.appended == Ranges{{0, 10}});
  CHECK(f.store.finishes == 0);
}

TEST_CASE("a clock that stands still or goes back stops no run") {
  Fixture f;
  f.control.max_time_s = 2.5;
  double now_s = 1000;
  f.control.now_s = [&now_s] { return now_s; };
  SECTION("stands still") {}
  SECTION("goes back") {
    f.run.while_running = [&now_s] { now_s -= 500; };
  }
  CHECK(f.go(100).end == RunEnd::kFinished);
  CHECK(f.store.finishes == 1);
}

TEST_CASE("progress says what is done, how fast, and what is left") {
  ProgressState s;
  s.worlds = 5000;
  s.worlds_before = 1000;
  s.requests = 10'000'000;
  s.requests_before = 1'000'000;
  CHECK(progress_text(s) == "1,000/5,000 worlds, 0 s");
  s.worlds_done = 200;
  s.requests_done = 3'000'000;
  s.done_s = 2;
  s.now_s = 3;  // 6 million are left, at 1.5 million a second, one second of which has passed
  CHECK(s.remaining_s() == Approx(3));
  CHECK(progress_text(s) == "1,200/5,000 worlds, 100 worlds/s, 1.5 million requests/s, 3 s left");
  const std::string bar = progress_bar(s, 100);
  CHECK(bar.size() == 100);
  const auto full = std::count(bar.begin(), bar.end(), '#');
  const auto rest = std::count(bar.begin(), bar.end(), '.') - 1;  // of "1.5"
  CHECK(static_cast<double>(full) / static_cast<double>(full + rest) == Approx(0.4).margin(0.04));
  CHECK(progress_bar(s, 30) == progress_text(s).substr(0, 30));
}

TEST_CASE("a bar is cleared at the end, and nothing is drawn without a style") {
  std::ostringstream bar, none;
  {
    Progress progress(ProgressStyle::kBar, bar);
    progress.begin({});
    Progress quiet(ProgressStyle::kNone, none);
    quiet.begin({});
    quiet.add(1, 1, 1);
  }
  CHECK(bar.str().ends_with("\r\x1b[K"));
  CHECK(none.str().empty());
}
