#include "io/traces/trace_rows.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>

#include "host/base/units.hpp"
#include "io/files/decimal.hpp"
#include "io/traces/formats/times.hpp"

namespace servesweep {
namespace {

constexpr std::size_t kMaxListed = 20;
constexpr std::int64_t kMaxTokens = std::numeric_limits<std::int32_t>::max();

template <class T>
void reorder(std::vector<T>& column, const std::vector<std::size_t>& order) {
  std::vector<T> sorted;
  sorted.reserve(column.size());
  for (const std::size_t row : order) sorted.push_back(column[row]);
  column = std::move(sorted);
}

}  // namespace

std::string excerpt(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  std::string shown = "'";
  for (const char c : text.substr(0, kLongest)) shown += c >= ' ' && c <= '~' ? c : '?';
  return shown + (text.size() > kLongest ? "...'" : "'");
}

TraceRows::TraceRows(FoundFormat found, const TextStream& text, const TraceOptions& options,
                     std::size_t most_bytes)
    : found_(std::move(found)),
      format_(found_.format),
      time_unit_(!found_.has_times || options.lengths_only ? TimeUnit::kAuto
                 : options.time_unit == TimeUnit::kAuto    ? format_.time_unit
                                                           : options.time_unit),
      file_(text.name()),
      options_(options),
      text_(text),
      most_bytes_(most_bytes),
      prefixes_(format_, options.hash_block_tokens),
      sessions_(format_) {}

// Lines are counted anew each time: there are few findings, which need not come in the text's
// order.
Diagnostic TraceRows::at(const char* where, std::string message) const {
  if (where == kZero.data()) where = text_.window().data();
  const std::string_view before =
      text_.window().substr(0, static_cast<std::size_t>(where - text_.window().data()));
  const auto line = text_.line() + std::count(before.begin(), before.end(), '\n');
  const std::size_t column = before.size() - (before.rfind('\n') + 1) + 1;
  return {file_, static_cast<int>(line), static_cast<int>(column), std::move(message)};
}

void TraceRows::check_memory(const char* where) const {
  const auto bytes = [](const auto& column) { return column.capacity() * sizeof column[0]; };
  const std::size_t taken = bytes(trace_.arrival_ns) + bytes(trace_.prompt_tokens) +
                            bytes(trace_.output_tokens) + bytes(trace_.predicted_tokens) +
                            bytes(trace_.priority) + bytes(trace_.session) +
                            bytes(trace_.delay_ns) + prefixes_.bytes() + sessions_.bytes();
  if (taken <= most_bytes_) return;
  throw InputError(
      {at(where, "too large a trace (" + format_count(trace_.rows_read) + " rows take " +
                     format_size(taken) + ", more than the " + format_size(most_bytes_) +
                     " that they may) raise --max-memory, or cut the trace")});
}

void TraceRows::bad(const char* where, const std::string& message) {
  ++trace_.rows_read;
  ++num_bad_;
  if (options_.on_bad_row == OnBadRow::kSkip || diagnostics_.size() == kMaxListed) return;
  diagnostics_.push_back(at(where, message));
}

bool TraceRows::parse_count(std::string_view field, std::string_view column, std::int32_t& count) {
  std::int64_t value = 0;
  if (parse_decimal(field, 0, value) != Decimal::kExact || value < 0 || value > kMaxTokens) {
    bad(field.data(), "invalid " + std::string(column) + "=" + excerpt(field) +
                          " (must be a whole number in [0, " + std::to_string(kMaxTokens) + "])");
    return false;
  }
  count = static_cast<std::int32_t>(value);
  return true;
}

// From the row's own time, or from its session's last one and the delay after it.
bool TraceRows::read_time(const Fields& fields, std::int64_t& time_ns) {
  const std::int32_t session = sessions_.next(fields.session, fields.parent);
  std::int64_t delay_ns = -1;
  const auto read = [&](std::string_view column, std::string_view text, std::int64_t& ns) {
    if (parse_time(time_unit_, text, ns)) return true;
    bad(text.data(), "invalid " + std::string(column) + "=" + excerpt(text) + " (must be " +
                         time_rule(time_unit_) + ")");
    return false;
  };
  if (fields.time.data() != nullptr) {
    if (!read(format_.time, fields.time, time_ns)) return false;
  } else if (session < 0 || !sessions_.has_time(session)) {
    bad(fields.prompt.data(),
        "missing '" + std::string(format_.time) + "' (every row must have " +
            (format_.delay.empty() ? "it)"
                                   : "it, but for later turns of a session, which may have '" +
                                         std::string(format_.delay) + "' instead)"));
    return false;
  } else {
    delay_ns = 0;
    if (fields.delay.data() != nullptr && !read(format_.delay, fields.delay, delay_ns))
      return false;
    constexpr std::int64_t kLatest_ns = 4'000'000'000'000'000'000;  // as parse_time() has it
    if (delay_ns < 0 || sessions_.time_ns(session) > kLatest_ns - delay_ns) {
      bad(fields.delay.data(), "invalid " + std::string(format_.delay) + "=" +
                                   excerpt(fields.delay) + " (must be a time of at least 0)");
      return false;
    }
    time_ns = sessions_.time_ns(session) + delay_ns;
  }
  if (session >= 0) sessions_.time_ns(session) = time_ns;
  session_ = session;
  delay_ns_ = delay_ns;
  return true;
}

bool TraceRows::read_prefixes(const Fields& fields, std::int32_t hashed_tokens) {
  PrefixRows::Problem problem;
  switch (prefixes_.read(fields.prefix_name, fields.prefix_hashes, hashed_tokens, problem)) {
    case PrefixRows::Found::kGood:
      return true;
    case PrefixRows::Found::kBad:
      bad(problem.where, problem.message);
      return false;
    case PrefixRows::Found::kTooMany:
      if (++num_too_many_hashes_ == 1) too_many_hashes_ = at(problem.where, problem.message);
      ++trace_.rows_read;
      return false;
  }
  return false;
}

void TraceRows::add(const Fields& fields) {
  std::int64_t time_ns = 0;
  std::int32_t prompt = 0, output = 0, predicted = 0, priority = 0;
  if (time_unit_ != TimeUnit::kAuto && !read_time(fields, time_ns)) return;
  if (!parse_count(fields.prompt, format_.prompt, prompt)) return;
  if (!parse_count(fields.output, format_.output, output)) return;
  if (std::int64_t{prompt} + output > kMaxTokens) {
    bad(fields.prompt.data(), "too many tokens: " + std::to_string(prompt) + " + " +
                                  std::to_string(output) + " (prompt and output together must " +
                                  "be at most " + std::to_string(kMaxTokens) + ")");
    return;
  }
  if (has_predicted_ && !parse_count(fields.predicted, format_.predicted, predicted)) return;
  if (has_priority_ && !parse_count(fields.priority, format_.priority, priority)) return;
  const std::int32_t hashed_tokens = prompt + (format_.prefix_covers_output ? output : 0);
  if (!options_.lengths_only && !read_prefixes(fields, hashed_tokens)) return;

  constexpr std::int64_t kRowsBetweenChecks = 1024;
  if (trace_.rows_read % kRowsBetweenChecks == 0) check_memory(fields.prompt.data());
  ++trace_.rows_read;
  if (output == 0) {
    ++trace_.rows_failed;
    if (!options_.keep_failed) return;
  }
  std::vector<std::int64_t>& times = trace_.arrival_ns;
  has_parts_of_ms_ |= time_ns % 1'000'000 != 0;
  if (time_ns < first_ns_) {
    first_ns_ = time_ns;
    first_row_ = trace_.rows_read;
  }
  if (time_ns > last_ns_) {
    last_ns_ = time_ns;
    last_row_ = trace_.rows_read;
  }
  if (!times.empty() && time_ns < times.back()) ++trace_.rows_out_of_order;
  // Columns that few traces have begin where they are first needed.
  const auto keep_from_now_on = [&](auto& column, auto value) {
    if (value >= 0 && column.empty()) column.assign(times.size(), -1);
    if (value >= 0 || !column.empty()) column.push_back(value);
  };
  keep_from_now_on(trace_.session, session_);
  keep_from_now_on(trace_.delay_ns, delay_ns_);
  times.push_back(time_ns);
  trace_.prompt_tokens.push_back(prompt);
  trace_.output_tokens.push_back(output);
  if (has_predicted_) trace_.predicted_tokens.push_back(predicted);
  if (has_priority_) trace_.priority.push_back(priority);
  if (!options_.lengths_only) prefixes_.keep();
}

void TraceRows::sort_by_time() {
  std::vector<std::size_t> order(trace_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return trace_.arrival_ns[a] < trace_.arrival_ns[b];
  });
  reorder(trace_.arrival_ns, order);
  reorder(trace_.prompt_tokens, order);
  reorder(trace_.output_tokens, order);
  if (has_predicted_) reorder(trace_.predicted_tokens, order);
  if (has_priority_) reorder(trace_.priority, order);
  if (!trace_.session.empty()) reorder(trace_.session, order);
  if (!trace_.delay_ns.empty()) reorder(trace_.delay_ns, order);
  prefixes_.reorder(order);
}

