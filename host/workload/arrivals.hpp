// Arrival processes: when the requests of a generated workload arrive.
//
// A process is made from the mean rate, its Params and the random source. next_s(i), called
// for i = 1, 2, ... in turn, gives the arrival time [s] of request i; request 0 arrives at time 0,
// which is where the clocks of all processes start. A process looks only forward, so the first n
// requests of a longer workload are the requests of a shorter one.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "host/base/random.hpp"
#include "sim/core/field.hpp"

namespace servesweep {

// Exponential gaps: independent users.
struct PoissonArrivals {
  PoissonArrivals(double rate, const RandomSource& random)
      : rate_per_s(rate), stream(random.stream(StreamId::kArrivals)) {}

  double next_s(std::uint64_t i) { return time_s += stream.exponential(i) / rate_per_s; }

  double rate_per_s;
  RandomStream stream;
  double time_s = 0;
};

// Equal gaps.
struct DeterministicArrivals {
  double next_s(std::uint64_t i) { return static_cast<double>(i) / rate_per_s; }

  double rate_per_s;
};

// All at time 0: a batch job, or a load test that sends everything at once.
struct BurstArrivals {
  double next_s(std::uint64_t) const { return 0; }
};

// Gamma gaps of a given coefficient of variation: cv > 1 is burstier than Poisson, cv < 1 smoother.
struct GammaArrivals {
  struct Params {
    double cv = 2.0;

    template <class Visitor>
    static void fields(Visitor&& visit) {
      visit(&Params::cv, FieldName{"cv", "workload_arrivals_cv"}, "", 0.01, 100.0,
            "Coefficient of variation of the gaps between requests.");
    }
  };

  GammaArrivals(const Params& params, double rate, const RandomSource& random)
      : shape(1 / (params.cv * params.cv)),
        scale_s(1 / (shape * rate)),
        stream(random.stream(StreamId::kArrivals)) {}

  double next_s(std::uint64_t i) { return time_s += scale_s * stream.gamma(i, shape); }

  double shape, scale_s;
  RandomStream stream;
  double time_s = 0;
};

// Two-state Markov-modulated Poisson process (Fischer and Meier-Hellstern, Performance Evaluation
// 18, 1993): calm and burst phases of exponential length, each with its own rate. It starts in the
// phase that an arriving request sees.
struct MmppArrivals {
  struct Params {
    double burst_rate_ratio = 10.0;
    double burst_fraction = 0.1;
    double mean_burst_s = 60.0;

    template <class Visitor>
    static void fields(Visitor&& visit) {
      visit(&Params::burst_rate_ratio, "burst_rate_ratio", "", 1.0, 1e6,
            "Arrival rate in a burst over the rate between bursts.");
      visit(&Params::burst_fraction, "burst_fraction", "", 1e-6, 0.999999,
            "Share of time spent in bursts.");
      visit(&Params::mean_burst_s, "mean_burst_s", "s", 1e-3, 1e7, "Mean length of a burst.");
    }
  };

  MmppArrivals(const Params& params, double mean_rate, const RandomSource& random)
      : stream(random.stream(StreamId::kArrivals)),
        phases(random.stream(StreamId::kArrivalPhases)) {
    const double f = params.burst_fraction, ratio = params.burst_rate_ratio;
    const double calm_rate = mean_rate / (f * ratio + 1 - f);
    rate[0] = calm_rate;
    rate[1] = calm_rate * ratio;
    mean_phase_s[0] = params.mean_burst_s * (1 - f) / f;
    mean_phase_s[1] = params.mean_burst_s;
    phase = phases.uniform(0) < f * rate[1] / mean_rate;
    phase_end_s = mean_phase_s[phase] * phases.exponential(++phase_number);
  }

