// The preset "burstgpt-like": requests like those of BurstGPT's trace 1 (Wang et al., KDD 2025;
// 1,429,737 requests of ChatGPT and GPT-4 over 61 days), made from published summary figures only.
//
// Lengths: the quantiles 50, 90, 95, 99 % and the greatest value of the trace's first 60,000 rows,
// log-linear in between; the inner knots at 25, 75 and 99.9 % are ours, set so that the means
// (374 / 122 tokens) match. Prompt and output have the rank correlation 0.28 of the trace's
// conversations (a Gaussian copula).
//
// Arrivals: the mean rate 0.2713 / s, times an hourly profile (busiest at 10-11 and 15-17 h, least
// at 3-8 h; the numbers are ours), times a random factor for each window of an hour, which makes
// the coefficient of variation of the gaps that of the trace, about 13. Within a window the
// gaps are Gamma with shape 0.5, as in the trace authors' own generator. Time 0 is midnight.
//
// Ignores: failures, days of the week, growth over the months, the two models and log types,
// dependence between successive lengths, and lengths against the time of day.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "host/base/random.hpp"
#include "host/workload/arrivals.hpp"
#include "host/workload/lengths.hpp"

namespace servesweep::burstgpt_like {

struct Knot {
  double share;  // P(length <= tokens)
  double tokens;
};

inline constexpr std::array<Knot, 8> kPromptQuantiles = {{{0.0, 1.0},
                                                          {0.25, 25.0},
                                                          {0.50, 74.0},
                                                          {0.75, 350.0},
                                                          {0.90, 1291.0},
                                                          {0.95, 1697.0},
                                                          {0.99, 3023.0},
                                                          {1.0, 6142.0}}};
inline constexpr std::array<Knot, 9> kOutputQuantiles = {{{0.0, 1.0},
                                                          {0.25, 6.0},
                                                          {0.50, 14.0},
                                                          {0.75, 180.0},
                                                          {0.90, 401.0},
                                                          {0.95, 510.0},
                                                          {0.99, 757.0},
                                                          {0.999, 1400.0},
                                                          {1.0, 7315.0}}};
inline constexpr double kRankCorrelation = 0.28;
inline constexpr double kRatePerS = 0.2713;
inline constexpr double kGapShape = 0.5;
inline constexpr double kWindowS = 3600.0;
inline constexpr double kWindowShape = 0.36;  // of the Gamma factor of a window, whose mean is 1

// Relative rate by hour of the day; only the ratios count.
inline constexpr std::array<double, 24> kHourlyProfile = {
    0.70, 0.50, 0.35, 0.22, 0.18, 0.16, 0.18, 0.25, 0.60, 1.20, 1.90, 1.80,
    1.20, 1.30, 1.60, 2.00, 2.05, 1.80, 1.35, 1.25, 1.20, 1.15, 1.05, 0.90};

// The length at P = share, log-linear between knots.
template <std::size_t N>
double length_quantile(const std::array<Knot, N>& knots, double share) {
  std::size_t k = 1;
  while (k + 1 < N && share > knots[k].share) ++k;
  const Knot a = knots[k - 1], b = knots[k];
  const double part = (share - a.share) / (b.share - a.share);
  return std::round(a.tokens * std::pow(b.tokens / a.tokens, part));
}

struct Lengths {
  explicit Lengths(const RandomSource& random)
      : prompt_stream(random.stream(StreamId::kPromptLength)),
        output_stream(random.stream(StreamId::kOutputLength)) {}

  void draw(std::uint64_t i, std::int32_t& prompt, std::int32_t& output) const {
    const double x = prompt_stream.normal(i);
    const double y = rho * x + std::sqrt(1 - rho * rho) * output_stream.normal(i);
    prompt = static_cast<std::int32_t>(length_quantile(kPromptQuantiles, normal_cdf(x)));
    output = static_cast<std::int32_t>(length_quantile(kOutputQuantiles, normal_cdf(y)));
  }

  RandomStream prompt_stream, output_stream;
  // The normal correlation that gives this rank correlation (Pearson 1907).
  double rho = 2 * std::sin(kRankCorrelation * 3.14159265358979323846 / 6);
};

struct Arrivals {
  explicit Arrivals(const RandomSource& random)
      : stream(random.stream(StreamId::kArrivals)),
        windows(random.stream(StreamId::kArrivalPhases)) {
    double sum = 0;
    for (const double x : kHourlyProfile) sum += x;
    for (std::size_t h = 0; h < 24; ++h) hourly_rate[h] = kRatePerS * 24 * kHourlyProfile[h] / sum;
    enter_window();
  }

  double next_s(std::uint64_t i) {
    double expected = stream.gamma(i, kGapShape) / kGapShape;
    double capacity;
    while (expected > (capacity = (window_end_s() - time_s) * rate_per_s)) {
      expected -= capacity;
      time_s = window_end_s();
      ++window;
      enter_window();
    }
    return time_s += expected / rate_per_s;
  }

  double window_end_s() const { return static_cast<double>(window + 1) * kWindowS; }
  void enter_window() {
    rate_per_s = hourly_rate[window % 24] * windows.gamma(window, kWindowShape) / kWindowShape;
  }

  RandomStream stream, windows;
  std::array<double, 24> hourly_rate;  // 1/s
  std::uint64_t window = 0;
  double rate_per_s = 0;
  double time_s = 0;
};

static_assert(is_arrival_process<Arrivals>, "double next_s(std::uint64_t request)");

}  // namespace servesweep::burstgpt_like
