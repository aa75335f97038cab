// The device gives the continuous engine's bits of plain C++ on the host, without Kokkos: with lane
// groups of every width that the device has, whatever runs beside a world, in any order of starts
// and of worlds, in any split into waves; and its replays have the host's runs.
// SERVESWEEP_PARITY_WORLDS sets the number of worlds.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "kernels/continuous_runner.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/uploaded_case.hpp"

namespace servesweep {
namespace {

using testing::ContinuousCase;

#ifdef SERVESWEEP_BRIEF_TESTS
constexpr std::uint64_t kWorlds = 100;
#else
constexpr std::uint64_t kWorlds = 1'000;
#endif
constexpr int kMostRequests = 2'000;

std::vector<ContinuousCase> random_cases() {
  const char* wanted = std::getenv("SERVESWEEP_PARITY_WORLDS");
  const std::uint64_t count = wanted == nullptr ? kWorlds : std::stoull(wanted);
  std::vector<ContinuousCase> cases;
  for (std::uint64_t i = 0; i < count; ++i) {
    cases.push_back(testing::random_continuous(9'000'000 + i, kMostRequests));
  }
  return cases;
}

struct RecordHostFlights {
  static constexpr bool kSeesSequences = false;
  std::vector<IterationRun> runs;
  void ran(const IterationRun& event) { runs.push_back(event); }
  void request(const CompletedRequest&) {}
};

std::string bytes_of(const std::vector<IterationRun>& runs) {
  testing::Bytes bytes;
  for (const IterationRun& f : runs) {
    bytes.add(f.start, f.end, f.iterations, f.context_sum, f.prefill_tokens, f.used_blocks,
              f.replica, f.decodes, f.chunks, f.waiting, f.preemptions);
  }
  return bytes.text;
}

// A world on the host.
struct Expected {
  std::string metrics, details, runs;

  explicit Expected(const ContinuousCase& c) {
    const ContinuousWorld world = c.view();
    testing::ContinuousMemory memory(world);
    RecordHostFlights recorder;
    testing::run_continuous(OneLane(), world, recorder, memory);
    testing::Bytes result;
    add_result(result, *memory.state.result);
    metrics = result.text;
    testing::Bytes all;
    for (std::size_t i = 0; i < memory.counts.size(); ++i) {
      const auto bucket = static_cast<std::int32_t>(i % HistogramLayout::kNumBuckets);
      if (memory.counts[i] > 0) all.add(bucket, memory.counts[i]);
    }
    for (std::int32_t r = 0; r < world.num_replicas; ++r) {
      add_use(all, use_of(memory.state.replicas[r]));
    }
    for (std::int32_t i = 0; i < world.requests.num_classes; ++i) {
      ClassUse use;
      take_class(OneLane(), world, memory.state, i, use);
      add_class(all, use);
    }
    details = all.text;
    runs = bytes_of(recorder.runs);
  }
};

// How many of a wave's worlds are not as expected; ids: [world of the wave].
std::size_t count_different(const std::vector<Expected>& expected,
                            const std::vector<std::size_t>& ids, const ContinuousWaveResult& wave,
                            bool has_details, const std::vector<testing::UploadedCase>& worlds) {
  std::size_t different = 0, entry = 0, replica = 0, of_class = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    testing::Bytes metrics, details;
    add_result(metrics, wave.worlds[i]);
    bool same = metrics.text == expected[ids[i]].metrics;
    if (has_details) {
      for (int kind = 0; kind < kNumLatencyKinds; ++kind) {
        const std::size_t row = i * kNumLatencyKinds + static_cast<std::size_t>(kind);
        for (std::int32_t b = 0; b < wave.num_buckets[row]; ++b, ++entry) {
          details.add(wave.buckets[entry], wave.bucket_counts[entry]);
        }
      }
      for (std::int32_t r = 0; r < worlds[ids[i]].world().num_replicas; ++r) {
        add_use(details, wave.replicas[replica++]);
      }
      for (std::int32_t k = 0; k < worlds[ids[i]].world().requests.num_classes; ++k) {
        add_class(details, wave.classes[of_class++]);
      }
      same = same && details.text == expected[ids[i]].details;
    }
    different += !same;
  }
  return different;
}

std::vector<std::int32_t> shuffled_starts(std::size_t count, std::mt19937_64& random) {
  std::vector<std::int32_t> starts(count);
  std::iota(starts.begin(), starts.end(), 0);
  std::shuffle(starts.begin(), starts.end(), random);
  return starts;
}

}  // namespace

TEST_CASE("a continuous world has the host's bits on the device, whatever runs beside it") {
  const std::vector<ContinuousCase> cases = random_cases();
  const std::vector<Expected> expected(cases.begin(), cases.end());
  std::mt19937_64 random(1);
  std::vector<int> widths = {0};
  for (int lanes = 1; lanes <= most_lanes(); lanes *= 2) widths.push_back(lanes);
  for (const int lanes : widths) {
    ContinuousRunner runner(lanes);
    std::vector<testing::UploadedCase> worlds;
    for (const ContinuousCase& c : cases) worlds.emplace_back(runner, c);
    std::vector<std::size_t> ids(cases.size());
    std::iota(ids.begin(), ids.end(), 0);
    for (const std::size_t wave_size : {ids.size(), std::size_t{37}, std::size_t{1}}) {
      const bool has_details = wave_size != 37;
      std::size_t different = 0;
      for (std::size_t first = 0; first < ids.size(); first += wave_size) {
        const std::vector<std::size_t> here(
            ids.begin() + static_cast<std::ptrdiff_t>(first),
            ids.begin() + static_cast<std::ptrdiff_t>(std::min(first + wave_size, ids.size())));
        std::vector<ContinuousWorld> wave;
        for (const std::size_t id : here) wave.push_back(worlds[id].world());
        different += count_different(
            expected, here, runner.run(wave, shuffled_starts(here.size(), random), {has_details}),
            has_details, worlds);
      }
      INFO("lanes " << lanes << ", waves of " << wave_size);
      CHECK(different == 0);
      std::shuffle(ids.begin(), ids.end(), random);
    }
  }
}

TEST_CASE("a replay of a continuous world on the device has the host's runs") {
  ContinuousRunner runner;
  std::size_t different = 0, runs = 0;
  for (std::uint64_t i = 0; i < 100; ++i) {
    const ContinuousCase c = testing::random_continuous(9'000'000 + i);
    const auto replayed = runner.replay(testing::UploadedCase(runner, c).world());
    different += bytes_of(replayed) != Expected(c).runs;
    runs += replayed.size();
  }
  CHECK(different == 0);
  CHECK(runs > 1000);
}

}  // namespace servesweep
