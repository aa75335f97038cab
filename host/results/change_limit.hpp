// Limits on changes, the conditions of `compare --fail-on`: "p99_latency_s > +5%" fails where the
// metric rises by more than 5 %, "throughput_requests_per_s < -5%" where it falls by more.
//
// Where a change has a confidence interval, it fails only if that excludes 0 as well: a gate must
// not fail by chance. What cannot be judged fails too: a gate must not pass on missing data. A
// metric that applies to neither side of a pair has not changed; one that applies to no pair fails.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "host/results/compare.hpp"

namespace servesweep {

struct ChangeLimit {
  std::string text;  // as written
  std::string metric;
  bool rise = true;  // > and not <
  double limit = 0;  // a share: 0.05; of the sign of its direction, or 0
};

// InputError for anything else.
ChangeLimit parse_change_limit(std::string_view text);

struct LimitVerdict {
  std::vector<std::size_t> beyond;         // pairs, largest change first
  std::vector<std::size_t> not_available;  // pairs without a change
  std::size_t may_be_chance = 0;           // pairs beyond the limit whose interval holds 0
  std::size_t applies = 0;                 // pairs to which the metric applies

  bool holds() const { return beyond.empty() && not_available.empty() && applies > 0; }
};

// The limit's metric must be a metric of the comparison.
LimitVerdict judge(const Comparison& comparison, const ChangeLimit& limit);
std::size_t metric_position(const Comparison& comparison, const std::string& metric);

}  // namespace servesweep
