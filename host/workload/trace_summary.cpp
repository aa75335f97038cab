#include "host/workload/trace_summary.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <numeric>
#include <unordered_map>
#include <utility>
#include <vector>

#include "host/base/statistics.hpp"
#include "host/base/units.hpp"

namespace servesweep {
namespace {

using Tokens = std::vector<std::int64_t>;

constexpr double kNs_per_s = 1e9;

LengthSummary summarize_lengths(Tokens tokens) {
  std::sort(tokens.begin(), tokens.end());
  LengthSummary s;
  s.mean = static_cast<double>(std::accumulate(tokens.begin(), tokens.end(), std::int64_t{0})) /
           static_cast<double>(tokens.size());
  s.p50 = quantile_sorted(tokens, 0.50);
  s.p90 = quantile_sorted(tokens, 0.90);
  s.p95 = quantile_sorted(tokens, 0.95);
  s.p99 = quantile_sorted(tokens, 0.99);
  s.max = tokens.back();
  return s;
}

// Ranks from 1; equal values share the mean of their ranks.
std::vector<double> ranks(const std::vector<std::int32_t>& values) {
  std::vector<std::pair<std::int32_t, std::size_t>> sorted(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) sorted[i] = {values[i], i};
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> rank(values.size());
  for (std::size_t begin = 0, end = 0; begin < sorted.size(); begin = end) {
    while (end < sorted.size() && sorted[end].first == sorted[begin].first) ++end;
    const double shared = static_cast<double>(begin + 1 + end) / 2;
    for (std::size_t i = begin; i < end; ++i) rank[sorted[i].second] = shared;
  }
  return rank;
}

// Pearson's correlation of two samples that both have the ranks' mean, (n + 1) / 2.
double correlation_of_ranks(const std::vector<double>& a, const std::vector<double>& b) {
  const double mean_rank = static_cast<double>(a.size() + 1) / 2;
  double aa = 0, bb = 0, ab = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = a[i] - mean_rank, y = b[i] - mean_rank;
    aa += x * x;
    bb += y * y;
    ab += x * y;
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : std::nan("");
}

SharingSummary summarize_sharing(const Trace& trace) {
  SharingSummary s;
  s.blocks = static_cast<std::int64_t>(trace.prefix_hashes.size());
  std::vector<std::int32_t> uses(static_cast<std::size_t>(trace.num_prefix_hashes), 0);  // [hash]
  std::int64_t prompt_tokens = 0, found_tokens = 0;
  std::int32_t num_known = 0;  // hashes count up as they appear: those below are known
  for (std::size_t i = 0; i < trace.size(); ++i) {
    const std::int64_t full = trace.prompt_tokens[i] / trace.prefix_block_tokens;
    std::int64_t found = 0;
    std::int32_t newest = num_known;
    for (std::int32_t k = trace.prefix_begin[i]; k < trace.prefix_begin[i + 1]; ++k) {
      const std::int32_t hash = trace.prefix_hashes[static_cast<std::size_t>(k)];
      ++uses[static_cast<std::size_t>(hash)];
      found += hash < num_known && k - trace.prefix_begin[i] < full;
      newest = std::max(newest, hash + 1);
    }
    num_known = newest;
    prompt_tokens += trace.prompt_tokens[i];
    found_tokens += found * trace.prefix_block_tokens;
  }
  for (const std::int32_t n : uses) ++(n > 1 ? s.shared_blocks : s.unique_blocks);
  s.ideal_hit_rate = static_cast<double>(found_tokens) / static_cast<double>(prompt_tokens);
  return s;
}

SessionSummary summarize_sessions(const Trace& trace) {
  SessionSummary s;
  std::unordered_map<std::int32_t, std::int64_t> turns;  // by session
  std::int64_t in_sessions = 0;
  for (const std::int32_t session : trace.session) {
    if (session < 0) continue;
    ++in_sessions;
    s.max_turns = std::max(s.max_turns, ++turns[session]);
  }
  s.sessions = static_cast<std::int64_t>(turns.size());
  s.mean_turns = static_cast<double>(in_sessions) / static_cast<double>(turns.size());
  Tokens delays_ns;
  for (const std::int64_t delay_ns : trace.delay_ns) {
    if (delay_ns >= 0) delays_ns.push_back(delay_ns);
  }
  s.waiting = static_cast<std::int64_t>(delays_ns.size());
  s.mean_delay_s = s.median_delay_s = std::nan("");
  if (delays_ns.empty()) return s;
  const LengthSummary delays = summarize_lengths(std::move(delays_ns));
  s.mean_delay_s = delays.mean / kNs_per_s;
  s.median_delay_s = delays.p50 / kNs_per_s;
  return s;
}

constexpr const char* kUnitTexts[] = {
    "", "seconds", "milliseconds", "microseconds", "nanoseconds", "dates"};  // [TimeUnit]

std::string shortened_list(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 10, kLongest = 40;
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i == kMost) return text + ", ...";
    text += (i > 0 ? ", " : "") + names[i].substr(0, kLongest);
  }
  return text;
}

