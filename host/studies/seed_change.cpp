#include "host/studies/seed_change.hpp"

#include <algorithm>
#include <cmath>

#include "host/results/replications.hpp"

namespace servesweep {
namespace {

constexpr std::string_view kInterval = "95 % interval: ";
constexpr std::string_view kOneSeed = "one seed: no interval";

void say_interval(Sentence& sentence, const std::string& name, double a, double b,
                  std::string_view unit) {
  sentence.words(kInterval).range(name, std::min(a, b), std::max(a, b), unit);
}

}  // namespace

RatioChange ratio_change(const std::vector<double>& before, const std::vector<double>& after) {
  std::vector<double> logs;
  for (std::size_t i = 0; i < before.size(); ++i) logs.push_back(std::log(after[i] / before[i]));
  const MeanInterval interval = mean_interval(logs);
  return {std::exp(interval.mean), std::exp(interval.mean - interval.half_width),
          std::exp(interval.mean + interval.half_width), logs.size()};
}

Difference difference(const std::vector<double>& before, const std::vector<double>& after) {
  std::vector<double> differences;
  for (std::size_t i = 0; i < before.size(); ++i) differences.push_back(after[i] - before[i]);
  const MeanInterval interval = mean_interval(differences);
  return {interval.mean, interval.half_width, differences.size()};
}

void say(Sentence& sentence, std::string_view metric, const std::string& name,
         const RatioChange& change) {
  sentence.words(metric);
  if (!change.clear()) {
    if (change.ratio == 1 && (change.one_seed() || change.low == change.high)) {
      sentence.words(" does not change");
      return;
    }
    sentence.words(" shows no clear change (");
    sentence.percent(name + "_change", change.ratio - 1).words(", ");
    say_interval(sentence, name + "_change", 100 * (change.low - 1), 100 * (change.high - 1), "%");
    sentence.words(")");
    return;
  }
  const bool falls = change.falls();
  sentence.words(falls ? " falls by " : " rises by ");
  if (change.ratio > 0.1 && change.ratio < 2) {
    const double sign = falls ? -1 : 1;
    sentence.percent(name + "_change", sign * (change.ratio - 1)).words(" (");
    if (!change.one_seed()) {
      say_interval(sentence, name + "_change", sign * 100 * (change.low - 1),
                   sign * 100 * (change.high - 1), "%");
    }
  } else {
    const auto factor = [falls](double ratio) { return falls ? 1 / ratio : ratio; };
    sentence.words("a factor of ").number(name + "_change_factor", factor(change.ratio));
    sentence.words(" (");
    if (!change.one_seed()) {
      say_interval(sentence, name + "_change_factor", factor(change.low), factor(change.high), "");
    }
  }
  sentence.words(change.one_seed() ? kOneSeed : "").words(")");
}

void say(Sentence& sentence, std::string_view metric, const std::string& name,
         const Difference& change) {
  const std::string unit = "percentage points", points = name + "_change_points";
  sentence.words(metric);
  if (!change.clear()) {
    if (change.mean == 0 && (change.one_seed() || change.half_width == 0)) {
      sentence.words(" does not change");
      return;
    }
    sentence.words(" shows no clear change (");
    sentence.number(points, 100 * change.mean, unit).words(", ");
    say_interval(sentence, points, 100 * (change.mean - change.half_width),
                 100 * (change.mean + change.half_width), "");
    sentence.words(")");
    return;
  }
  const double sign = change.falls() ? -1 : 1;
  sentence.words(change.falls() ? " falls by " : " rises by ");
  sentence.number(points, sign * 100 * change.mean, unit).words(" (");
  if (change.one_seed()) {
    sentence.words(kOneSeed);
  } else {
    say_interval(sentence, points, sign * 100 * (change.mean - change.half_width),
                 sign * 100 * (change.mean + change.half_width), "");
  }
  sentence.words(")");
}

}  // namespace servesweep
