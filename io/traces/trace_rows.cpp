#include "io/traces/trace_rows.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>

#include "io/files/decimal.hpp"

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

// Estimates the number of rows from the mean length of the first lines, with a little to spare.
std::size_t estimated_rows(std::string_view text) {
  const std::string_view head = text.substr(0, 1 << 16);
  const auto lines = static_cast<std::size_t>(std::count(head.begin(), head.end(), '\n'));
  return text.size() / std::max<std::size_t>(head.size(), 1) * lines * 21 / 20 + lines;
}

}  // namespace

std::string excerpt(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  std::string shown = "'";
  for (const char c : text.substr(0, kLongest)) shown += c >= ' ' && c <= '~' ? c : '?';
  return shown + (text.size() > kLongest ? "...'" : "'");
}

TraceRows::TraceRows(const TraceFormat& format, std::string_view text, std::string file,
                     const TraceOptions& options)
    : format_(format), file_(std::move(file)), options_(options), text_(text), prefixes_(format) {
  const std::size_t rows = estimated_rows(text);
  trace_.arrival_ns.reserve(rows);
  trace_.prompt_tokens.reserve(rows);
  trace_.output_tokens.reserve(rows);
}

void TraceRows::bad(const char* where, const std::string& message) {
  ++trace_.rows_read;
  ++num_bad_;
  if (options_.on_bad_row == OnBadRow::kSkip || diagnostics_.size() == kMaxListed) return;
  // Counted anew each time: there are few, and they need not come in the text's order.
  const std::string_view before = text_.substr(0, static_cast<std::size_t>(where - text_.data()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t column = before.size() - (before.rfind('\n') + 1) + 1;
  diagnostics_.push_back({file_, static_cast<int>(line), static_cast<int>(column), message});
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

void TraceRows::add(const Fields& fields) {
  std::int64_t time_ns = 0;
  std::int32_t prompt = 0, output = 0, predicted = 0, priority = 0;
  if (!format_.parse_time(fields.time, time_ns)) {
    bad(fields.time.data(), "invalid " + std::string(format_.time) + "=" + excerpt(fields.time) +
                                " (must be " + std::string(format_.time_rule) + ")");
    return;
  }
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
  PrefixRows::Problem problem;
  const std::int32_t hashed_tokens = prompt + (format_.prefix_covers_output ? output : 0);
  if (!prefixes_.read(fields.prefix_name, fields.prefix_hashes, hashed_tokens, problem)) {
    bad(problem.where, problem.message);
    return;
  }

  ++trace_.rows_read;
  if (output == 0) {
    ++trace_.rows_failed;
    if (!options_.keep_failed) return;
  }
  std::vector<std::int64_t>& times = trace_.arrival_ns;
  if (!times.empty() && time_ns < times.back()) ++trace_.rows_out_of_order;
  times.push_back(time_ns);
  trace_.prompt_tokens.push_back(prompt);
  trace_.output_tokens.push_back(output);
  if (has_predicted_) trace_.predicted_tokens.push_back(predicted);
  if (has_priority_) trace_.priority.push_back(priority);
  prefixes_.keep();
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
  prefixes_.reorder(order);
}

Trace TraceRows::finish() {
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
  if (times.back() - first > kMaxSpan_ns) {
    refuse("too long a trace (its last request is " +
           std::to_string((times.back() - first) / 1'000'000'000) + " s after the first; at most " +
           std::to_string(kMaxSpan_ns / 1'000'000'000) + " s) cut it, or look for a wrong time");
  }
  for (std::int64_t& time : times) time -= first;
  prefixes_.finish(trace_);
  return std::move(trace_);
}

}  // namespace servesweep
