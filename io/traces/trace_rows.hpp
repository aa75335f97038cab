// Collects the rows of a trace, whatever their syntax: checks numbers and limits, keeps the
// findings, drops failed requests, and in the end sorts by time.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/error.hpp"
#include "host/workload/trace.hpp"
#include "io/files/text_stream.hpp"
#include "io/traces/prefix_rows.hpp"
#include "io/traces/session_rows.hpp"
#include "io/traces/trace_format.hpp"

namespace servesweep {

class TraceRows {
 public:
  // Longest trace: what a time that is written again may be.
  static constexpr std::int64_t kMaxSpan_ns = 4'000'000'000'000'000'000;

  // `text` is the file's text; views given to add() and bad() point into its window.
  TraceRows(FoundFormat found, const TextStream& text, const TraceOptions& options,
            std::size_t most_bytes);

  // The fields of a row as written; predicted and priority are ignored unless the trace has them,
  // others are null where a row has none.
  struct Fields {
    std::string_view time, prompt, output, predicted, priority, prefix_name, prefix_hashes, session,
        parent, delay, error;
  };
  // A length that is not in the file; what is wrong with its row is placed at the window's start.
  static std::string_view zero() { return kZero; }
  void set_has_predicted(bool has_predicted) { has_predicted_ = has_predicted; }
  void set_has_priority(bool has_priority) { has_priority_ = has_priority; }
  TimeUnit time_unit() const { return time_unit_; }  // kAuto: times are not read
  // Throws InputError where the rows take more than most_bytes.
  void add(const Fields& fields);
  void bad(const char* where, const std::string& message);

  // The trace, less path and checksum. Throws InputError if rows are bad (and not to be skipped),
  // none is left, they span too long a time, or lists of hashes are too long for their blocks.
  Trace finish();

 private:
  static constexpr std::string_view kZero = "0";

  Diagnostic at(const char* where, std::string message) const;
  void check_memory(const char* where) const;
  bool parse_count(std::string_view field, std::string_view column, std::int32_t& count);
  bool read_time(const Fields& fields, std::int64_t& time_ns);
  bool read_prefixes(const Fields& fields, std::int32_t hashed_tokens);
  void sort_by_time();
  void check_time_unit();

  const FoundFormat found_;
  const TraceFormat& format_;
  const TimeUnit time_unit_;  // kAuto: times are not read
  std::string file_;
  TraceOptions options_;
  const TextStream& text_;
  const std::size_t most_bytes_;
  bool has_predicted_ = false;
  bool has_priority_ = false;
  PrefixRows prefixes_;
  SessionRows sessions_;
  Trace trace_;  // arrivals as in the file until finish()

  std::int64_t num_bad_ = 0;
  std::optional<Diagnostic> too_many_hashes_;  // of the first row that has
  std::int64_t num_too_many_hashes_ = 0;
  std::int64_t first_row_ = 0, last_row_ = 0;  // by time, from 1
  std::int64_t first_ns_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t last_ns_ = std::numeric_limits<std::int64_t>::min();
  std::int32_t session_ = -1;     // of the row that was read last
  std::int64_t delay_ns_ = -1;    // likewise
  bool has_parts_of_ms_ = false;  // times below a millisecond
  std::vector<Diagnostic> diagnostics_;
};

// Text from a file inside a message: in quotes, short, printable.
std::string excerpt(std::string_view text);

}  // namespace servesweep
