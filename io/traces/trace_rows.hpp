// Collects the rows of a trace, whatever their syntax: checks numbers and limits, keeps the
// findings, drops failed requests, and in the end sorts by time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/error.hpp"
#include "host/workload/trace.hpp"
#include "io/traces/prefix_rows.hpp"
#include "io/traces/trace_format.hpp"

namespace servesweep {

class TraceRows {
 public:
  // Longest trace: what a double holds in whole nanoseconds (104 days).
  static constexpr std::int64_t kMaxSpan_ns = 9'000'000'000'000'000;

  // `text` is the file's text, which views given to add() and bad() point into.
  TraceRows(const TraceFormat& format, std::string_view text, std::string file,
            const TraceOptions& options);

  // The fields of a row as written; predicted and priority are ignored unless the trace has them,
  // a row without prefix hashes has null for their name and list.
  struct Fields {
    std::string_view time, prompt, output, predicted, priority, prefix_name, prefix_hashes;
  };
  void set_has_predicted(bool has_predicted) { has_predicted_ = has_predicted; }
  void set_has_priority(bool has_priority) { has_priority_ = has_priority; }
  void add(const Fields& fields);
  void bad(const char* where, const std::string& message);

  // The trace, less path and checksum. Throws InputError if rows are bad (and not to be skipped),
  // none is left, or they span too long a time.
  Trace finish();

 private:
  bool parse_count(std::string_view field, std::string_view column, std::int32_t& count);
  void sort_by_time();

  const TraceFormat& format_;
  std::string file_;
  TraceOptions options_;
  std::string_view text_;
  bool has_predicted_ = false;
  bool has_priority_ = false;
  PrefixRows prefixes_;
  Trace trace_;  // arrivals as in the file until finish()

  std::int64_t num_bad_ = 0;
  std::vector<Diagnostic> diagnostics_;
};

// Text from a file inside a message: in quotes, short, printable.
std::string excerpt(std::string_view text);

}  // namespace servesweep
