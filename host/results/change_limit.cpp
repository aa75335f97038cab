#include "host/results/change_limit.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace servesweep {
namespace {

[[noreturn]] void fail(std::string_view text, const std::string& why) {
  throw InputError("invalid --fail-on \"" + std::string(text) + "\" (" + why +
                   ") write METRIC > +5% or METRIC < -5%");
}

}  // namespace

ChangeLimit parse_change_limit(std::string_view text) {
  const std::size_t at = text.find_first_of("<>");
  if (at == std::string_view::npos) fail(text, "there is no > or <");
  ChangeLimit limit;
  limit.text = trimmed(text);
  limit.metric = trimmed(text.substr(0, at));
  limit.rise = text[at] == '>';
  if (limit.metric.empty()) fail(text, "no metric is named");
  std::string_view number = trimmed(text.substr(at + 1));
  if (!number.ends_with('%')) fail(text, "the limit is no change in %");
  number = trimmed(number.substr(0, number.size() - 1));
  if (number.starts_with('+')) number.remove_prefix(1);
  const auto read = number_of<double>(number);
  if (!read || !std::isfinite(*read)) fail(text, "the limit is no number");
  limit.limit = *read;
  if (limit.rise ? limit.limit < 0 : limit.limit > 0) {
    fail(text, limit.rise ? "the limit of a rise is not below 0"
                          : "the limit of a fall is not above 0: -5%");
  }
  limit.limit /= 100;
  return limit;
}

std::size_t metric_position(const Comparison& comparison, const std::string& metric) {
  for (std::size_t i = 0; i < comparison.metrics.size(); ++i) {
    if (comparison.metrics[i].name == metric) return i;
  }
  throw std::logic_error("metric " + metric + " was not compared");
}

LimitVerdict judge(const Comparison& comparison, const ChangeLimit& limit) {
  const std::size_t metric = metric_position(comparison, limit.metric);
  LimitVerdict verdict;
  std::vector<std::pair<double, std::size_t>> beyond;  // size of the change, pair
  for (std::size_t pair = 0; pair < comparison.num_pairs(); ++pair) {
    const Change change = comparison.change(pair, metric);
    if (!change.applies()) continue;
    ++verdict.applies;
    if (std::isnan(change.change)) {
      verdict.not_available.push_back(pair);
    } else if (limit.rise ? change.change > limit.limit : change.change < limit.limit) {
      if (change.interval == IntervalKind::kNone || change.excludes_zero()) {
        beyond.emplace_back(std::fabs(change.change), pair);
      } else {
        ++verdict.may_be_chance;
      }
    }
  }
  std::stable_sort(beyond.begin(), beyond.end(),
                   [](const auto& x, const auto& y) { return x.first > y.first; });
  for (const auto& [size, pair] : beyond) verdict.beyond.push_back(pair);
  return verdict;
}

}  // namespace servesweep
