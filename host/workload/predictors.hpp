// Predictors: the output length of a request as the scheduler sees it before it runs.
//
// predict(i, prompt, output) is that of request i.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "host/base/random.hpp"
#include "sim/core/field.hpp"

namespace servesweep {

// Multiplicative noise exp(sigma * Z).
struct PredictionNoise {
  double sigma = 0.1;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&PredictionNoise::sigma, FieldName{"sigma", "workload_prediction_sigma"}, "", 0.0, 10.0,
          "Noise of a prediction: standard deviation of its logarithm.");
  }
};

// floor(factor * prompt^exponent * noise), clamped: knows the prompt only. The predictor of the
// Python simulator llm-scheduler-sim, its constants the defaults.
struct PowerLawPredictor {
  struct Params {
    double factor = 1.5;
    double exponent = 0.7;
    std::int32_t min_tokens = 1;
    std::int32_t max_tokens = 4096;

    template <class Visitor>
    static void fields(Visitor&& visit) {
      visit(&Params::factor, FieldName{"factor", "workload_prediction_factor"}, "", 0.0, 1e6,
            "Predicted output = factor * prompt^exponent * noise, rounded down.");
      visit(&Params::exponent, FieldName{"exponent", "workload_prediction_exponent"}, "", -10.0,
            10.0, "Exponent of the prompt length.");
      visit(&Params::min_tokens, FieldName{"min_tokens", "workload_prediction_min_tokens"},
            "tokens", 0, 100000000, "Least prediction.");
      visit(&Params::max_tokens, FieldName{"max_tokens", "workload_prediction_max_tokens"},
            "tokens", 1, 100000000, "Greatest prediction.");
    }
  };

  std::int32_t predict(std::uint64_t i, std::int32_t prompt, std::int32_t) const {
    const double tokens = std::floor(params.factor * std::pow(prompt, params.exponent) *
                                     std::exp(noise.sigma * stream.normal(i)));
    return static_cast<std::int32_t>(
        std::clamp<double>(tokens, params.min_tokens, params.max_tokens));
  }

  Params params;
  PredictionNoise noise;
  RandomStream stream;
};

// Knows the output length.
struct OraclePredictor {
  std::int32_t predict(std::uint64_t, std::int32_t, std::int32_t output) const { return output; }
};

// round(output * noise), at least 1.
struct NoisyOraclePredictor {
  std::int32_t predict(std::uint64_t i, std::int32_t, std::int32_t output) const {
    const double tokens = std::round(output * std::exp(noise.sigma * stream.normal(i)));
    return static_cast<std::int32_t>(
        std::clamp<double>(tokens, 1, std::numeric_limits<std::int32_t>::max()));
  }

  PredictionNoise noise;
  RandomStream stream;
};

// The same number for all requests: no prediction.
struct ConstantPredictor {
  struct Params {
    std::int32_t constant_tokens = 200;

    template <class Visitor>
    static void fields(Visitor&& visit) {
      visit(&Params::constant_tokens, "constant_tokens", "tokens", 0, 100000000,
            "Predicted output of every request.");
    }
  };

  std::int32_t predict(std::uint64_t, std::int32_t, std::int32_t) const {
    return params.constant_tokens;
  }

  Params params;
};

template <class T>
constexpr bool is_predictor =
    std::is_same_v<decltype(std::declval<const T&>().predict(std::uint64_t{0}, 0, 0)),
                   std::int32_t>;
static_assert(is_predictor<PowerLawPredictor> && is_predictor<OraclePredictor> &&
                  is_predictor<NoisyOraclePredictor> && is_predictor<ConstantPredictor>,
              "a predictor has std::int32_t predict(std::uint64_t request, std::int32_t prompt, "
              "std::int32_t output) const");

// kAuto: the trace's own predictions where it has them, else power_law.
enum class PredictorKind { kAuto, kTrace, kPowerLaw, kOracle, kNoisyOracle, kConstant };

template <>
struct EnumNames<PredictorKind> {
  static constexpr const char* values[] = {"auto",   "trace",        "power_law",
                                           "oracle", "noisy_oracle", "constant"};
};

}  // namespace servesweep