nlohmann::ordered_json lengths_json(const LengthSummary& s) {
  return {{"mean", s.mean}, {"p50", s.p50}, {"p90", s.p90},
          {"p95", s.p95},   {"p99", s.p99}, {"max", s.max}};
}

}  // namespace

TraceSummary summarize(const Trace& trace) {
  std::vector<std::int64_t> times_ns;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    if (trace.delay_ns.empty() || trace.delay_ns[i] < 0) times_ns.push_back(trace.arrival_ns[i]);
  }
  std::vector<double> gaps_s;
  gaps_s.reserve(times_ns.size());
  for (std::size_t i = 1; i < times_ns.size(); ++i) {
    gaps_s.push_back(static_cast<double>(times_ns[i] - times_ns[i - 1]) / kNs_per_s);
  }
  const auto intervals = static_cast<double>(gaps_s.size());

  TraceSummary s;
  s.requests = static_cast<std::int64_t>(trace.size());
  if (!times_ns.empty() && trace.has_times()) {
    s.span_s = static_cast<double>(times_ns.back() - times_ns.front()) / kNs_per_s;
    s.rate_per_s = s.span_s > 0 ? intervals / s.span_s : std::nan("");
    s.interarrival_mean_s = gaps_s.empty() ? std::nan("") : s.span_s / intervals;
    s.interarrival_cv = s.span_s > 0 ? coefficient_of_variation(gaps_s) : std::nan("");
  } else {
    s.span_s = s.rate_per_s = s.interarrival_mean_s = s.interarrival_cv = std::nan("");
  }
  if (trace.prefix_block_tokens > 0) s.sharing = summarize_sharing(trace);
  if (!trace.session.empty()) s.sessions = summarize_sessions(trace);

  const auto tokens = [](const std::vector<std::int32_t>& column) {
    return Tokens(column.begin(), column.end());
  };
  Tokens total = tokens(trace.prompt_tokens);
  for (std::size_t i = 0; i < total.size(); ++i) total[i] += trace.output_tokens[i];
  s.prompt = summarize_lengths(tokens(trace.prompt_tokens));
  s.output = summarize_lengths(tokens(trace.output_tokens));
  s.total = summarize_lengths(std::move(total));
  if (!trace.predicted_tokens.empty()) {
    s.predicted = summarize_lengths(tokens(trace.predicted_tokens));
  }
  s.rank_correlation = correlation_of_ranks(ranks(trace.prompt_tokens), ranks(trace.output_tokens));
  return s;
}

