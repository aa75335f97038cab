// The body of the trace fuzz targets, one of which there is per format: any bytes either make a
// trace that keeps its promises or are refused with an InputError.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/error.hpp"
#include "host/workload/workload.hpp"
#include "io/traces/trace_reader.hpp"
#include "io/traces/trace_writer.hpp"

namespace servesweep {

inline void require(bool holds) {
  if (!holds) std::abort();
}

inline void check_promises(const Trace& trace, const TraceOptions& options) {
  constexpr std::int64_t kMaxTokens = std::numeric_limits<std::int32_t>::max();
  const std::size_t n = trace.size();
  require(n > 0);
  require(trace.prompt_tokens.size() == n && trace.output_tokens.size() == n);
  require(trace.predicted_tokens.empty() || trace.predicted_tokens.size() == n);
  for (const std::int32_t tokens : trace.predicted_tokens) require(tokens >= 0);
  require(trace.priority.empty() || trace.priority.size() == n);
  for (const std::int32_t priority : trace.priority) require(priority >= 0);
  require(trace.arrival_ns.front() == 0 && trace.arrival_ns.back() <= 4'000'000'000'000'000'000);
  for (std::size_t i = 0; i < n; ++i) {
    require(i == 0 || trace.arrival_ns[i] >= trace.arrival_ns[i - 1]);
    require(trace.prompt_tokens[i] >= 0);
    require(trace.output_tokens[i] >= (options.keep_failed ? 0 : 1));
    require(std::int64_t{trace.prompt_tokens[i]} + trace.output_tokens[i] <= kMaxTokens);
  }
  const std::int64_t dropped = options.keep_failed ? 0 : trace.rows_failed;
  require(trace.rows_read == static_cast<std::int64_t>(n) + dropped + trace.rows_skipped);
  require(options.on_bad_row == OnBadRow::kSkip || trace.rows_skipped == 0);
  require(trace.rows_out_of_order >= 0 && trace.rows_out_of_order < static_cast<std::int64_t>(n));
  require(trace.sha256.size() == 64);
  require(trace.session.empty() || trace.session.size() == n);
  require(trace.delay_ns.empty() || (trace.delay_ns.size() == n && trace.session.size() == n));
  require(!options.lengths_only || (!trace.has_times() && trace.arrival_ns.back() == 0));
}

// Each request has at most the full blocks of its prompt, a hash follows the same one everywhere,
// and hashes are numbered as they appear.
inline void check_prefixes(const Trace& trace) {
  if (trace.prefix_block_tokens == 0) {
    require(trace.prefix_begin.empty() && trace.prefix_hashes.empty());
    require(trace.num_prefix_hashes == 0);
    return;
  }
  require(trace.prefix_block_tokens > 0 && trace.prefix_begin.size() == trace.size() + 1);
  require(trace.prefix_begin.front() == 0);
  require(static_cast<std::size_t>(trace.prefix_begin.back()) == trace.prefix_hashes.size());
  std::vector<std::int32_t> before;  // [hash]
  for (std::size_t i = 0; i < trace.size(); ++i) {
    const std::int32_t count = trace.prefix_begin[i + 1] - trace.prefix_begin[i];
    require(count >= 0 &&
            count <= (trace.prompt_tokens[i] + trace.output_tokens[i]) / trace.prefix_block_tokens);
    std::int32_t last = -1;
    for (std::int32_t k = trace.prefix_begin[i]; k < trace.prefix_begin[i + 1]; ++k) {
      const std::int32_t hash = trace.prefix_hashes[static_cast<std::size_t>(k)];
      require(hash > last && hash <= static_cast<std::int32_t>(before.size()));
      if (hash == static_cast<std::int32_t>(before.size())) before.push_back(last);
      require(before[static_cast<std::size_t>(hash)] == last);
      last = hash;
    }
  }
  require(trace.num_prefix_hashes == static_cast<std::int32_t>(before.size()));
}

// What was read can be written, and read again as the same.
inline void check_round_trip(const Trace& trace) {
  const Workload workload{trace.arrival_ns, trace.prompt_tokens, trace.output_tokens,
                          trace.predicted_tokens, trace.priority};
  const Trace again = parse_trace(trace_csv(workload), "again", {true, OnBadRow::kError});
  require(again.arrival_ns == trace.arrival_ns);
  require(again.prompt_tokens == trace.prompt_tokens);
  require(again.output_tokens == trace.output_tokens);
  require(again.predicted_tokens == trace.predicted_tokens);
  require(again.priority == trace.priority);
  require(again.rows_out_of_order == 0);
}

// The first byte of the input chooses the options: 1 keeps failed requests, 2 skips bad rows, 4
// leaves the header to the input, 8 gives another unit and block size, 64 looks at lengths only. So
// '0' to '?' and 'p' to 'w' do, and seeds stay readable.
inline int fuzz_trace(const std::uint8_t* data, std::size_t size, std::string_view header) {
  if (size == 0) return 0;
  TraceOptions options{(data[0] & 1) != 0, (data[0] & 2) != 0 ? OnBadRow::kSkip : OnBadRow::kError};
  if ((data[0] & 8) != 0) {
    options.time_unit = TimeUnit::kMicroseconds;
    options.hash_block_tokens = 32;
  }
  options.lengths_only = (data[0] & 64) != 0;
  std::string text((data[0] & 4) != 0 ? "" : header);
  text.append(reinterpret_cast<const char*>(data + 1), size - 1);
  try {
    const Trace trace = parse_trace(text, "fuzz", options);
    check_promises(trace, options);
    check_prefixes(trace);
    check_round_trip(trace);
  } catch (const InputError& error) {
    require(!error.diagnostics().empty());
    for (const Diagnostic& d : error.diagnostics()) {
      require(d.line >= 0 && d.column >= 0 && !d.message.empty());
    }
  }
  return 0;
}

}  // namespace servesweep
