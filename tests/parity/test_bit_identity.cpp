// A world's result is the same to the bit whatever runs beside it, before it or after it: alone, in
// one wave, in any order of starts and of worlds, in any split into waves, with and without
// details; and on every backend.
#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "host/base/sha256.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/random_worlds.hpp"
#include "tests/support/wave_outcomes.hpp"

namespace servesweep {
namespace {

using testing::Outcome;
using testing::outcomes_of;

constexpr std::size_t kWorlds = 400;
constexpr int kMostRequests = 20'000;

class Waves {
 public:
  explicit Waves(const std::vector<testing::RandomWorld>& worlds)
      : prepared_(testing::cases_of(worlds)) {}

  // Runs the worlds `ids` as one wave; start_order indexes ids.
  std::vector<Outcome> run(const std::vector<std::size_t>& ids,
                           const std::vector<std::int32_t>& start_order,
                           const WaveOptions& options) {
    std::vector<BatchWorld> worlds;
    for (const std::size_t id : ids) worlds.push_back(prepared_.worlds[id]);
    return outcomes_of(prepared_.runner.run(worlds, start_order, options), worlds);
  }

 private:
  testing::PreparedWorlds prepared_;
};

template <class T>
std::vector<T> count_up(std::size_t count) {
  std::vector<T> values(count);
  std::iota(values.begin(), values.end(), T{0});
  return values;
}

std::vector<testing::RandomWorld> random_worlds() {
  std::vector<testing::RandomWorld> worlds;
  for (std::uint64_t seed = 0; seed < kWorlds; ++seed) {
    worlds.push_back(testing::random_world(1'000'000 + seed, kMostRequests));
  }
  return worlds;
}

}  // namespace

TEST_CASE("a world's result does not depend on its company") {
  const auto worlds = random_worlds();
  Waves waves(worlds);
  const auto ids = count_up<std::size_t>(kWorlds);
  const auto in_order = count_up<std::int32_t>(kWorlds);
  WaveOptions options;
  options.save_details = true;
  options.exact_percentiles = GENERATE(false, true);
  INFO("exact percentiles " << options.exact_percentiles);

  std::vector<Outcome> alone;
  for (const std::size_t id : ids) alone.push_back(waves.run({id}, {0}, options).front());
  const auto check = [&](const std::vector<std::size_t>& which,
                         const std::vector<Outcome>& outcomes, bool has_details = true) {
    REQUIRE(outcomes.size() == which.size());
    std::size_t different = 0;
    for (std::size_t i = 0; i < which.size(); ++i) {
      different += outcomes[i].metrics != alone[which[i]].metrics;
      if (has_details) different += outcomes[i].details != alone[which[i]].details;
    }
    CHECK(different == 0);
  };

  SECTION("one wave") { check(ids, waves.run(ids, in_order, options)); }

  SECTION("without details") {
    WaveOptions plain = options;
    plain.save_details = false;
    check(ids, waves.run(ids, in_order, plain), false);
  }

  SECTION("starts in any order") {
    std::mt19937 random(1);
    for (int i = 0; i < 5; ++i) {
      auto start_order = in_order;
      std::shuffle(start_order.begin(), start_order.end(), random);
      check(ids, waves.run(ids, start_order, options));
    }
  }

  SECTION("worlds in reverse") {
    auto reversed = ids;
    std::reverse(reversed.begin(), reversed.end());
    check(reversed, waves.run(reversed, in_order, options));
  }

  SECTION("random waves of random worlds") {
    std::mt19937 random(2);
    auto shuffled = ids;
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    for (std::size_t first = 0; first < kWorlds;) {
      const std::size_t size = std::min<std::size_t>(1 + random() % 90, kWorlds - first);
      const std::vector<std::size_t> wave(
          shuffled.begin() + static_cast<std::ptrdiff_t>(first),
          shuffled.begin() + static_cast<std::ptrdiff_t>(first + size));
      check(wave, waves.run(wave, count_up<std::int32_t>(size), options));
      first += size;
    }
  }

  SECTION("twice the same") {
    auto twice = ids;
    twice.insert(twice.end(), ids.begin(), ids.end());
    check(twice, waves.run(twice, count_up<std::int32_t>(twice.size()), options));
  }
}

// Made by this test in a build with Kokkos' Serial backend. A change of the model, of
// random_world() or of Outcome changes it: then copy the new digest, from such a build.
TEST_CASE("every backend gives the results of the Serial one") {
  const auto worlds = random_worlds();
  WaveOptions options;
  options.save_details = true;
  std::string all;
  for (const Outcome& outcome : Waves(worlds).run(count_up<std::size_t>(kWorlds),
                                                  count_up<std::int32_t>(kWorlds), options)) {
    all += outcome.metrics + outcome.details;
  }
  CHECK(sha256_hex(all) == "b42d9b5b3435e839704ca42774998201f2030ceadf911ddadf62adfaae8de99f");
}

}  // namespace servesweep