std::string to_text(const Trace& trace, const TraceSummary& s) {
  std::string text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "file           {}\n", trace.path);
  fmt::format_to(out, "format         {}\n", trace.format);
  fmt::format_to(out, "times          {}\n",
                 trace.has_times() ? kUnitTexts[static_cast<std::size_t>(trace.time_unit)]
                                   : "none: of use for lengths only");
  fmt::format_to(out, "sha256         {}\n", trace.sha256);
  const bool failed_kept = s.requests == trace.rows_read - trace.rows_skipped;
  fmt::format_to(out, "rows           {}", trace.rows_read);
  if (trace.rows_failed > 0) {
    fmt::format_to(out, ", {} failed ({})", trace.rows_failed, failed_kept ? "kept" : "dropped");
  }
  if (trace.rows_skipped > 0) fmt::format_to(out, ", {} bad (skipped)", trace.rows_skipped);
  if (trace.rows_out_of_order > 0) {
    fmt::format_to(out, ", {} out of order (sorted)", trace.rows_out_of_order);
  }
  fmt::format_to(out, "\nrequests       {}\n", s.requests);
  if (trace.has_times()) {
    fmt::format_to(out, "span           {:.10g} s\n", s.span_s);
    fmt::format_to(out, "rate           {:.4g} requests/s\n", s.rate_per_s);
    fmt::format_to(out, "inter-arrival  mean {:.4g} s, coefficient of variation {:.3g}\n",
                   s.interarrival_mean_s, s.interarrival_cv);
  }
  if (s.sharing) {
    fmt::format_to(out, "prefixes       blocks of {} tokens: {} unique, {} shared, {} in all\n",
                   trace.prefix_block_tokens, s.sharing->unique_blocks, s.sharing->shared_blocks,
                   s.sharing->blocks);
    fmt::format_to(out, "ideal hits     {:.3f} of prompt tokens\n", s.sharing->ideal_hit_rate);
  }
  if (s.sessions) {
    fmt::format_to(out, "sessions       {}, turns: mean {:.4g}, max {}\n", s.sessions->sessions,
                   s.sessions->mean_turns, s.sessions->max_turns);
    if (s.sessions->waiting > 0) {
      fmt::format_to(out,
                     "delays         {} after the answer before: mean {:.4g} s, median {:.4g} s\n",
                     format_count(s.sessions->waiting, "request"), s.sessions->mean_delay_s,
                     s.sessions->median_delay_s);
    }
  }
  if (!trace.ignored_names.empty()) {
    fmt::format_to(out, "not read       {}\n", shortened_list(trace.ignored_names));
  }
  fmt::format_to(out, "rank correlation of prompt and output  {:.3f}\n\n", s.rank_correlation);

  constexpr const char* kRow = "{:<10}{:>10}{:>10}{:>10}{:>10}{:>10}{:>12}\n";
  fmt::format_to(out, fmt::runtime(kRow), "tokens", "mean", "p50", "p90", "p95", "p99", "max");
  const auto row = [&](const char* name, const LengthSummary& l) {
    const auto rounded = [](double value) { return fmt::format("{:.1f}", value); };
    fmt::format_to(out, fmt::runtime(kRow), name, rounded(l.mean), rounded(l.p50), rounded(l.p90),
                   rounded(l.p95), rounded(l.p99), l.max);
  };
  row("prompt", s.prompt);
  row("output", s.output);
  row("total", s.total);
  if (s.predicted) row("predicted", *s.predicted);
  return text;
}

std::string to_json(const Trace& trace, const TraceSummary& s) {
  nlohmann::ordered_json tokens{{"prompt", lengths_json(s.prompt)},
                                {"output", lengths_json(s.output)},
                                {"total", lengths_json(s.total)}};
  if (s.predicted) tokens["predicted"] = lengths_json(*s.predicted);
  nlohmann::ordered_json json{
      {"file", trace.path},
      {"format", trace.format},
      {"times", trace.has_times()
                    ? nlohmann::ordered_json(kUnitTexts[static_cast<std::size_t>(trace.time_unit)])
                    : nullptr},
      {"sha256", trace.sha256},
      {"rows_read", trace.rows_read},
      {"rows_failed", trace.rows_failed},
      {"rows_skipped", trace.rows_skipped},
      {"rows_out_of_order", trace.rows_out_of_order},
      {"requests", s.requests},
      {"span_s", s.span_s},
      {"rate_per_s", s.rate_per_s},
      {"interarrival_mean_s", s.interarrival_mean_s},
      {"interarrival_cv", s.interarrival_cv},
      {"rank_correlation", s.rank_correlation},
      {"tokens", tokens},
      {"ignored_names", trace.ignored_names}};
  if (s.sharing) {
    json["prefixes"] = {{"block_tokens", trace.prefix_block_tokens},
                        {"blocks", s.sharing->blocks},
                        {"unique_blocks", s.sharing->unique_blocks},
                        {"shared_blocks", s.sharing->shared_blocks},
                        {"ideal_hit_rate", s.sharing->ideal_hit_rate}};
  }
  if (s.sessions) {
    json["sessions"] = {
        {"sessions", s.sessions->sessions},         {"mean_turns", s.sessions->mean_turns},
        {"max_turns", s.sessions->max_turns},       {"waiting", s.sessions->waiting},
        {"mean_delay_s", s.sessions->mean_delay_s}, {"median_delay_s", s.sessions->median_delay_s}};
  }
  // What is no number is written as null. A path need not be valid UTF-8.
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace servesweep
