// What a service model of the continuous engine is: how long a replica takes for one iteration.
#pragma once

#include <type_traits>
#include <utility>

#include "sim/ticks.hpp"

namespace servesweep {

// What runs in one iteration.
struct IterationShape {
  std::int32_t decodes = 0;              // sequences that decode
  std::int32_t chunks = 0;               // sequences that prefill
  std::int64_t context_sum = 0;          // over decodes: tokens computed before, + 1
  std::int64_t prefill_tokens = 0;       // over chunks: q
  std::int64_t prefill_context = 0;      // over chunks: k, computed before
  std::int64_t prefill_pair_tokens = 0;  // over chunks: q * (k + q)
};

// Decode iterations one after the other: the i-th, i < count, takes first + i * step.
struct IterationLine {
  Ticks first = 0;
  Ticks step = 0;
  std::int64_t count = INT64_MAX;

  // Time that the first n take.
  SERVESWEEP_FUNCTION Ticks span(std::int64_t n) const {
    return first * n + step * (n * (n - 1) / 2);
  }
};

constexpr Ticks kShortestIteration = kTicksPerNs;

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
