// A replica driven by its ports alone: what goes in leaves once, blocks are given back, and an
// owner that could use the ports but does not sees the same replica.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/continuous_worlds.hpp"

namespace servesweep {
namespace {

using testing::ContinuousCase;
using testing::ContinuousMemory;
using testing::Dice;

// Remembers what came out of the replicas.
struct Owner {
  static constexpr bool kSeesSequences = false;
  static constexpr bool kUsesPorts = true;

  bool takes_prefills = false;  // of replica 0
  std::map<std::uint32_t, Ticks> completed;
  std::vector<KvSequence> prefilled_ones;
  std::vector<std::uint32_t> evictions;
  std::int64_t iterations = 0;

  void ran(const IterationRun& run) { iterations += run.iterations; }
  void request(const CompletedRequest& request) {
    REQUIRE(completed.emplace(request.request, request.end).second);
  }
  bool prefilled(std::int32_t replica, const KvSequence& sequence, Ticks /*time*/) {
    if (takes_prefills && replica == 0) prefilled_ones.push_back(sequence);
    return takes_prefills && replica == 0;
  }
  void evicted(std::int32_t /*replica*/, std::uint32_t request, Ticks /*time*/) {
    evictions.push_back(request);
  }
};

// Replicas of a world, and one owner of all.
class Driver {
 public:
  using Engine = ReplicaEngine<OneLane, Owner>;

  explicit Driver(const ContinuousWorld& world)
      : w_(world), memory_(w_), histograms_(memory_.histograms.data()) {
    for (std::int32_t r = 0; r < w_.num_replicas; ++r) {
      Engine::reset(w_, memory_.state, r);
      engines_.push_back(
          std::make_unique<Engine>(lanes_, w_, memory_.state, histograms_, owner, r));
    }
  }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  Engine& operator[](std::int32_t r) { return *engines_[static_cast<std::size_t>(r)]; }
  const Replica& replica(std::int32_t r = 0) const { return memory_.state.replicas[r]; }
  const ContinuousWorld& world() const { return w_; }

  void advance(std::int64_t until_ns) {
    for (auto& engine : engines_) engine->advance(until_ns, kNeverTicks);
  }
  // Requests that are in a replica.
  std::int64_t inside(std::int32_t r = 0) const {
    std::int64_t ended = 0;
    for (std::int32_t slot = replica(r).ended; slot != kNoSlot;
         slot = memory_.state.of(r, w_).sequences[slot].next) {
      ++ended;
    }
    return ended + replica(r).num_running + replica(r).num_waiting;
  }
  void check_empty(std::int32_t r = 0) const {
    CHECK(inside(r) == 0);
    CHECK(replica(r).used_blocks == 0);
    CHECK(replica(r).num_decoding == 0);
    CHECK(replica(r).context_sum == 0);
    CHECK(replica(r).activity == Activity::kIdle);
    std::int32_t free = 0;
    const Sequence* slots = memory_.state.of(r, w_).sequences;
    for (std::int32_t slot = replica(r).free_slot; slot != kNoSlot; slot = slots[slot].next) {
      ++free;
    }
    CHECK(free == w_.num_slots());
  }

  Owner owner;

 private:
  ContinuousWorld w_;
  OneLane lanes_;
  ContinuousMemory memory_;
  LatencyHistograms histograms_;
  std::vector<std::unique_ptr<Engine>> engines_;
};

// `count` requests of 8 + 5 tokens; an iteration takes 1 ms, a block has 4 tokens.
ContinuousCase small_case(int count, std::int64_t num_blocks = 100, std::int32_t slots = 8) {
  ContinuousCase c;
  for (int i = 0; i < count; ++i) {
    c.arrival_ns.push_back(0);
    c.prompt.push_back(8);
    c.output.push_back(5);
    c.predicted.push_back(5);
    c.draws.push_back(0);
  }
  c.world.block_size = 4;
  c.world.num_blocks = num_blocks;
  c.world.max_sequences = slots;
  c.world.num_replicas = 2;
  c.world.groups[0].end_replica = 2;
  c.world.groups[0].service.as<AffineIteration>().regimes[0].base = ticks_of_ns(1'000'000);
  return c;
}

constexpr std::int64_t kMs = 1'000'000;

std::string outcome(const ContinuousWorld& world, bool with_ports) {
  ContinuousMemory memory(world);
  if (with_ports) {
    Owner owner;
    testing::run_continuous(OneLane(), world, owner, memory);
  } else {
    NoServedObserver unobserved;
    testing::run_continuous(OneLane(), world, unobserved, memory);
  }
  return testing::outcome_of(world, memory);
}

}  // namespace

TEST_CASE("an owner that uses no port sees the same replicas") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    INFO("seed " << seed);
    const ContinuousCase c = testing::random_continuous(seed, 60);
    const bool same = outcome(c.view(), false) == outcome(c.view(), true);
    REQUIRE(same);
  }
}

