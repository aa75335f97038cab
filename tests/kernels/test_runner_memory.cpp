// Waves within a limit of memory: the runner never holds more, whatever came before, and results
// are those of a runner without a limit.
#include <algorithm>
#include <deque>
#include <numeric>
#include <random>
#include <vector>

#include "kernels/continuous_runner.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/random_worlds.hpp"
#include "tests/support/result_bytes.hpp"
#include "tests/support/uploaded_case.hpp"

namespace servesweep {
namespace {

struct Wave {
  std::deque<testing::RandomWorld> random;
  std::deque<RequestSet> sets;
  std::vector<BinningSpec> specs;  // [world]
  std::vector<BatchWorld> worlds;
  std::vector<std::int32_t> order;
  WaveShape<BatchTraits> shape;
  WaveMemory needs;

  Wave(std::uint64_t seed, int count, int most_requests) {
    for (int i = 0; i < count; ++i) {
      const auto& world = random.emplace_back(
          testing::random_world(seed * 1000 + static_cast<std::uint64_t>(i), most_requests));
      const RequestSet& set = sets.emplace_back(columns_of(world.workload));
      const testing::WorldCase with = world.as_case();
      worlds.push_back(lower(world.params));
      specs.push_back(binning_of(world.params, worlds.back(), set,
                                 load_scaling(world.params.workload, world.workload),
                                 with.draws != nullptr ? with.draws->data() : nullptr));
      worlds.back().workload.num_requests = set.columns.count;
      worlds.back().workload.num_bins = world.params.num_bins();
      shape.add(worlds.back());
    }
    order.resize(worlds.size());
    std::iota(order.begin(), order.end(), 0);
  }

  void plan(const BatchRunner& runner, const WaveOptions& options, std::size_t limit_bytes) {
    needs = runner.plan(shape, options, limit_bytes);
    for (const BinningSpec& spec : specs) {
      needs.workloads += BatchRunner::workload_bytes(spec);
      needs.preparation = std::max(needs.preparation, BatchRunner::preparation_bytes(spec));
    }
  }
  void bin(BatchRunner& runner) {
    const std::vector<BinnedWorkload> binned = runner.bin(specs);
    for (std::size_t i = 0; i < worlds.size(); ++i) worlds[i].workload = binned[i];
  }
};

std::string latencies_of(const BatchWaveResult& wave) {
  testing::Bytes bytes;
  for (const BatchResult& r : wave.worlds) {
    bytes.add(r.completed, r.batches, r.latency_sum_ns, r.latency_quantiles_ns);
  }
  for (const std::int32_t count : wave.bucket_counts) bytes.add(count);
  return bytes.text;
}

}  // namespace

TEST_CASE("a runner holds no more than its limit") {
  start_device();
  WaveOptions options;
  options.save_details = true;
  options.exact_percentiles = GENERATE(false, true);
  std::mt19937_64 random(7);
  BatchRunner limited;
  BatchRunner unlimited;
  PendingWave<BatchTraits> last;  // still being copied when the next one is reserved
  std::string last_expected;
  int tight = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Wave wave(seed, 1 + static_cast<int>(random() % 12), seed % 7 == 0 ? 20'000 : 500);
    wave.plan(unlimited, options, SIZE_MAX);
    // From just what this wave needs to three times that.
    const std::size_t limit = wave.needs.total() + random() % 3 * wave.needs.total();
    wave.plan(limited, options, limit);
    REQUIRE(wave.needs.total() <= limit);
    if (limited.held_bytes() + wave.needs.total() > limit && last != nullptr) {  // may have to wait
      CHECK(latencies_of(last()) == last_expected);
      last = nullptr;
      ++tight;
    }
    limited.reserve(wave.needs, wave.needs.workloads, limit);
    CHECK(limited.held_bytes() <= limit);
    wave.bin(limited);
    auto running = limited.start(wave.worlds, wave.order, options);
    CHECK(limited.held_bytes() <= limit);
    if (last != nullptr) CHECK(latencies_of(last()) == last_expected);
    last = std::move(running);

    wave.plan(unlimited, options, SIZE_MAX);
    unlimited.reserve(wave.needs, wave.needs.workloads, SIZE_MAX);
    wave.bin(unlimited);
    last_expected = latencies_of(unlimited.start(wave.worlds, wave.order, options)());
  }
  CHECK(latencies_of(last()) == last_expected);
  CHECK(tight > 5);
}

TEST_CASE("memory that cannot be had is a device error, after which a runner goes on") {
  start_device();
  ContinuousRunner runner;
  const testing::ContinuousCase c = testing::random_continuous(1);
  const testing::UploadedCase uploaded(runner, c);
  const ContinuousResult before = runner.run({uploaded.world()}, {0}, {}).worlds.front();
  for (std::size_t WaveMemory::*part :
       {&WaveMemory::arrays, &WaveMemory::histograms, &WaveMemory::states, &WaveMemory::workloads,
        &WaveMemory::preparation}) {
    WaveMemory needs;
    needs.*part = std::size_t{1} << 60;
    CHECK_THROWS_AS(runner.reserve(needs, needs.workloads, SIZE_MAX), DeviceError);
    const ContinuousResult after = runner.run({uploaded.world()}, {0}, {}).worlds.front();
    CHECK(after.tally.e2e_sum == before.tally.e2e_sum);
  }
}

TEST_CASE("a runner of continuous worlds holds no more than its limit") {
  start_device();
  std::mt19937_64 random(8);
  ContinuousRunner limited;
  ContinuousRunner unlimited;
  int tight = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    std::deque<testing::ContinuousCase> cases;
    std::deque<testing::UploadedCase> uploaded;
    std::vector<ContinuousWorld> worlds;
    WaveShape<ContinuousTraits> shape;
    const std::uint64_t count = 1 + random() % 12;
    for (std::uint64_t i = 0; i < count; ++i) {
      cases.push_back(testing::random_continuous(seed * 1000 + i, seed % 7 == 0 ? 3'000 : 300));
      worlds.push_back(uploaded.emplace_back(unlimited, cases.back()).world());
      shape.add(worlds.back());
    }
    std::vector<std::int32_t> order(worlds.size());
    std::iota(order.begin(), order.end(), 0);
    const bool details = seed % 2 == 0;
    const std::size_t least = unlimited.plan(shape, {details}, SIZE_MAX).total();
    const std::size_t limit = least + random() % 3 * least;
    const WaveMemory needs = limited.plan(shape, {details}, limit);
    REQUIRE(needs.total() <= limit);
    tight += limited.held_bytes() + needs.total() > limit;
    limited.reserve(needs, 0, limit);
    CHECK(limited.held_bytes() <= limit);
    const ContinuousWaveResult found = limited.start(worlds, order, {details})();
    CHECK(limited.held_bytes() <= limit);
    const ContinuousWaveResult expected = unlimited.run(worlds, order, {details});
    testing::Bytes found_bytes, expected_bytes;
    for (std::size_t i = 0; i < worlds.size(); ++i) {
      add_result(found_bytes, found.worlds[i]);
      add_result(expected_bytes, expected.worlds[i]);
    }
    CHECK(found_bytes.text == expected_bytes.text);
    CHECK(found.bucket_counts == expected.bucket_counts);
  }
  CHECK(tight > 5);
}

}  // namespace servesweep
