// What a trace looks like in a few numbers: load, burstiness, lengths, shared prefixes, sessions.
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

// Blocks that requests have in common: how much a prefix cache can find.
struct SharingSummary {
  std::int64_t blocks = 0;         // full ones of prompts (and outputs, where hashes go that far)
  std::int64_t unique_blocks = 0;  // of one request
  std::int64_t shared_blocks = 0;  // of several, counted once
  // Prompt tokens in leading blocks that an earlier request had, over all prompt tokens: what a
  // cache finds that forgets nothing and knows a block from its request's arrival on.
  double ideal_hit_rate = 0;
};

struct SessionSummary {
  std::int64_t sessions = 0;
  double mean_turns = 0;  // requests of a session
  std::int64_t max_turns = 0;
  std::int64_t waiting = 0;   // requests that come a delay after the answer before them
  double mean_delay_s = 0;    // of those; NaN without any
  double median_delay_s = 0;  // likewise
};

// About the requests that the reader kept; without failed ones unless keep_failed. NaN where too
// few requests, or equal ones, define no value.
struct TraceSummary {
  std::int64_t requests = 0;
  double span_s = 0;      // first to last arrival; of requests with times of their own, as the next
  double rate_per_s = 0;  // intervals / span
  double interarrival_mean_s = 0;
  double interarrival_cv = 0;  // standard deviation (n - 1) / mean
  LengthSummary prompt;
  LengthSummary output;
  LengthSummary total;  // prompt + output
  std::optional<LengthSummary> predicted;
  std::optional<SharingSummary> sharing;
  std::optional<SessionSummary> sessions;
  double rank_correlation = 0;  // Spearman's, of prompt and output; ties share their mean rank
};

// A trace has at least one request.
TraceSummary summarize(const Trace& trace);

// Both say where the trace comes from as well: lines for people, or one JSON object (NaN as null).
std::string to_text(const Trace& trace, const TraceSummary& summary);
std::string to_json(const Trace& trace, const TraceSummary& summary);

}  // namespace servesweep