// Traces of tools that write other units under a format's names.
void TraceRows::check_time_unit() {
  if (time_unit_ != TimeUnit::kMilliseconds || options_.time_unit != TimeUnit::kAuto ||
      !has_parts_of_ms_) {
    return;
  }
  trace_.warnings.push_back(
      "times are read as milliseconds, but some are no whole ones (the columns are those of " +
      std::string(format_.name) + ") set time_unit = \"s\" if they are seconds, or \"ms\"");
}

Trace TraceRows::finish() {
  if (too_many_hashes_) {
    if (num_too_many_hashes_ > 1) {
      too_many_hashes_->message +=
          "; likewise in " + format_count(num_too_many_hashes_ - 1, "further row");
    }
    too_many_hashes_->message +=
        ") set hash_block to the tokens of a block" + prefixes_.likely_block();
    throw InputError({*too_many_hashes_});
  }
  const auto refuse = [this](const std::string& message) {
    diagnostics_.push_back({file_, 0, 0, message});
    throw InputError(std::move(diagnostics_));
  };
  const std::string of_rows =
      std::to_string(trace_.rows_read) + (trace_.rows_read == 1 ? " row" : " rows");
  if (options_.on_bad_row == OnBadRow::kError && num_bad_ > 0) {
    std::string listed;
    if (diagnostics_.size() < static_cast<std::size_t>(num_bad_)) {
      listed = ", the first " + std::to_string(diagnostics_.size()) + " are above";
    }
    refuse("bad trace (" + std::to_string(num_bad_) + " of " + of_rows + listed +
           ") correct the file, or set on_bad_row = \"skip\"");
  }
  trace_.format = format_.name;
  trace_.time_unit = time_unit_;
  trace_.ignored_names = found_.ignored_names;
  trace_.rows_skipped = num_bad_;
  if (trace_.size() == 0) {
    if (trace_.rows_read == 0) refuse("no requests (the trace is a header alone) add rows");
    if (trace_.rows_failed == 0) refuse("no requests (bad: all of " + of_rows + ") see the format");
    refuse("no requests (failed, that is without output: " + std::to_string(trace_.rows_failed) +
           ", bad: " + std::to_string(num_bad_) + ", of " + of_rows +
           ") set keep_failed = true to have the failed ones");
  }

  if (trace_.rows_out_of_order > 0) sort_by_time();
  std::vector<std::int64_t>& times = trace_.arrival_ns;
  const std::int64_t first = times.front();
  if (last_ns_ - first_ns_ > kMaxSpan_ns) {
    refuse("too long a trace (row " + std::to_string(last_row_) + " is " +
           std::to_string((last_ns_ - first_ns_) / 1'000'000'000) + " s after row " +
           std::to_string(first_row_) + "; at most " + std::to_string(kMaxSpan_ns / 1'000'000'000) +
           " s) look for a wrong time");
  }
  for (std::int64_t& time : times) time -= first;
  check_time_unit();
  if (!options_.lengths_only) prefixes_.finish(trace_);
  return std::move(trace_);
}

}  // namespace servesweep
