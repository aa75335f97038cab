// How a metric changes from one configuration to another, seed by seed: both see the same requests,
// so what these do to both alike cancels (common random numbers).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/studies/sentence.hpp"

namespace servesweep {

// after / before: the geometric mean over the seeds of their ratios, with the interval that holds
// it with 95 % probability if the logarithms of the ratios are about normal.
struct RatioChange {
  double ratio = 1;
  double low = 0, high = 0;  // NaN with one seed
  std::size_t seeds = 0;

  bool one_seed() const { return seeds < 2; }
  bool falls() const { return one_seed() ? ratio < 1 : high < 1; }
  bool rises() const { return one_seed() ? ratio > 1 : low > 1; }
  bool clear() const { return falls() || rises(); }
};

// [seed] of both, all > 0 and equally many.
RatioChange ratio_change(const std::vector<double>& before, const std::vector<double>& after);

// after - before: the mean over the seeds and its 95 % interval; for shares, which can be 0.
struct Difference {
  double mean = 0;
  double half_width = 0;  // NaN with one seed
  std::size_t seeds = 0;

  bool one_seed() const { return seeds < 2; }
  bool falls() const { return one_seed() ? mean < 0 : mean < -half_width; }
  bool rises() const { return one_seed() ? mean > 0 : mean > half_width; }
  bool clear() const { return falls() || rises(); }
};

Difference difference(const std::vector<double>& before, const std::vector<double>& after);

// What a claim says that rests on one seed alone.
inline constexpr std::string_view kOneSeedNote = " (one seed: no interval)";

// "mean latency falls by 12.3 % (95 % interval: 10.1 to 14.5 %)", "... by a factor of 21 (...)",
// "... shows no clear change (-1.2 %, 95 % interval: -3.4 to 1 %)", "... does not change", and with
// one seed "... falls by 12.3 % (one seed: no interval)". Numbers are called `<name>_change_...`.
void say(Sentence& sentence, std::string_view metric, const std::string& name,
         const RatioChange& change);
// The same for shares: "... falls by 12.3 percentage points (...)".
void say(Sentence& sentence, std::string_view metric, const std::string& name,
         const Difference& change);

}  // namespace servesweep
