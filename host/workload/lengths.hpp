// Length models: prompt and output tokens of the requests of a generated workload, independent of
// each other and of the arrivals.
//
// draw(i) is the length of request i, before the clamp to LengthBounds that all kinds share.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "host/base/random.hpp"
#include "sim/core/field.hpp"

namespace servesweep {

struct LengthBounds {
  std::int32_t min_tokens = 1;
  std::int32_t max_tokens = 131072;

  std::int32_t clamp(double tokens) const {
    return static_cast<std::int32_t>(
        std::clamp(tokens, static_cast<double>(min_tokens), static_cast<double>(max_tokens)));
  }

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&LengthBounds::min_tokens, in_table("min_tokens"), "tokens", 0, 100000000,
          "Shortest length; shorter ones are raised to it.");
    visit(&LengthBounds::max_tokens, in_table("max_tokens"), "tokens", 1, 100000000,
          "Greatest length; longer ones are cut to it.");
  }
};

// round(exp(mu + sigma * Z)).
struct LognormalLengths {
  struct Params {
    double mu = 5.5;
    double sigma = 1.0;

    template <class Visitor>
    static void fields(Visitor&& visit) {
      visit(&Params::mu, in_table("mu"), "", 0.0, 18.0,
            "Mean of ln(tokens); exp(mu) is the median.");
      visit(&Params::sigma, in_table("sigma"), "", 0.0, 10.0, "Standard deviation of ln(tokens).");
    }
  };

  double draw(std::uint64_t i) const {
    return std::round(std::exp(params.mu + params.sigma * stream.normal(i)));
  }

  Params params;
  RandomStream stream;
};

// P(n) proportional to n^-exponent for n in [min_tokens, max_tokens], min_tokens at least 1.
// Rejection-inversion (Hoermann and Derflinger, ACM TOMACS 6, 1996): the density x^-exponent is
// inverted and rounded; it is convex, so its mass around n is never less than n^-exponent. Lengths
// are taken over min_tokens, so that a steep fall does not drown them in rounding.
struct ZipfLengths {
  struct Params {
    double exponent = 1.2;

    template <class Visitor>
    static void fields(Visitor&& visit) {
      visit(&Params::exponent, in_table("exponent"), "", 0.0, 20.0,
            "P(n) falls as n^-exponent between min_tokens and max_tokens.");
    }
  };

  ZipfLengths(const Params& params, const LengthBounds& bounds, RandomStream random)
      : exponent(params.exponent),
        min(std::max(bounds.min_tokens, 1)),
        max(bounds.max_tokens),
        mass_below(mass(min + 0.5) - probability(min)),  // all around min is accepted
        mass_above(mass(max + 0.5)),
        stream(random) {}

  double draw(std::uint64_t i) const {
    for (std::uint16_t attempt = 0;; ++attempt) {
      const double u = mass_below + stream.uniform(i, attempt) * (mass_above - mass_below);
      const double n = std::clamp(std::round(inverse_mass(u)), min, max);
      if (mass(n + 0.5) - u <= probability(n)) return n;
    }
  }

  double probability(double n) const { return std::pow(n / min, -exponent) / min; }  // relative
  // An antiderivative of it; both forms keep their digits around exponent = 1.
  double mass(double x) const {
    const double e = 1 - exponent, l = std::log(x / min);
    return e == 0 ? l : std::expm1(e * l) / e;
  }
  double inverse_mass(double m) const {
    const double e = 1 - exponent;
    return min * std::exp(e == 0 ? m : std::log1p(std::max(e * m, -1.0)) / e);
  }

  double exponent, min, max, mass_below, mass_above;
  RandomStream stream;
};

// Every integer in [min_tokens, max_tokens] alike.
struct UniformLengths {
  double draw(std::uint64_t i) const {
    const double count = static_cast<double>(bounds.max_tokens) - bounds.min_tokens + 1;
    return bounds.min_tokens + std::floor(stream.uniform(i) * count);
  }

  LengthBounds bounds;
  RandomStream stream;
};

struct FixedLengths {
  struct Params {
    std::int32_t tokens = 100;

    template <class Visitor>
    static void fields(Visitor&& visit) {
      visit(&Params::tokens, in_table("tokens"), "tokens", 0, 100000000,
            "Length of every request.");
    }
  };

  double draw(std::uint64_t) const { return params.tokens; }

  Params params;
};

// Lengths of a trace's requests, drawn with replacement. Prompt and output lengths drawn from one
// trace with the same stream stay the pairs that they are in the trace.
struct EmpiricalLengths {
  struct Params {
    TraceFile trace;

    template <class Visitor>
    static void fields(Visitor&& visit) {
      visit(&Params::trace, in_table("trace"), "Trace file whose lengths are resampled.");
    }
  };

  double draw(std::uint64_t i) const {
    // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): it takes the reference for a null one
    const double row = stream.uniform(i) * static_cast<double>(tokens.size());
    return tokens[static_cast<std::size_t>(row)];
  }

  const std::vector<std::int32_t>& tokens;  // [row], not empty
  RandomStream stream;
};

template <class T>
constexpr bool is_length_model =
    std::is_same_v<decltype(std::declval<const T&>().draw(std::uint64_t{0})), double>;
static_assert(is_length_model<LognormalLengths> && is_length_model<ZipfLengths> &&
                  is_length_model<UniformLengths> && is_length_model<FixedLengths> &&
                  is_length_model<EmpiricalLengths>,
              "a length model has double draw(std::uint64_t request) const");

enum class LengthKind { kLognormal, kZipf, kUniform, kFixed, kEmpirical };

template <>
struct EnumNames<LengthKind> {
  static constexpr const char* values[] = {"lognormal", "zipf", "uniform", "fixed", "empirical"};
};

}  // namespace servesweep
