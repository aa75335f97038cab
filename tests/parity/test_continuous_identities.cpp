// What must hold in every world of the continuous engine, whatever its parameters: conservation of
// requests, tokens and time, Little's law as an identity of integers, and the bounds of the
// scheduler. Small random worlds, and such with 100,000 requests, which no naive simulator sees.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/continuous_worlds.hpp"

namespace servesweep {
namespace {

using testing::ContinuousCase;
using testing::ContinuousMemory;

constexpr std::uint64_t kLargeWorlds = 24;
#ifdef SERVESWEEP_BRIEF_TESTS
constexpr std::uint64_t kSmallWorlds = 500;
constexpr int kLargeRequests = 10'000;
#else
constexpr std::uint64_t kSmallWorlds = 5000;
constexpr int kLargeRequests = 100'000;
#endif

// Sums over the completed requests and the runs of a world; of a replica, when its last run
// ended.
struct Seen {
  static constexpr bool kSeesSequences = false;
  const ContinuousWorld& w;
  std::vector<Ticks> free_at;  // [replica]
  std::vector<std::int32_t> times_completed;
  Ticks e2e_sum = 0;
  Ticks busy = 0;
  std::int64_t iterations = 0, runs = 0, scheduled_tokens = 0, preemptions = 0;
  std::int64_t outputs = 0;  // tokens that completed requests generated
  bool overlaps = false, over_budget = false, over_slots = false, over_pool = false;
  bool out_of_order = false;

  explicit Seen(const ContinuousWorld& world)
      : w(world),
        free_at(static_cast<std::size_t>(world.num_replicas)),
        times_completed(static_cast<std::size_t>(world.requests.count)) {}

  void request(const CompletedRequest& q) {
    ++times_completed[q.request];
    e2e_sum += q.end - q.arrival;
    outputs += q.output_tokens;
    out_of_order |= q.first_scheduled < q.arrival || q.first_token <= q.first_scheduled ||
                    q.end < q.first_token || q.arrival != ticks_of_ns(w.arrival_ns(q.request));
  }