TEST_CASE(
    "a cancelled request leaves: at once where it waits, else with the end of the iteration") {
  const ContinuousCase c = small_case(3, 100, 2);
  Driver d(c.view());
  for (std::uint32_t i = 0; i < 3; ++i) d[0].arrive(i, 0);
  d.advance(kMs + 1);  // the prefill of two has ended, the third waits for a slot
  REQUIRE(d.replica().num_running == 2);
  REQUIRE(d.replica().num_waiting == 1);
  CHECK_FALSE(d[0].cancel(7, ticks_of_ns(kMs + 1)));
  CHECK(d[0].cancel(2, ticks_of_ns(kMs + 1)));
  CHECK(d.inside() == 2);

  CHECK(d[0].cancel(0, ticks_of_ns(kMs + 1)));
  CHECK(d.inside() == 2);
  d.advance(2 * kMs + 1);
  CHECK(d.inside() == 1);
  CHECK(d.replica().used_blocks == 3);  // of the other: 8 + 2 tokens
  d.advance(kNever);
  CHECK(d.owner.completed.size() == 1);
  CHECK(d.owner.completed.at(1) == ticks_of_ns(5 * kMs));
  d.check_empty();
}

TEST_CASE("a request that is cancelled in its last iteration has ended") {
  const ContinuousCase c = small_case(1);
  Driver d(c.view());
  d[0].arrive(0, 0);
  d.advance(4 * kMs + 1);
  CHECK(d[0].cancel(0, ticks_of_ns(4 * kMs + 1)));
  d.advance(kNever);
  CHECK(d.owner.completed.size() == 1);
  d.check_empty();
}

TEST_CASE("a preempted request can be cancelled") {
  const ContinuousCase c = small_case(2, 5);  // each needs 3 blocks in the end
  Driver d(c.view());
  d[0].arrive(0, 0);
  d[0].arrive(1, 0);
  d.advance(kMs + 1);
  REQUIRE(d.replica().num_running == 1);
  REQUIRE(d.owner.evictions == std::vector<std::uint32_t>{1});
  CHECK(d[0].cancel(1, ticks_of_ns(kMs + 1)));
  CHECK(d.inside() == 1);
  d.advance(kNever);
  CHECK(d.owner.completed.size() == 1);
  d.check_empty();
}

TEST_CASE("a sequence that comes with its KV decodes from the next iteration on") {
  const ContinuousCase c = small_case(2);
  Driver d(c.view());
  const KvSequence sequence{0, 1, 0, ticks_of_ns(10), ticks_of_ns(10)};
  REQUIRE(d[0].receive(sequence, ticks_of_ns(500)));
  CHECK(d.replica().used_blocks == 2);  // 8 tokens
  CHECK(d.inside() == 1);
  d.advance(501);
  CHECK(d.replica().num_decoding == 1);
  d.advance(kNever);
  CHECK(d.owner.completed.at(0) == ticks_of_ns(500 + 4 * kMs));
  CHECK(d.owner.iterations == 4);
  d.check_empty();

  SECTION("while an iteration runs it waits for its end") {
    d[1].arrive(0, 0);
    d.advance(kMs / 2);
    REQUIRE(d[1].receive({1, 1, 0, 0, 0}, ticks_of_ns(kMs / 2)));
    CHECK(d.replica(1).num_running == 1);
    d.advance(kMs + 1);
    CHECK(d.replica(1).num_running == 2);
    CHECK(d.replica(1).num_decoding == 2);
    CHECK(d[1].cancel(1, ticks_of_ns(kMs + 1)));
    d.owner.completed.clear();
    d.advance(kNever);
    CHECK(d.owner.completed.size() == 1);
    d.check_empty(1);
  }
  SECTION("it can be cancelled before it runs") {
    d[1].arrive(0, 0);
    d.advance(kMs / 2);
    REQUIRE(d[1].receive({1, 1, 0, 0, 0}, ticks_of_ns(kMs / 2)));
    CHECK(d[1].cancel(1, ticks_of_ns(kMs / 2)));
    CHECK(d.inside(1) == 1);
    d.owner.completed.clear();
    d.advance(kNever);
    d.check_empty(1);
  }
}

