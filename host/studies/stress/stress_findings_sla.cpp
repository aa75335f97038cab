// The two SLAs. Each has a violation rate and a percentile of its own measure: the token SLA counts
// decode steps, the request SLA latencies. Rates of one are never read against percentiles of the
// other.
#include <algorithm>
#include <cmath>
#include <map>

#include "host/studies/stress/stress_choice.hpp"
#include "host/studies/stress/stress_findings.hpp"

namespace servesweep {
namespace {

constexpr const char* kSlaTopic = "Two SLAs";

struct Measure {
  const char* name;  // "request", "token"
  const char* of;    // what is measured
  const char* rate;
  const char* percentile;  // in seconds
  const char* percentile_words;
  const char* limit;  // column, in `unit`
  const char* unit;
  double unit_per_s;
};
constexpr Measure kMeasures[] = {
    {"token", "decode steps", "token_sla_violation_rate", "p95_decode_tbt_s", "p95 decode TBT",
     "token_ms", "ms", 1e3},
    {"request", "requests, from arrival to completion", "request_sla_violation_rate",
     "p95_latency_s", "p95 latency", "request_s", "s", 1}};

// In how many of the rows, which have one limit, rate and percentile are above theirs.
FindingRecord agreement(const StudyData& data, const Measure& m, double limit,
                        const std::vector<std::size_t>& rows) {
  double above_rate = 0, above_percentile = 0, differ = 0;
  double largest_rate = 0, largest_percentile = 0, farthest = 0;
  for (const std::size_t row : rows) {
    const double rate = data.value(row, m.rate);
    const double percentile = data.value(row, m.percentile) * m.unit_per_s;
    const bool rate_is = rate > kStressViolationLimit, percentile_is = percentile > limit;
    above_rate += rate_is;
    above_percentile += percentile_is;
    largest_rate = std::max(largest_rate, rate);
    largest_percentile = std::max(largest_percentile, percentile);
    if (rate_is == percentile_is) continue;
    ++differ;
    farthest = std::max(farthest, std::fabs(percentile / limit - 1));
  }
  const std::string name = m.name;
  Clause difference;
  if (differ > 0) {
    difference = {"; the two differ in {}, where the percentile is within {} of the limit",
                  {Count{"worlds_that_differ", differ, "world"}, Percent{"distance", farthest}}};
  }
  return {
      kSlaTopic,
      {"The {} SLA violation rate (of {}) is above {} in {} of {} (largest: {}), and {} above the "
       "limit of {} in {} (largest: {}){}.",
       {name, m.of, Percent{"limit", kStressViolationLimit},
        Number{"worlds_above_rate", above_rate},
        Count{"worlds", static_cast<double>(rows.size()), "world"},
        Percent{name + "_rate", largest_rate}, m.percentile_words,
        Number{name + "_limit_" + m.unit, limit, m.unit},
        Number{"worlds_above_p95", above_percentile},
        Number{name + "_p95_" + m.unit, largest_percentile, m.unit}, difference}},
      m.rate};
}

}  // namespace

void sla_findings(const StudyData& data, FindingRecords& found) {
  std::vector<std::size_t> usable = rows_of_steps(data);
  std::erase_if(usable, [&](std::size_t row) {
    return !data.usable(row, {kMeasures[0].rate, kMeasures[0].percentile, kMeasures[1].rate,
                              kMeasures[1].percentile});
  });
  for (const Measure& m : kMeasures) {
    std::map<double, std::vector<std::size_t>> by_limit;
    for (const std::size_t row : usable) by_limit[data.value(row, m.limit)].push_back(row);
    for (const auto& [limit, rows] : by_limit) found.push_back(agreement(data, m, limit, rows));
  }
}

}  // namespace servesweep
