// The roofline model of iterations: the larger bound by hand, and its line against stepping.
#include <cstdint>

#include "sim/latency/iteration/registry.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/continuous_worlds.hpp"

namespace servesweep {
namespace {

constexpr Ticks kUs = kTicksPerNs * 1000;

// Memory: 100 us, 1 us per token of context or prompt; arithmetic: 7 us per token, 2 per pair.
IterationModel by_hand() {
  IterationModel m;
  RooflineIteration::Lowered& roofline = m.choose<RooflineIteration>();
  roofline.memory.base = 100 * kUs;
  roofline.memory.per_prompt_token = roofline.memory.per_context_token = kUs;
  roofline.compute.per_prompt_token = roofline.compute.per_sequence = 7 * kUs;
  roofline.compute.per_prompt_token_pair = roofline.compute.per_context_token = 2 * kUs;
  return m;
}

}  // namespace

TEST_CASE("an iteration takes the larger bound") {
  const IterationModel m = by_hand();
  // 3 decodes with 30 tokens: 130 us of memory, 81 of arithmetic.
  CHECK(m.time({3, 0, 30, 0, 0, 0}) == 130 * kUs);
  // A chunk of 5 tokens after 20: memory 125, arithmetic 35 + 2 * 125.
  CHECK(m.time({0, 1, 0, 5, 20, 125}) == 285 * kUs);
  // A chunk of 1 token after 50: memory 151, arithmetic 7 + 102.
  CHECK(m.time({0, 1, 0, 1, 50, 51}) == 151 * kUs);
  CHECK(IterationModel{}.time({}) == kShortestIteration);
}

TEST_CASE("a roofline's line ends where the other bound overtakes it") {
  const IterationModel m = by_hand();
  // Memory 110 + i, arithmetic 27 + 2 i: equal in the iteration 83, overtaken in the next one.
  const IterationLine memory = m.line(1, 10);
  CHECK(memory.first == 110 * kUs);
  CHECK(memory.step == kUs);
  CHECK(memory.count == 84);
  const IterationLine compute = m.line(1, 10 + 84);
  CHECK(compute.first == (27 + 2 * 84) * kUs);
  CHECK(compute.step == 2 * kUs);
  CHECK(compute.count == INT64_MAX);
}

TEST_CASE("lines equal stepping") {
  std::int64_t overtaken = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    INFO("seed " << seed);
    testing::Dice dice(seed);
    std::vector<testing::RandomTable> no_tables;
    IterationModel m;
    RooflineIteration::Lowered& roofline = m.choose<RooflineIteration>();
    testing::draw_service(dice, no_tables, roofline);
    // No round numbers: what is settled in integers has to be.
    roofline.memory.base += dice.roll(0, 1000);
    roofline.compute.base += dice.roll(0, 1000);
    roofline.compute.per_context_token += dice.roll(0, 3);
    const std::int32_t decodes = dice.roll(1, 300);
    std::int64_t context = decodes * static_cast<std::int64_t>(dice.roll(1, 4000));
    IterationLine line = m.line(decodes, context);
    std::int64_t at = 0;
    bool same = true;
    for (int i = 0; i < 2000; ++i, ++at, context += decodes) {
      if (at == line.count) {
        line = m.line(decodes, context);
        at = 0;
        ++overtaken;
      }
      same = same && line.first + line.step * at == m.time({decodes, 0, context, 0, 0, 0});
    }
    REQUIRE(same);
    // It could not have gone on: the iteration after the line's last is another one.
    if (line.count < 1000 && line.first > kShortestIteration) {
      const std::int64_t begin = context - at * decodes;
      REQUIRE(line.first + line.step * line.count <
              m.time({decodes, 0, begin + line.count * decodes, 0, 0, 0}));
    }
  }
  CHECK(overtaken > 100);
}

TEST_CASE("a lead of any size is counted exactly or from below") {
  IterationModel m;
  for (const std::int64_t lead :
       {std::int64_t{0}, std::int64_t{1}, INT64_C(999'999'999'999'999), INT64_C(1) << 62}) {
    for (const std::int64_t gain : {std::int64_t{1}, std::int64_t{7}, INT64_C(1) << 40}) {
      RooflineIteration::Lowered& roofline = m.choose<RooflineIteration>();
      roofline.memory.base = kUs + lead;
      roofline.compute.base = kUs - gain;
      roofline.compute.per_context_token = gain;
      const std::int64_t count = m.line(1, 1).count;
      const std::int64_t exact = lead / gain + 1;
      CHECK((count == exact || (count > INT64_C(1) << 40 && count < exact)));
    }
  }
}

}  // namespace servesweep