  void ran(const IterationRun& f) {
    Ticks& free = free_at[static_cast<std::size_t>(f.replica)];
    overlaps |= f.start < free || f.end <= f.start;
    free = f.end;
    busy += f.end - f.start;
    ++runs;
    iterations += f.iterations;
    scheduled_tokens += f.decodes * f.iterations + f.prefill_tokens;
    preemptions += f.preemptions;
    over_slots |= f.decodes + f.chunks > w.max_sequences;
    over_pool |= f.used_blocks > w.num_blocks;
    // A recomputation may be longer than the budget.
    over_budget |= w.chunked_prefill && mixes_decodes(w.mode) &&
                   f.decodes + f.prefill_tokens > w.max_batched_tokens;
    over_budget |= f.decodes > w.max_batched_tokens && mixes_decodes(w.mode);
  }
};

struct Reach {
  std::int64_t worlds = 0, complete = 0, limited = 0, preempting = 0, rejecting = 0, waiting = 0;
  std::int64_t cached = 0, requests = 0;
};

void check_world(const ContinuousCase& random, Reach& reach) {
  const ContinuousWorld w = random.view();
  ContinuousMemory memory(w);
  Seen seen(w);
  run_continuous(OneLane(), w, seen, memory);
  const ContinuousResult& r = *memory.state.result;
  const ReplicaTally& t = r.tally;
  const bool limited = w.time_limit_ns < kClockEnd_ns;
  const bool complete = r.unfinished == 0 && !limited;

  // Requests.
  std::int64_t in_time = 0;
  std::int64_t rejected = 0;
  Ticks unfinished_sum = 0;  // of unfinished requests: from arrival to the time limit
  std::int64_t prompts = 0;
  std::int64_t outputs = 0;
  for (std::int64_t i = 0; i < w.requests.count && w.arrival_ns(i) <= w.time_limit_ns; ++i) {
    ++in_time;
    if (w.rejects(i)) {
      ++rejected;
    } else {
      prompts += w.prompt(i);
      outputs += w.output(i);
      if (seen.times_completed[static_cast<std::size_t>(i)] == 0) {
        unfinished_sum += ticks_of_ns(w.time_limit_ns - w.arrival_ns(i));
      }
    }
  }
  CHECK(r.arrived == in_time);
  CHECK(r.rejected == rejected);
  CHECK(r.arrived == t.completed + r.rejected + r.unfinished);
  const auto once = std::count(seen.times_completed.begin(), seen.times_completed.end(), 1);
  const auto never = std::count(seen.times_completed.begin(), seen.times_completed.end(), 0);
  CHECK(once == t.completed);
  CHECK(once + never == w.requests.count);
  CHECK_FALSE(seen.out_of_order);
  if (!limited) CHECK(r.unfinished == 0);

  // Latencies.
  CHECK(t.e2e_sum == seen.e2e_sum);
  CHECK(t.queue_sum <= t.ttft_sum);
  CHECK(t.ttft_sum <= t.e2e_sum);
  CHECK(r.peaks.queue_ns <= r.peaks.ttft_ns);
  CHECK(r.peaks.ttft_ns <= r.peaks.e2e_ns);
  CHECK(t.within_limits <= t.completed);
  CHECK(static_cast<double>(t.queue_share_sum) * kShareUnit <=
        static_cast<double>(t.completed) * (1 + 1e-9));

  // Little's law, in ticks: a request is in the system from its arrival to its end, or the world's.
  CHECK(t.running_area >= 0);
  CHECK(t.waiting_area >= 0);
  if (!w.batch_timing) CHECK(t.running_area + t.waiting_area == t.e2e_sum + unfinished_sum);
  if (complete && t.preemptions == 0) CHECK(t.waiting_area == t.queue_sum);
  if (complete && t.preemptions > 0) CHECK(t.waiting_area >= t.queue_sum);

  // Time: a replica runs one iteration at a time.
  CHECK_FALSE(seen.overlaps);
  CHECK(t.busy == seen.busy);
  if (complete) CHECK(t.busy <= r.peaks.last_completion * w.num_replicas);
  if (limited) CHECK(t.busy + t.cut <= ticks_of_ns(w.time_limit_ns) * w.num_replicas);
  if (complete) CHECK(t.cut == 0);
  CHECK(t.busy <= t.running_area);
  if (complete) CHECK(t.running_area <= t.busy * w.max_sequences);

  // Iterations and tokens. Computed are prompts but for what was cached, every output token but a
  // prefill's, and again what preempted sequences had computed; a client's batch adds to outputs.
  CHECK(t.iterations == seen.iterations);
  CHECK(t.iteration_runs == seen.runs);
  CHECK(t.scheduled_tokens == seen.scheduled_tokens);
  CHECK(t.output_tokens == seen.outputs);
  if (complete) {
    CHECK(t.preemptions == seen.preemptions);
    CHECK(t.prompt_tokens == prompts);
    if (w.batch_max_tokens) {
      CHECK(t.output_tokens >= outputs);
    } else {
      CHECK(t.output_tokens == outputs);
    }
    const std::int64_t yielded = w.prefill_yields_token ? t.completed : 0;
    CHECK(t.scheduled_tokens ==
          t.prompt_tokens + t.output_tokens - yielded + t.recomputed_tokens - t.cached_tokens);
    CHECK(t.token_gaps == t.output_tokens - yielded);
  }

  // Bounds of the scheduler.
  CHECK_FALSE(seen.over_budget);
  CHECK_FALSE(seen.over_slots);
  CHECK_FALSE(seen.over_pool);
  CHECK(r.peaks.blocks <= w.num_blocks);
  CHECK(r.peaks.running <= w.max_sequences);
  if (!w.prefix_caching) CHECK(t.kv_token_area <= w.num_blocks * w.block_size * (t.busy + t.cut));

  ++reach.worlds;
  reach.complete += complete;
  reach.limited += r.status == WorldStatus::kTimeLimit;
  reach.preempting += complete && t.preemptions > 0;
  reach.rejecting += r.rejected > 0;
  reach.waiting += t.queue_sum > 0;
  reach.cached += complete && t.cached_tokens > 0;
  reach.requests += t.completed;
}

// A random world with many requests and room for them.
ContinuousCase large_world(std::uint64_t seed) {
  ContinuousCase c = testing::random_continuous(seed);
  testing::Dice dice(seed + 1);
  const auto longest =
      static_cast<int>(std::max(1, std::max(*std::max_element(c.prompt.begin(), c.prompt.end()),
                                            *std::max_element(c.output.begin(), c.output.end()))));
  const std::int64_t gap_ns = dice.pick<std::int64_t>({1, 1'000'000, 20'000'000});
  std::int64_t now_ns = 0;
  c.arrival_ns.clear();
  c.prompt.clear();
  c.output.clear();
  c.predicted.clear();
  c.priority.clear();
  c.draws.clear();
  for (int i = 0; i < kLargeRequests; ++i) {
    now_ns += gap_ns * dice.roll(0, 9);
    c.arrival_ns.push_back(now_ns);
    c.prompt.push_back(dice.roll(0, longest));
    c.output.push_back(dice.roll(0, longest));
    c.predicted.push_back(dice.roll(1, longest));
    c.priority.push_back(dice.roll(0, 2));
    c.draws.push_back(static_cast<std::uint64_t>(dice.roll(0, 0x7fffffff)) * 0x1'0000'0003);
  }
  c.world.max_sequences = dice.pick({3, 32, 256, 1000});
  c.world.max_batched_tokens = std::max(c.world.max_batched_tokens, c.world.max_sequences);
  c.world.num_blocks *= dice.pick({1, 2, 60});
  c.world.prefix_caching = false;  // hashes are of the small world's prompts
  c.prefix_begin.clear();
  return c;
}

}  // namespace

TEST_CASE("requests, tokens and time are conserved, and Little's law holds to the tick") {
  Reach reach;
  for (std::uint64_t i = 0; i < kSmallWorlds; ++i) {
    INFO("seed " << 9'000'000 + i);
    check_world(testing::random_continuous(9'000'000 + i), reach);
  }
  const auto worlds = static_cast<std::int64_t>(kSmallWorlds);
  CHECK(reach.complete > worlds / 2);
  CHECK(reach.limited > worlds / 40);
  CHECK(reach.preempting > worlds / 20);
  CHECK(reach.rejecting > worlds / 20);
  CHECK(reach.waiting > worlds / 2);
  CHECK(reach.cached > worlds / 40);
}

TEST_CASE("so they do in worlds of many requests") {
  Reach reach;
  for (std::uint64_t i = 0; i < kLargeWorlds; ++i) {
    INFO("seed " << 9'100'000 + i);
    check_world(large_world(9'100'000 + i), reach);
  }
  CHECK(reach.requests > static_cast<std::int64_t>(kLargeWorlds) * kLargeRequests / 3);
  CHECK(reach.preempting > 0);
}

}  // namespace servesweep