  double next_s(std::uint64_t i) {
    double expected = stream.exponential(i);  // arrivals to be expected until the next one
    while (time_s + expected / rate[phase] > phase_end_s) {
      expected -= (phase_end_s - time_s) * rate[phase];
      time_s = phase_end_s;
      phase = !phase;
      phase_end_s += mean_phase_s[phase] * phases.exponential(++phase_number);
    }
    return time_s += expected / rate[phase];
  }

  RandomStream stream, phases;
  double rate[2];          // [calm, burst], 1/s
  double mean_phase_s[2];  // [calm, burst]
  bool phase = false;
  std::uint64_t phase_number = 0;
  double phase_end_s = 0;
  double time_s = 0;
};

// Poisson process whose rate is a cosine of time, rate * (1 + amplitude * cos(2 pi (t - peak) /
// period)); drawn by inverting the cumulative rate, so no draw is ever rejected.
struct DiurnalArrivals {
  struct Params {
    double amplitude = 0.8;
    double period_s = 86400.0;
    double peak_s = 50400.0;

    template <class Visitor>
    static void fields(Visitor&& visit) {
      visit(&Params::amplitude, FieldName{"amplitude", "workload_arrivals_amplitude"}, "", 0.0, 1.0,
            "Swing of the rate around its mean, as a share of it.");
      visit(&Params::period_s, "period_s", "s", 1e-3, 1e8, "Length of a cycle.");
      visit(&Params::peak_s, "peak_s", "s", 0.0, 1e8,
            "Time of the highest rate, counted from the first request.");
    }
  };

  DiurnalArrivals(const Params& p, double rate, const RandomSource& random)
      : params(p),
        rate_per_s(rate),
        stream(random.stream(StreamId::kArrivals)),
        swing_s(p.amplitude * p.period_s / kTwoPi),
        sin_start(std::sin(phase(0))) {}

  double next_s(std::uint64_t i) {
    expected_s += stream.exponential(i) / rate_per_s;
    // Newton's method, kept inside a bracket (the rate may be 0), to the last digits of time_s;
    // the last digits may oscillate, so it ends after as many steps as bisection would need.
    double low = time_s, high = expected_s + 2 * swing_s;
    for (int n = 0; n < 64; ++n) {
      const double excess = cumulative_s(time_s) - expected_s;
      (excess < 0 ? low : high) = time_s;
      double next = time_s - excess / relative_rate(time_s);
      if (!(next >= low && next <= high)) next = 0.5 * (low + high);
      const double step = next - time_s;
      time_s = next;
      if (std::fabs(step) <= 1e-10 + 1e-15 * time_s) break;
    }
    return time_s;
  }

  double phase(double t) const { return kTwoPi * (t - params.peak_s) / params.period_s; }
  double relative_rate(double t) const { return 1 + params.amplitude * std::cos(phase(t)); }
  // Expected arrivals in [0, t] over the mean rate.
  double cumulative_s(double t) const { return t + swing_s * (std::sin(phase(t)) - sin_start); }

  static constexpr double kTwoPi = 6.283185307179586477;
  Params params;
  double rate_per_s;
  RandomStream stream;
  double swing_s, sin_start;
  double expected_s = 0;
  double time_s = 0;
};

template <class T>
constexpr bool is_arrival_process =
    std::is_same_v<decltype(std::declval<T&>().next_s(std::uint64_t{1})), double>;
static_assert(is_arrival_process<PoissonArrivals> && is_arrival_process<DeterministicArrivals> &&
                  is_arrival_process<GammaArrivals> && is_arrival_process<MmppArrivals> &&
                  is_arrival_process<DiurnalArrivals> && is_arrival_process<BurstArrivals>,
              "an arrival process has double next_s(std::uint64_t request)");

enum class ArrivalKind { kPoisson, kDeterministic, kGamma, kMmpp, kDiurnal, kBurst };

template <>
struct EnumNames<ArrivalKind> {
  static constexpr const char* values[] = {"poisson", "deterministic", "gamma",
                                           "mmpp",    "diurnal",       "burst"};
};

}  // namespace servesweep
