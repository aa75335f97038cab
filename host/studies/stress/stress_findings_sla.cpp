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

struct Measure {
  const char* words;
  const char* rate;
  const char* percentile;
  const char* percentile_words;
  const char* name;   // of numbers: "request", "token"
  const char* limit;  // column
  double seconds_per_limit;
  const char* unit;  // that limits and percentiles are written in
  double unit_per_s;
};
constexpr Measure kRequest = {"request",
                              "request_sla_violation_rate",
                              "p95_latency_s",
                              "p95 latency",
                              "request",
                              "request_s",
                              1,
                              "s",
                              1};
constexpr Measure kToken = {"token",
                            "token_sla_violation_rate",
                            "p95_decode_tbt_s",
                            "p95 decode TBT",
                            "token",
                            "token_ms",
                            1e-3,
                            "ms",
                            1e3};

// All rows with one limit of this measure.
struct Agreement {
  double worlds = 0, above_rate = 0, above_percentile = 0, differ = 0;
  double largest_rate = 0, largest_percentile_s = 0, farthest = 0;
};

void count(Agreement& a, double rate, double percentile_s, double limit_s) {
  const bool above_rate = rate > kStressViolationLimit, above_percentile = percentile_s > limit_s;
  ++a.worlds;
  a.above_rate += above_rate;
  a.above_percentile += above_percentile;
  if (above_rate != above_percentile) {
    ++a.differ;
    a.farthest = std::max(a.farthest, std::fabs(percentile_s / limit_s - 1));
  }
  a.largest_rate = std::max(a.largest_rate, rate);
  a.largest_percentile_s = std::max(a.largest_percentile_s, percentile_s);
}

StudyFinding agreement_finding(const Measure& m, double limit, const Agreement& a) {
  const std::string name = m.name;
  Sentence s;
  if (a.largest_rate == 0) {
    s.words("No ").words(m.words).words(" SLA violation in ").count("worlds", a.worlds, "world");
    s.words(": the largest ").words(m.percentile_words).words(" is ");
    s.number(name + "_p95_" + m.unit, a.largest_percentile_s * m.unit_per_s, m.unit);
    s.words(", the limit ").number(name + "_limit_" + m.unit, limit, m.unit).words(".");
    return s.finding("Two SLAs");
  }
  s.words("The ").words(m.words).words(" SLA violation rate is above ");
  s.percent("limit", kStressViolationLimit).words(" in ");
  s.number("worlds_above_rate", a.above_rate).words(" of ").count("worlds", a.worlds, "world");
  s.words(", and ").words(m.percentile_words).words(" above the limit of ");
  s.number(name + "_limit_" + m.unit, limit, m.unit).words(" in ");
  s.number("worlds_above_p95", a.above_percentile);
  if (a.differ == 0 && a.above_rate == 0) {
    s.words(".");
  } else if (a.differ == 0) {
    s.words(", the same ones: a rate above ").percent("limit", kStressViolationLimit);
    s.words(" means by definition that the ").number("percentile", 95).words("th percentile is ");
    s.words("above the limit.");
  } else {
    s.words("; the two differ in ").count("worlds_that_differ", a.differ, "world");
    s.words(", where the percentile is within ").percent("distance", a.farthest);
    s.words(" of the limit.");
  }
  return s.finding("Two SLAs");
}

}  // namespace

Findings sla_findings(const StudyData& data) {
  std::map<double, Agreement> request_by_limit, token_by_limit;
  double worlds = 0, largest_request_rate = 0, largest_token_rate = 0;
  const std::vector<bool> usable = usable_rows(
      data.frame(), {kRequest.rate, kRequest.percentile, kToken.rate, kToken.percentile});
  for (const StressStep step : kStressSteps) {
    if (step == StressStep::kRobustness) continue;  // varies the limits: see there
    for (const std::size_t row : data.newest_rows(step)) {
      if (!usable[row]) continue;
      const auto add = [&](const Measure& m, std::map<double, Agreement>& by_limit) {
        const double limit = data.value(row, m.limit);
        count(by_limit[limit], data.value(row, m.rate), data.value(row, m.percentile),
              limit * m.seconds_per_limit);
      };
      add(kRequest, request_by_limit);
      add(kToken, token_by_limit);
      ++worlds;
      largest_request_rate = std::max(largest_request_rate, data.value(row, kRequest.rate));
      largest_token_rate = std::max(largest_token_rate, data.value(row, kToken.rate));
    }
  }
  if (worlds == 0) return {};
  Findings findings;
  for (const auto& [limit, a] : token_by_limit) {
    findings.push_back(agreement_finding(kToken, limit, a));
  }
  for (const auto& [limit, a] : request_by_limit) {
    findings.push_back(agreement_finding(kRequest, limit, a));
  }
  Sentence s;
  s.words("The two are different measures: in the same ").count("worlds", worlds, "world");
  s.words(" the largest token SLA violation rate is ").percent("token_rate", largest_token_rate);
  s.words(", the largest request SLA violation rate ");
  s.percent("request_rate", largest_request_rate);
  s.words("; the token limit is on a decode step, the request limit on the time from arrival to ");
  findings.push_back(s.words("completion.").finding("Two SLAs"));
  return findings;
}

}  // namespace servesweep
