// The table iteration model: values computed by hand, and lines that equal stepping exactly.
#include <vector>

#include "sim/latency/iteration/registry.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/iteration_tables.hpp"

using namespace servesweep;
using testing::Dice;
using testing::RandomTable;

namespace {

// Two values on each axis; tokens cost 10 ns each and 5 before, sequences 3 ns.
struct SmallTable {
  std::vector<double> tokens = {1, 11}, token_ns = {15, 115};
  std::vector<double> sequences = {1, 2}, sequence_ns = {3, 6};
  std::vector<double> axes[4] = {{0, 8}, {0, 100}, {0, 4}, {0, 10, 20}};
  std::vector<double> attention_ns;

  SmallTable() {
    for (const double q : axes[0]) {
      for (const double k : axes[1]) {
        for (const double n : axes[2]) {
          for (const double m : axes[3]) attention_ns.push_back(q * (1 + k) + n * m + q * n);
        }
      }
    }
  }
  TableIteration::Lowered lowered() const {
    TableIteration::Lowered model;
    model.tokens = {tokens.data(), token_ns.data(), 2};
    model.sequences = {sequences.data(), sequence_ns.data(), 2};
    for (int a = 0; a < 4; ++a) {
      model.attention.values[a] = axes[a].data();
      model.attention.counts[a] = static_cast<std::int32_t>(axes[a].size());
    }
    model.attention.time_ns = attention_ns.data();
    return model;
  }
};

IterationShape decodes(std::int32_t n, std::int64_t context_sum) {
  IterationShape shape;
  shape.decodes = n;
  shape.context_sum = context_sum;
  return shape;
}

}  // namespace

TEST_CASE("an iteration's time is that of its layers") {
  const SmallTable small;
  const auto model = small.lowered();
  const auto ns = [&](const IterationShape& shape) {
    return ns_of(TableIteration::time(model, shape));
  };
  // 3 decodes of mean context floor(17 / 3) = 5: (5 + 10 * 3) + 3 * 3 + 3 * 5.
  CHECK(ns(decodes(3, 17)) == 35 + 9 + 15);
  // Beyond all values: 12 decodes of context 30.
  CHECK(ns(decodes(12, 360)) == 125 + 36 + 360);
  IterationShape mixed = decodes(2, 9);  // mean 4
  mixed.chunks = 2;
  mixed.prefill_tokens = 6;
  mixed.prefill_context = 50;
  CHECK(ns(mixed) == 85 + 12 + (6 * 51 + 2 * 4 + 6 * 2));
  mixed.prefill_tokens = 16;  // twice the last value
  CHECK(ns(mixed) == 185 + 12 + (16 * 51 + 2 * 4 + 16 * 2));
  IterationShape prefill;
  prefill.chunks = 1;
  prefill.prefill_tokens = 8;
  CHECK(ns(prefill) == 85 + 3 + 8);
}

TEST_CASE("times do not fall beyond the last values, nor below the shortest iteration") {
  SmallTable small;
  small.attention_ns[2 + 3] = 30;  // 4 decodes: 0, 40, 30 at contexts 0, 10, 20
  const auto model = small.lowered();
  CHECK(small.attention_ns[4] == 40);
  CHECK(ns_of(TableIteration::time(model, decodes(4, 4 * 15))) == 45 + 12 + 35);
  CHECK(ns_of(TableIteration::time(model, decodes(4, 4 * 20))) == 45 + 12 + 30);
  CHECK(ns_of(TableIteration::time(model, decodes(4, 4 * 90))) == 45 + 12 + 30);
  const IterationLine falling = TableIteration::line(model, 4, 4 * 12);
  CHECK(falling.step == -kTicksPerNs);
  CHECK(falling.count == 8);
  const IterationLine level = TableIteration::line(model, 4, 4 * 30);
  CHECK(level.step == 0);
  CHECK(level.count == INT64_MAX);

  small.token_ns = {-1000, -1000};
  CHECK(TableIteration::time(model, decodes(1, 1)) == kShortestIteration);
  CHECK(TableIteration::line(model, 1, 1).first == kShortestIteration);
  CHECK(TableIteration::line(model, 1, 1).count == 1);
  small.token_ns = {1e18, 1e18};
  CHECK(TableIteration::time(model, decodes(1, 0)) == ticks_of(kLongestIteration_ns));
}

TEST_CASE("lines equal stepping, exactly") {
  Dice dice(17);
  int falling = 0, rising = 0, single = 0, beyond = 0;
  for (int i = 0; i < 300; ++i) {
    const RandomTable table(dice);
    IterationModel model;
    model.choose<TableIteration>() = table.lowered();
    for (int j = 0; j < 20; ++j) {
      const std::int32_t n = dice.roll(1, 12);
      std::int64_t sum = std::int64_t{n} * dice.roll(1, 80) + dice.roll(0, n - 1);
      const IterationLine line = model.line(n, sum);
      REQUIRE(line.count >= 1);
      falling += line.step < 0;
      rising += line.step > 0;
      single += line.count == 1;
      beyond += line.count == INT64_MAX;
      Ticks span = 0;
      for (std::int64_t k = 0; k < line.count && k < 100; ++k, sum += n) {
        REQUIRE(model.time(decodes(n, sum)) == line.first + line.step * k);
        REQUIRE(line.first + line.step * k >= kShortestIteration);
        REQUIRE(model.line(n, sum).first == line.first + line.step * k);
        span += line.first + line.step * k;
        REQUIRE(line.span(k + 1) == span);
      }
    }
  }
  CHECK(falling > 500);
  CHECK(rising > 500);
  CHECK(single > 100);
  CHECK(beyond > 100);
}
