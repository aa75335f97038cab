// Random draws as a pure function of (seed, replication, stream, counter), so that whatever a world
// is made of, in whatever order and on whatever machine it is built, its requests are the same
// (common random numbers), and the draws of request i never depend on those of request i - 1.
//
// Philox4x32 with 10 rounds (Salmon et al., SC'11) from Random123. Key: the seed. Counter words:
// counter low, counter high, replication, stream | attempt << 16. One block of 128 bits is one
// draw; methods that reject take further attempts of the same counter. Two draws of one stream at
// one counter are *not* independent: take each from a stream of its own.
#pragma once

#include <Random123/philox.h>

#include <array>
#include <cmath>
#include <cstdint>

namespace servesweep {

// What a draw is for. The values are part of every result: append, never renumber.
enum class StreamId : std::uint16_t {
  kArrivals = 0,
  kArrivalPhases = 1,  // bursts, windows: what modulates an arrival process
  kPromptLength = 2,
  kOutputLength = 3,
  kPredictor = 4,
  kService = 5,
  kPriority = 6,
  kRouter = 7,
  kCategory = 8,
};

// The p-quantile of the standard normal distribution, p in (0, 1); relative error about 1e-16.
// Wichura, Algorithm AS 241 (Applied Statistics 37, 1988).
double normal_quantile(double p);
// P(Z <= z), Z standard normal.
double normal_cdf(double z);

class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::uint32_t replication, StreamId stream)
      : key_{{low(seed), high(seed)}},
        replication_(replication),
        stream_(static_cast<std::uint32_t>(stream)) {}

  // [0, 1), a multiple of 2^-53.
  double uniform(std::uint64_t counter, std::uint16_t attempt = 0) const {
    return to_uniform(block(counter, attempt)[0]);
  }
  // Mean 0, variance 1.
  double normal(std::uint64_t counter) const { return to_normal(block(counter, 0)[0]); }
  // Mean 1.
  double exponential(std::uint64_t counter) const { return -std::log1p(-uniform(counter)); }
  // Scale 1, so mean and variance are `shape` (> 0). Marsaglia and Tsang (ACM TOMS 26, 2000).
  double gamma(std::uint64_t counter, double shape) const;

  // The 128 random bits of a draw, as two words (low half first).
  std::array<std::uint64_t, 2> block(std::uint64_t counter, std::uint16_t attempt) const {
    const r123::Philox4x32::ctr_type in = {{low(counter), high(counter), replication_,
                                            stream_ | static_cast<std::uint32_t>(attempt) << 16}};
    const r123::Philox4x32::ctr_type out = r123::Philox4x32()(in, key_);
    return {join(out[0], out[1]), join(out[2], out[3])};
  }

 private:
  static std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
  static std::uint32_t high(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }
  static std::uint64_t join(std::uint32_t lo, std::uint32_t hi) {
    return static_cast<std::uint64_t>(hi) << 32 | lo;
  }
  static double to_uniform(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }
  // Half a step off the ends: the quantile is finite and the distribution symmetric.
  static double to_normal(std::uint64_t bits) {
    return normal_quantile((static_cast<double>(bits >> 12) + 0.5) * 0x1p-52);
  }

  r123::Philox4x32::key_type key_;
  std::uint32_t replication_;
  std::uint32_t stream_;
};

// All streams of one (seed, replication).
struct RandomSource {
  std::uint64_t seed = 0;
  std::uint32_t replication = 0;

  RandomStream stream(StreamId id) const { return RandomStream(seed, replication, id); }
};

}  // namespace servesweep
