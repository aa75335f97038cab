// What a service model is: how long a GPU takes for a batch that runs to completion.
#pragma once

#include <type_traits>
#include <utility>

#include "sim/core/portability.hpp"

namespace servesweep {

// What a service model may know of a batch.
struct BatchShape {
  std::int32_t size = 1;            // requests, >= 1
  std::int32_t longest_tokens = 0;  // largest prompt + output
  std::int32_t longest_output = 0;  // largest output
  double largest_draw = 0.0;  // largest of the requests' service draws, where the model has them
};

struct ServiceTime {
  double total_ms = 0.0;      // start to end of the batch
  double prefill_ms = 0.0;    // start to first token
  double decode_ms = 0.0;     // one decode step: what the token SLA limits
  bool extrapolated = false;  // outside what was measured
};

// Which draws a model needs for every request.
enum class ServiceDraw : std::int32_t { kNone, kExponential, kUniform };

// What is asked of a model beside its time; a model overrides what it answers otherwise.
struct ServiceDefaults {
  static constexpr ServiceDraw kDraws = ServiceDraw::kNone;
  static constexpr bool kReadsGrid = false;  // a file of measured times, which lowering leaves out
};

template <class Model, class = void>
constexpr bool kIsServiceModel = false;
template <class Model>
constexpr bool kIsServiceModel<
    Model, std::void_t<decltype(Model::kName),
                       decltype(Model::time(std::declval<const typename Model::Lowered&>(),
                                            std::declval<const BatchShape&>()))>> =
    std::is_same_v<ServiceTime, decltype(Model::time(std::declval<const typename Model::Lowered&>(),
                                                     std::declval<const BatchShape&>()))>;

}  // namespace servesweep
