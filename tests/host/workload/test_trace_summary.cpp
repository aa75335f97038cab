// Summaries of small traces, with values worked out by hand.
#include <nlohmann/json.hpp>
#include <cmath>
#include <string>

#include "host/workload/trace_summary.hpp"
#include "tests/support/catch.hpp"

using namespace servesweep;
using Catch::Matchers::ContainsSubstring;

namespace {

Trace small_trace() {
  Trace t;
  t.arrival_ns = {0, 1'000'000'000, 1'000'000'000, 4'000'000'000, 8'000'000'000};
  t.prompt_tokens = {10, 20, 20, 40, 50};
  t.output_tokens = {5, 1, 2, 4, 3};
  t.path = "t.csv";
  t.format = "burstgpt";
  t.sha256 = "ab12";
  t.rows_read = 8;
  t.rows_failed = 2;
  t.rows_skipped = 1;
  t.rows_out_of_order = 3;
  return t;
}

}  // namespace

TEST_CASE("load and burstiness") {
  const TraceSummary s = summarize(small_trace());
  CHECK(s.requests == 5);
  CHECK(s.span_s == 8);
  CHECK(s.rate_per_s == 0.5);
  CHECK(s.interarrival_mean_s == 2);
  // gaps 1, 0, 3, 4: deviations from 2 square to 1 + 4 + 1 + 4 = 10
  CHECK(s.interarrival_cv == Approx(std::sqrt(10.0 / 3) / 2).epsilon(1e-14));
}

TEST_CASE("lengths") {
  const TraceSummary s = summarize(small_trace());
  CHECK(s.prompt.mean == 28);
  CHECK(s.prompt.p50 == 20);
  CHECK(s.prompt.p90 == Approx(46));  // place 3.6 of 0..4
  CHECK(s.prompt.p95 == Approx(48));
  CHECK(s.prompt.p99 == Approx(49.6));
  CHECK(s.prompt.max == 50);
  CHECK(s.output.mean == 3);
  CHECK(s.output.p90 == Approx(4.6));
  CHECK(s.total.mean == 31);
  CHECK(s.total.max == 53);
  CHECK_FALSE(s.predicted);
  Trace predicting = small_trace();
  predicting.predicted_tokens = {0, 0, 0, 0, 7};
  CHECK(summarize(predicting).predicted.value().max == 7);
  CHECK(summarize(predicting).predicted.value().mean == Approx(1.4));
}

TEST_CASE("rank correlation") {
  // Ranks 1, 2.5, 2.5, 4, 5 and 5, 1, 2, 4, 3; by deviations from their mean of 3:
  // (-2)(2) + (-.5)(-2) + (-.5)(-1) + (1)(1) + (2)(0) = -1.5; squares 9.5 and 10
  CHECK(summarize(small_trace()).rank_correlation == Approx(-1.5 / std::sqrt(95.0)).epsilon(1e-14));
  Trace t = small_trace();
  t.output_tokens = {1, 7, 7, 800, 900};
  CHECK(summarize(t).rank_correlation == Approx(1));
  t.output_tokens = {9, 7, 7, 2, 1};
  CHECK(summarize(t).rank_correlation == Approx(-1));
  t.output_tokens = {3, 3, 3, 3, 3};
  CHECK(std::isnan(summarize(t).rank_correlation));
}

TEST_CASE("one request, or all at once: what is undefined is NaN") {
  Trace t;
  t.arrival_ns = {0};
  t.prompt_tokens = {2147483646};
  t.output_tokens = {1};
  TraceSummary s = summarize(t);
  CHECK(s.span_s == 0);
  CHECK(std::isnan(s.rate_per_s));
  CHECK(std::isnan(s.interarrival_mean_s));
  CHECK(std::isnan(s.interarrival_cv));
  CHECK(std::isnan(s.rank_correlation));
  CHECK(s.total.p99 == 2147483647);
  t.arrival_ns = {0, 0};
  t.prompt_tokens = {2, 1};
  t.output_tokens = {2, 1};
  s = summarize(t);
  CHECK(std::isnan(s.rate_per_s));
  CHECK(s.interarrival_mean_s == 0);
  CHECK(std::isnan(s.interarrival_cv));
  CHECK(s.rank_correlation == 1);
}

