// Bit operations and conversions against the compiler's own.
#include "sim/core/portability.hpp"
#include "tests/support/catch.hpp"

#include <cmath>
#include <random>

namespace servesweep {
namespace {

TEST_CASE("a 128-bit integer becomes the nearest double, ties to even") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200000; ++i) {
    const auto high = static_cast<unsigned __int128>(random()) << 64;
    // Widths of 1 to 127 bits; in every other value the bits from one place on are zero or ones,
    // so that ties and their neighbours occur.
    auto bits = (high | random()) >> (1 + random() % 127);
    if (i % 2 == 0) {
      const auto low_bits = (static_cast<unsigned __int128>(1) << (random() % 100)) - 1;
      bits = random() % 2 == 0 ? bits & ~low_bits : bits | low_bits;
      bits ^= random() % 2;
    }
    const auto value = static_cast<Int128>(bits);
    REQUIRE(to_double(value) == static_cast<double>(value));
  }
  // Halfway between two doubles: to the even one, unless a last bit decides.
  const Int128 tie = (static_cast<Int128>(1) << 100) + (static_cast<Int128>(1) << 47);
  CHECK(to_double(tie) == std::ldexp(1.0, 100));
  CHECK(to_double(tie + 1) == std::ldexp(1.0, 100) + std::ldexp(1.0, 48));
  CHECK(to_double(0) == 0.0);
}

}  // namespace
}  // namespace servesweep
