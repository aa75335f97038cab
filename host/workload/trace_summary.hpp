// What a trace looks like in a few numbers: load, burstiness, lengths.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "host/workload/trace.hpp"

namespace servesweep {

// Tokens per request; percentiles by linear interpolation, as NumPy's default.
struct LengthSummary {
  double mean = 0;
  double p50 = 0;
  double p90 = 0;
  double p95 = 0;
  double p99 = 0;
  std::int64_t max = 0;
};

// About the requests that the reader kept; without failed ones unless keep_failed. NaN where too
// few requests, or equal ones, define no value.
struct TraceSummary {
  std::int64_t requests = 0;
  double span_s = 0;      // first to last arrival
  double rate_per_s = 0;  // intervals / span
  double interarrival_mean_s = 0;
  double interarrival_cv = 0;  // standard deviation (n - 1) / mean
  LengthSummary prompt;
  LengthSummary output;
  LengthSummary total;  // prompt + output
  std::optional<LengthSummary> predicted;
  double rank_correlation = 0;  // Spearman's, of prompt and output; ties share their mean rank
};

// A trace has at least one request.
TraceSummary summarize(const Trace& trace);

// Both say where the trace comes from as well: lines for people, or one JSON object (NaN as null).
std::string to_text(const Trace& trace, const TraceSummary& summary);
std::string to_json(const Trace& trace, const TraceSummary& summary);

}  // namespace servesweep