TEST_CASE("a sequence with its KV stays outside where it lacks a slot or blocks") {
  SECTION("slots") {
    const ContinuousCase c = small_case(2, 100, 1);
    Driver d(c.view());
    d[0].arrive(0, 0);
    d.advance(kMs);
    CHECK_FALSE(d[0].receive({1, 1, 0, 0, 0}, ticks_of_ns(kMs)));
    d.advance(kNever);
    CHECK(d[0].receive({1, 1, 0, 0, 0}, ticks_of_ns(9 * kMs)));
    d.advance(kNever);
    d.check_empty();
  }
  SECTION("blocks, also those that the decode run in progress has taken") {
    ContinuousCase c = small_case(2, 5);
    c.output[0] = 9;
    for (const bool async : {false, true}) {
      c.world.async_scheduling = async;
      for (const std::int64_t time_ns : {5 * kMs + 1, 4 * kMs + 1, 2 * kMs + 1}) {
        INFO("async " << async << ", at " << time_ns);
        Driver d(c.view());
        d[0].arrive(0, 0);
        d.advance(time_ns);  // its decodes take a third block, and a fourth from 5 ms on
        const std::int64_t counts_ns = time_ns + (async ? kMs : 0);
        CHECK(d[0].receive({1, 1, 0, 0, 0}, ticks_of_ns(time_ns)) == (counts_ns < 5 * kMs));
        d.advance(kNever);
        d.check_empty();
      }
    }
  }
}

TEST_CASE("a stopped replica finishes what runs and admits nothing until it is started") {
  for (const std::int32_t mode : {0, 1, 2}) {
    INFO("mode " << mode);
    ContinuousCase c = small_case(2);
    c.world.mode = static_cast<SchedulingMode>(mode);
    c.world.client_batch = 1;
    Driver d(c.view());
    d[0].arrive(0, 0);
    d.advance(kMs + 1);
    d[0].stop();
    d[0].arrive(1, kMs + 1);
    d.advance(kNever);
    CHECK(d.owner.completed.size() == 1);
    CHECK(d.inside() == 1);
    CHECK(d.replica().activity == Activity::kIdle);
    CHECK(d.replica().used_blocks == 0);
    d[0].start(ticks_of_ns(20 * kMs));
    d.advance(kNever);
    CHECK(d.owner.completed.at(1) == ticks_of_ns(25 * kMs));
    d.check_empty();
  }
}

TEST_CASE("waiting requests are taken back in the order of the queue") {
  ContinuousCase c = small_case(4, 100, 1);
  c.prompt = {8, 8, 6, 7};
  c.world.policy = QueuePolicies::code_of<ShortestPromptPolicy>();
  Driver d(c.view());
  d[0].arrive(0, 0);
  d.advance(1);
  for (std::uint32_t i = 1; i < 4; ++i) d[0].arrive(i, 1);
  std::vector<std::uint32_t> back;
  d[0].take_back(ticks_of_ns(2), [&](std::uint32_t request) { back.push_back(request); });
  CHECK(back == std::vector<std::uint32_t>{2, 3, 1});
  CHECK(d.inside() == 1);
  d.advance(kNever);
  CHECK(d.owner.completed.size() == 1);
  d.check_empty();
}

TEST_CASE("a failed replica gives back all it had, and is empty and stopped") {
  const ContinuousCase c = small_case(4, 100, 2);
  Driver d(c.view());
  for (std::uint32_t i = 0; i < 3; ++i) d[0].arrive(i, 0);
  d.advance(3 * kMs);  // the iteration that ends then is lost
  std::map<std::uint32_t, std::int32_t> lost;
  d[0].fail(ticks_of_ns(3 * kMs),
            [&](const UnfinishedRequest& request) { lost[request.request] = request.generated; });
  CHECK(lost == std::map<std::uint32_t, std::int32_t>{{0, 2}, {1, 2}, {2, 0}});
  d.check_empty();
  CHECK(d.owner.iterations == 2);
  CHECK(d.replica().tally.running_area == ticks_of_ns(2 * 3 * kMs));
  CHECK(d.replica().tally.waiting_area == ticks_of_ns(3 * kMs));
  d[0].arrive(3, 4 * kMs);
  d.advance(kNever);
  CHECK(d.owner.completed.empty());
  d[0].start(ticks_of_ns(7 * kMs));
  d.advance(kNever);
  CHECK(d.owner.completed.at(3) == ticks_of_ns(12 * kMs));
  d.check_empty();
}