TEST_CASE("the summary as text") {
  const Trace t = small_trace();
  const std::string text = to_text(t, summarize(t));
  CHECK_THAT(text, ContainsSubstring("file           t.csv\n"));
  CHECK_THAT(text, ContainsSubstring("rows           8, 2 failed (dropped), 1 bad (skipped), "
                                     "3 out of order (sorted)\n"));
  CHECK_THAT(text, ContainsSubstring("requests       5\n"));
  CHECK_THAT(text, ContainsSubstring("rate           0.5 requests/s\n"));
  CHECK_THAT(text, ContainsSubstring("prompt          28.0      20.0      46.0      48.0      49.6"
                                     "          50\n"));
  CHECK_THAT(text, !ContainsSubstring("predicted"));
  Trace kept = t;
  kept.rows_read = 6;
  CHECK_THAT(to_text(kept, summarize(kept)), ContainsSubstring("2 failed (kept)"));
}

TEST_CASE("the summary as JSON") {
  Trace t = small_trace();
  t.predicted_tokens = {1, 2, 3, 4, 5};
  t.path = "caf\xe9.csv";  // Latin-1: not UTF-8
  const auto json = nlohmann::json::parse(to_json(t, summarize(t)));
  CHECK(json.at("format") == "burstgpt");
  CHECK(json.at("rows_read") == 8);
  CHECK(json.at("rows_failed") == 2);
  CHECK(json.at("requests") == 5);
  CHECK(json.at("interarrival_mean_s") == 2.0);
  CHECK(json.at("tokens").at("prompt").at("mean") == 28.0);
  CHECK(json.at("tokens").at("predicted").at("p50") == 3.0);
  t.output_tokens = {3, 3, 3, 3, 3};
  CHECK(nlohmann::json::parse(to_json(t, summarize(t))).at("rank_correlation").is_null());
}

TEST_CASE("shared prefixes") {
  Trace t = small_trace();
  CHECK_FALSE(summarize(t).sharing);
  // Blocks of 10 tokens; the last hash of the second request is of its output.
  t.prefix_block_tokens = 10;
  t.prefix_begin = {0, 1, 4, 6, 10, 13};
  t.prefix_hashes = {0, 0, 1, 2, 0, 1, 0, 1, 2, 3, 4, 5, 6};
  t.num_prefix_hashes = 7;
  const TraceSummary s = summarize(t);
  REQUIRE(s.sharing);
  CHECK(s.sharing->blocks == 13);
  CHECK(s.sharing->unique_blocks == 4);
  CHECK(s.sharing->shared_blocks == 3);
  // Found: 0, 1, 2 and 3 blocks of 140 prompt tokens.
  CHECK(s.sharing->ideal_hit_rate == Approx(60.0 / 140).epsilon(1e-14));
  CHECK_THAT(to_text(t, s),
             ContainsSubstring("prefixes       blocks of 10 tokens: 4 unique, 3 shared, 13 in all\n"
                               "ideal hits     0.429 of prompt tokens\n"));
  CHECK(nlohmann::json::parse(to_json(t, s)).at("prefixes").at("shared_blocks") == 3);
}

TEST_CASE("a trace without times has no load") {
  Trace t = small_trace();
  t.time_unit = TimeUnit::kAuto;
  t.arrival_ns = {0, 0, 0, 0, 0};
  const std::string text = to_text(t, summarize(t));
  CHECK_THAT(text, ContainsSubstring("times          none: of use for lengths only\n"));
  CHECK_THAT(text, !ContainsSubstring("rate "));
  const auto json = nlohmann::json::parse(to_json(t, summarize(t)));
  CHECK(json.at("times").is_null());
  CHECK(json.at("span_s").is_null());
}
