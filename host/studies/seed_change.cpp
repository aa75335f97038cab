#include "host/studies/seed_change.hpp"

#include <algorithm>

namespace servesweep {
namespace {

constexpr const char* kPoints = "percentage points";

void say_interval(Sentence& sentence, const std::string& name, double a, double b,
                  std::string_view unit) {
  sentence.words("95 % interval: ").range(name, std::min(a, b), std::max(a, b), unit);
}

// A change of more than these is told as a factor, where that has an interval too.
bool is_told_as_factor(const Change& change) {
  return change.is_relative && (change.ratio() <= 0.1 || change.ratio() >= 2) &&
         !(change.low <= -1);
}

// The change, and its interval where it has one, `sign` times.
void say_size(Sentence& sentence, const std::string& name, const Change& change, double sign,
              std::string_view between) {
  const std::string key = name + (change.is_relative ? "_change" : "_change_points");
  if (change.is_relative) {
    sentence.percent(key, sign * change.change);
  } else {
    sentence.number(key, sign * 100 * change.change, kPoints);
  }
  sentence.words(between);
  if (!change.has_interval()) return;
  say_interval(sentence, key, sign * 100 * change.low, sign * 100 * change.high,
               change.is_relative ? "%" : "");
}

}  // namespace

void say(Sentence& sentence, std::string_view metric, const std::string& name,
         const Change& change) {
  sentence.words(metric);
  if (!change.is_clear()) {
    if (change.change == 0 && (!change.has_interval() || change.low == change.high)) {
      sentence.words(" does not change");
      return;
    }
    sentence.words(" shows no clear change (");
    say_size(sentence, name, change, 1, ", ");
    sentence.words(")");
    return;
  }
  const bool falls = change.falls();
  sentence.words(falls ? " falls by " : " rises by ");
  if (is_told_as_factor(change)) {
    const std::string key = name + "_change_factor";
    const auto factor = [falls](double ratio) { return falls ? 1 / ratio : ratio; };
    sentence.words("a factor of ").number(key, factor(change.ratio())).words(" (");
    if (change.has_interval()) {
      say_interval(sentence, key, factor(1 + change.low), factor(1 + change.high), "");
    }
  } else {
    say_size(sentence, name, change, falls ? -1 : 1, " (");
  }
  sentence.words(change.has_interval() ? ")" : "one seed: no interval)");
}

}  // namespace servesweep
