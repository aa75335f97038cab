// What a service model of the continuous engine is: how long a replica takes for one iteration.
#pragma once

#include <type_traits>
#include <utility>

#include "sim/core/ticks.hpp"

namespace servesweep {

// What runs in one iteration.
struct IterationShape {
  std::int32_t decodes = 0;              // sequences that decode
  std::int32_t chunks = 0;               // sequences that prefill
  std::int64_t context_sum = 0;          // over decodes: tokens computed before, + 1
  std::int64_t prefill_tokens = 0;       // over chunks: q
  std::int64_t prefill_context = 0;      // over chunks: k, computed before
  std::int64_t prefill_pair_tokens = 0;  // over chunks: q * (k + q)

  // k tokens of the sequence have been computed before, q are prefilled.
  SERVESWEEP_FUNCTION void add_chunk(std::int64_t k, std::int64_t q) {
    ++chunks;
    prefill_tokens += q;
    prefill_context += k;
    prefill_pair_tokens += q * (k + q);
  }
};

// Decode iterations one after the other: the i-th, i < count, takes first + i * step > 0.
struct IterationLine {
  Ticks first = 0;
  Ticks step = 0;
  std::int64_t count = INT64_MAX;

  // Time of the i-th.
  SERVESWEEP_FUNCTION Ticks at(std::int64_t i) const { return first + step * i; }
  // Time that the first n take.
  SERVESWEEP_FUNCTION Ticks span(std::int64_t n) const {
    return first * n + step * (n * (n - 1) / 2);
  }

  // How many of the first `most` it takes until `time` is reached, at least 1; `most` if they end
  // before. Estimated in floating point, settled in integers.
  SERVESWEEP_FUNCTION std::int64_t reach(Ticks time, std::int64_t most) const {
    if (time <= first) return 1;
    // n * (first - step / 2) + n * n * step / 2 = time, from where step is 0 on by Newton's method.
    const double wanted = ns_of(time);
    const double slope = step < 0 ? -ns_of(-step) : ns_of(step);
    const double one = ns_of(first);
    const double linear = one - 0.5 * slope;
    double estimate = wanted / one;
    double correction = step == 0 ? 0.0 : 2.0;
    for (int i = 0; i < 64 && (correction > 0.5 || correction < -0.5); ++i) {
      const double excess = estimate * (linear + 0.5 * slope * estimate) - wanted;
      correction = excess / (linear + slope * estimate);
      estimate -= correction;
    }
    auto n = static_cast<std::int64_t>(clamp_to(estimate, 1.0, static_cast<double>(most)));
    while (n < most && span(n) < time) ++n;
    while (n > 1 && span(n - 1) >= time) --n;
    return n;
  }

  // The sum over i < n of (tokens + growth * i) * (time of the i-th); `taken` is span(n).
  SERVESWEEP_FUNCTION Ticks token_area(std::int64_t tokens, std::int64_t growth, std::int64_t n,
                                       Ticks taken) const {
    const std::int64_t pairs = n * (n - 1) / 2;
    return tokens * taken + growth * (first * pairs + step * sum_of_squares(n));
  }

 private:
  // 0 + 1 + 4 + ... + (n - 1)^2, without a division of 128 bits.
  SERVESWEEP_FUNCTION static Ticks sum_of_squares(std::int64_t n) {
    std::int64_t pairs = n * (n - 1) / 2;
    std::int64_t odd = 2 * n - 1;
    if (n < 1 << 20) return static_cast<std::int64_t>(static_cast<std::uint64_t>(pairs * odd) / 3);
    (pairs % 3 == 0 ? pairs : odd) /= 3;
    return Ticks{pairs} * odd;
  }
};

constexpr Ticks kShortestIteration = kTicksPerNs;
// What keeps the clock in range whatever coefficients and tables say: 11 days.
constexpr double kLongestIteration_ns = 1e15;

// What is asked of a model beside its times; a model overrides what it answers otherwise.
struct IterationDefaults {
  static constexpr bool kReadsProfile =
      false;                                  // of measured kernel times, which lowering leaves out
  static constexpr bool kIsEstimate = false;  // from published facts, not from measurements
};

template <class Model, class = void>
constexpr bool kIsIterationModel = false;
template <class Model>
constexpr bool kIsIterationModel<
    Model, std::void_t<decltype(Model::kName),
                       decltype(Model::time(std::declval<const typename Model::Lowered&>(),
                                            std::declval<const IterationShape&>())),
                       decltype(Model::line(std::declval<const typename Model::Lowered&>(),
                                            std::int32_t{1}, std::int64_t{1}))>> =
    std::is_same_v<Ticks, decltype(Model::time(std::declval<const typename Model::Lowered&>(),
                                               std::declval<const IterationShape&>()))>&&
        std::is_same_v<IterationLine,
                       decltype(Model::line(std::declval<const typename Model::Lowered&>(),
                                            std::int32_t{1}, std::int64_t{1}))>;

}  // namespace servesweep
