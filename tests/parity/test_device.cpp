// The device gives the bits of the same engine in plain C++ on the host, without Kokkos: binning
// and worlds, with lane groups of every width that the device has, with and without exact
// percentiles, and replays. SERVESWEEP_PARITY_WORLDS sets the number of worlds.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/host_world.hpp"
#include "tests/support/wave_outcomes.hpp"

namespace servesweep {
namespace {

#ifdef SERVESWEEP_BRIEF_TESTS
constexpr std::uint64_t kWorlds = 100;
#else
constexpr std::uint64_t kWorlds = 1'000;
#endif
constexpr std::uint64_t kWave = 500;
constexpr int kMostRequests = 2'000;

std::uint64_t num_worlds() {
  const char* wanted = std::getenv("SERVESWEEP_PARITY_WORLDS");
  return wanted == nullptr ? kWorlds : std::stoull(wanted);
}

// Every tenth has more bins, GPUs and requests in a batch than any group has lanes.
std::vector<testing::RandomWorld> random_worlds(std::uint64_t first, std::uint64_t end) {
  std::vector<testing::RandomWorld> worlds;
  for (std::uint64_t i = first; i < end; ++i) {
    const std::uint64_t seed = 5'000'000 + i;
    worlds.push_back(i % 10 == 9 ? testing::wide_world(seed)
                                 : testing::random_world(seed, kMostRequests));
  }
  return worlds;
}

// A world on the host.
struct Expected {
  std::string metrics, exact_metrics, details;
  std::string batches;  // in the order of their starts

  explicit Expected(const testing::RandomWorld& random) {
    const testing::HostWorld on_host(random);
    const BatchWorld& world = on_host.world;
    testing::WorldMemory memory(world);
    testing::run_world(OneLane(), world, true, memory);
    BatchResult& result = *memory.state.result;
    metrics = bytes_of(result);
    result.exact_quantiles = 1;
    for (int q = 0; q < testing::kExactQuantities; ++q) {
      std::int64_t* values = memory.exact.data() + q * world.workload.num_requests;
      std::sort(values, values + result.completed);
      if (result.completed > 0) {
        BatchTraits::set_exact_quantiles(0, q, values, result.completed, result);
      }
    }
    exact_metrics = bytes_of(result);

    testing::Bytes all;
    for (std::int32_t b = 0; b < HistogramLayout::kNumBuckets; ++b) {
      const std::uint32_t count = memory.counts[static_cast<std::size_t>(b)];  // of latencies
      if (count > 0) all.add(b, count);
    }
    for (std::int32_t g = 0; g < world.num_gpus; ++g) {
      all.add(GpuUse{memory.state.gpus[g].busy_ns, memory.state.gpus[g].batches});
    }
    for (std::int32_t k = 0; k < world.workload.num_bins; ++k) all.add(memory.state.bins[k]);
    details = all.text;

    memory.events.resize(static_cast<std::size_t>(memory.num_events[0]));
    batches = bytes_of_all(memory.events);
  }

  static std::string bytes_of(const BatchResult& result) {
    testing::Bytes bytes;
    bytes.add(result);
    return bytes.text;
  }
  static std::string bytes_of_all(const std::vector<BatchEvent>& events) {
    testing::Bytes bytes;
    for (const BatchEvent& event : events) bytes.add(event);
    return bytes.text;
  }
};

std::vector<Expected> expected_of(const std::vector<testing::RandomWorld>& worlds) {
  return {worlds.begin(), worlds.end()};
}

// 0: chosen by the runner.
std::vector<int> lane_widths() {
  std::vector<int> widths = {0};
  for (int lanes = 1; lanes <= most_lanes(); lanes *= 2) widths.push_back(lanes);
  return widths;
}

}  // namespace

TEST_CASE("the device gives the host's bits, with lane groups of every width") {
  const std::uint64_t end = num_worlds();
  REQUIRE(end > 0);
  for (std::uint64_t first = 0; first < end; first += kWave) {
    const auto worlds = random_worlds(first, std::min(first + kWave, end));
    const auto expected = expected_of(worlds);
    for (const int lanes : lane_widths()) {
      testing::PreparedWorlds on_device(testing::cases_of(worlds), lanes);
      for (const bool exact : {false, true}) {
        WaveOptions options;
        options.save_details = true;
        options.exact_percentiles = exact;
        const auto outcomes = testing::outcomes_of(on_device.run(options), on_device.worlds);
        std::uint64_t different = 0, first_different = 0;
        for (std::size_t i = worlds.size(); i-- > 0;) {
          const std::string& metrics = exact ? expected[i].exact_metrics : expected[i].metrics;
          if (outcomes[i].metrics == metrics && outcomes[i].details == expected[i].details)
            continue;
          ++different;
          first_different = first + i;
        }
        INFO("lanes " << lanes << ", exact percentiles " << exact << ": of worlds " << first
                      << " and following, " << different << " differ, the first is world "
                      << first_different);
        CHECK(different == 0);
      }
    }
  }
}

TEST_CASE("a replay on the device has the host's batches") {
  const auto worlds = random_worlds(0, 100);
  const auto expected = expected_of(worlds);
  const testing::PreparedWorlds on_device(testing::cases_of(worlds));
  std::uint64_t different = 0;
  for (std::size_t i = 0; i < worlds.size(); ++i) {
    const auto batches = on_device.runner.replay(on_device.worlds[i]);
    different += Expected::bytes_of_all(batches) != expected[i].batches;
  }
  CHECK(different == 0);
}

}  // namespace servesweep
