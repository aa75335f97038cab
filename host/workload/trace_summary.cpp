#include "host/workload/trace_summary.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <numeric>
#include <utility>
#include <vector>

#include "host/base/statistics.hpp"

namespace servesweep {
namespace {

using Tokens = std::vector<std::int64_t>;

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

nlohmann::ordered_json lengths_json(const LengthSummary& s) {
  return {{"mean", s.mean}, {"p50", s.p50}, {"p90", s.p90},
          {"p95", s.p95},   {"p99", s.p99}, {"max", s.max}};
}

}  // namespace

TraceSummary summarize(const Trace& trace) {
  constexpr double kNs_per_s = 1e9;
  const std::vector<std::int64_t>& arrival_ns = trace.arrival_ns;
  std::vector<double> gaps_s;
  gaps_s.reserve(trace.size());
  for (std::size_t i = 1; i < trace.size(); ++i) {
    gaps_s.push_back(static_cast<double>(arrival_ns[i] - arrival_ns[i - 1]) / kNs_per_s);
  }
  const auto intervals = static_cast<double>(gaps_s.size());

  TraceSummary s;
  s.requests = static_cast<std::int64_t>(trace.size());
  s.span_s = static_cast<double>(arrival_ns.back() - arrival_ns.front()) / kNs_per_s;
  s.rate_per_s = s.span_s > 0 ? intervals / s.span_s : std::nan("");
  s.interarrival_mean_s = gaps_s.empty() ? std::nan("") : s.span_s / intervals;
  s.interarrival_cv = s.span_s > 0 ? coefficient_of_variation(gaps_s) : std::nan("");

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
  fmt::format_to(out, "span           {:.6g} s\n", s.span_s);
  fmt::format_to(out, "rate           {:.4g} requests/s\n", s.rate_per_s);
  fmt::format_to(out, "inter-arrival  mean {:.4g} s, coefficient of variation {:.3g}\n",
                 s.interarrival_mean_s, s.interarrival_cv);
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
  const nlohmann::ordered_json json{{"file", trace.path},
                                    {"format", trace.format},
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
                                    {"tokens", tokens}};
  // What is no number is written as null. A path need not be valid UTF-8.
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace servesweep