TEST_CASE("one replica prefills, another decodes") {
  const ContinuousCase c = small_case(6, 9);
  Driver d(c.view());
  d.owner.takes_prefills = true;
  for (std::uint32_t i = 0; i < 6; ++i) d[0].arrive(i, 0);
  std::size_t received = 0;
  for (std::int64_t now_ns = 0; now_ns < 100 * kMs; now_ns += kMs / 4) {
    d.advance(now_ns);
    while (received < d.owner.prefilled_ones.size() &&
           d[1].receive(d.owner.prefilled_ones[received], ticks_of_ns(now_ns))) {
      ++received;
    }
  }
  CHECK(received == 6);
  CHECK(d.owner.completed.size() == 6);
  CHECK(d.replica(0).tally.completed == 0);
  CHECK(d.replica(0).tally.token_gaps == 0);
  CHECK(d.replica(1).tally.completed == 6);
  CHECK(d.replica(1).tally.token_gaps == 6 * 4);
  d.check_empty(0);
  d.check_empty(1);
}

TEST_CASE("whatever the ports do, each request leaves once and all blocks are free in the end") {
  std::map<std::string, std::int64_t> reach;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    INFO("seed " << seed);
    ContinuousCase c = testing::random_continuous(seed, 100);
    c.world.time_limit_ns = kNever;
    const ContinuousWorld world = c.view();
    Driver d(world);
    Dice dice(seed + 1'000'000);
    const std::int64_t span_ns = world.arrival_ns(world.requests.count - 1) + kMs;
    std::int64_t in = 0, out = 0, now_ns = 0;
    std::vector<std::uint32_t> cancelled;
    std::vector<KvSequence> outside;  // have left with their KV
    std::int64_t next = 0;
    const auto check = [&] {
      const auto left = static_cast<std::int64_t>(d.owner.completed.size()) + out;
      REQUIRE(in - left - d.inside() >= 0);
      REQUIRE(in - left - d.inside() <= static_cast<std::int64_t>(cancelled.size()));
      REQUIRE(d.replica().used_blocks >= 0);
      REQUIRE(d.replica().used_blocks <= world.num_blocks);
    };
    // Hand-overs of the replica are counted as they happen.
    const auto count_prefills = [&] {
      for (const KvSequence& sequence : d.owner.prefilled_ones) outside.push_back(sequence), ++out;
      d.owner.prefilled_ones.clear();
    };
    while (next < world.requests.count || now_ns < span_ns) {
      now_ns += dice.roll(0, 9) * (span_ns / 200 + 1);
      d.advance(now_ns);
      count_prefills();
      const Ticks now = ticks_of_ns(now_ns);
      d.owner.takes_prefills = dice.chance(20);
      switch (dice.roll(0, 9)) {
        case 0: {
          const auto request = static_cast<std::uint32_t>(dice.roll(0, static_cast<int>(next)));
          if (request < world.requests.count && d[0].cancel(request, now)) {
            cancelled.push_back(request);
            ++reach["cancelled"];
          }
          break;
        }
        case 1:
          d[0].stop();
          break;
        case 2:
          if (!dice.chance(20)) break;
          d[0].fail(now, [&](const UnfinishedRequest&) { ++out, ++reach["lost"]; });
          cancelled.clear();  // whichever had not left yet is lost
          in = out + static_cast<std::int64_t>(d.owner.completed.size());
          REQUIRE(d.replica().used_blocks == 0);
          break;
        case 3:
          if (!dice.chance(20)) break;
          d[0].take_back(now, [&](std::uint32_t) { ++out, ++reach["taken back"]; });
          break;
        case 4:
          if (outside.empty() || sends_batches(world.mode)) break;
          if (d[0].receive(outside.back(), now)) {
            outside.pop_back();
            ++in;
            ++reach["received"];
          } else {
            ++reach["refused"];
          }
          break;
        default:
          d[0].start(now);
      }
      check();
      for (; next < world.requests.count && world.arrival_ns(next) <= now_ns; ++next) {
        if (world.rejects(next)) continue;
        d[0].arrive(static_cast<std::uint32_t>(next), now_ns);
        ++in;
      }
    }
    d[0].start(ticks_of_ns(now_ns));
    d.advance(kNever);
    count_prefills();
    check();
    d.check_empty();
    reach["completed"] += static_cast<std::int64_t>(d.owner.completed.size());
    reach["handed over"] += static_cast<std::int64_t>(outside.size());
    reach["evicted"] += static_cast<std::int64_t>(d.owner.evictions.size());
  }
  for (const char* what : {"cancelled", "lost", "taken back", "received", "refused", "completed",
                           "handed over", "evicted"}) {
    INFO(what);
    CHECK(reach[what] > 50);
  }
}

}  // namespace servesweep
