#include "sim/core/ticks.hpp"
#include "tests/support/catch.hpp"

using namespace servesweep;

TEST_CASE("ticks of a time are the nearest, of negative ones too") {
  const double tick = kNsPerTick;
  CHECK(ticks_of(0.0) == 0);
  CHECK(ticks_of(3.0) == 3 * kTicksPerNs);
  CHECK(ticks_of(-3.0) == -3 * kTicksPerNs);
  CHECK(ticks_of(0.49 * tick) == 0);
  CHECK(ticks_of(0.5 * tick) == 1);
  CHECK(ticks_of(-0.5 * tick) == 0);
  CHECK(ticks_of(-0.51 * tick) == -1);
  CHECK(ticks_of(-0.25) == -kTicksPerNs / 4);
  CHECK(ticks_of(5e8 + 0.25) == 500'000'000 * kTicksPerNs + kTicksPerNs / 4);
  CHECK(ticks_of(1e15) == 1'000'000'000'000'000 * kTicksPerNs);
}

TEST_CASE("ticks of a coefficient are known to the last one") {
  // 0.1406092387012896 ms as a double is 140609.2387012896 ns; times 2^40, to the nearest integer.
  CHECK(ticks_of(140609.2387012896) == Ticks{154601492924799072});
}
