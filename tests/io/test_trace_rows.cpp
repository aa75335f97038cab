// Which rows are good, where bad ones are reported, and what becomes of the rest.
#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "host/base/error.hpp"
#include "io/traces/trace_reader.hpp"
#include "tests/support/catch.hpp"

using namespace servesweep;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

constexpr TraceOptions kSkip{false, OnBadRow::kSkip};
const std::string kHeader = "arrival_s,prompt_tokens,output_tokens,predicted_tokens\n";

Trace parse(const std::string& rows, const TraceOptions& options = {}) {
  return parse_trace(kHeader + rows, "t.csv", options);
}

std::vector<Diagnostic> findings(const std::string& text, const TraceOptions& options = {}) {
  try {
    parse_trace(text, "t.csv", options);
  } catch (const InputError& error) {
    return error.diagnostics();
  }
  FAIL("accepted");
  return {};
}

// The one finding about the one bad row.
std::string finding(const std::string& text) {
  const std::vector<Diagnostic> all = findings(text);
  REQUIRE(all.size() == 2);
  CHECK_THAT(all[1].text(), StartsWith("t.csv: bad trace (1 of "));
  CHECK_THAT(all[1].text(), ContainsSubstring("on_bad_row = \"skip\""));
  return all[0].text();
}

std::string finding_in(const std::string& row) { return finding(kHeader + "0,1,1,1\n" + row); }

}  // namespace

TEST_CASE("token counts are whole numbers in the range of int32") {
  CHECK(parse("0,0,2147483647,2147483647\n").output_tokens.front() == 2147483647);
  CHECK(parse("0,2147483646,1,0\n").prompt_tokens.front() == 2147483646);
  CHECK(parse("0,472.0, 18 ,2e1\n").predicted_tokens.front() == 20);
  for (const char* bad : {"", "-1", "-0.5", "2147483648", "9223372036854775808", "1.5", "nan",
                          "1e10", "0.99999999999999999999999", "1e-30", "x", "0x10"}) {
    const std::string value = bad;
    CHECK(finding_in("5," + value + ",1,1\n") ==
          "t.csv:3:3: invalid prompt_tokens='" + value +
              "' (must be a whole number in [0, 2147483647])");
    CHECK_THAT(finding_in("5,1," + value + ",1\n"),
               StartsWith("t.csv:3:5: invalid output_tokens='" + value + "'"));
    CHECK_THAT(finding_in("5,1,1," + value + "\n6,1,1,1\n"),
               StartsWith("t.csv:3:7: invalid predicted_tokens='" + value + "'"));
  }
  CHECK_THAT(finding_in("5,2147483647,1,1\n"),
             StartsWith("t.csv:3:3: too many tokens: 2147483647 + 1 (prompt and output"));
}

TEST_CASE("times are numbers") {
  CHECK(parse("-1.5,1,1,1\n1e0,1,1,1\n").arrival_ns.back() == 2'500'000'000);
  for (const char* bad : {"", "nan", "inf", "1e10", "-1e10", "2023-11-16 18:17:03", "1;5"}) {
    const std::string value = bad;
    CHECK(finding_in(value + ",1,1,1\n") ==
          "t.csv:3:1: invalid arrival_s='" + value + "' (must be seconds, a decimal number)");
  }
  CHECK_THAT(finding("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-02-30 00:00:00,1,1\n"),
             ContainsSubstring("must be a date and time such as"));
}

TEST_CASE("rows have as many fields as the header") {
  CHECK(finding_in("5,1,1\n") == "t.csv:3:1: wrong number of fields: 3 (the header has 4)");
  CHECK(finding_in("5,1,1,1,1\n") == "t.csv:3:1: wrong number of fields: 5 (the header has 4)");
  CHECK(finding_in("\n5,1,1,1\n") == "t.csv:3:1: wrong number of fields: 1 (the header has 4)");
  CHECK(finding_in("5,1,\"1,1\n6,1,1,1\n") ==
        "t.csv:3:5: broken row (the quoted field is not closed)");
  CHECK(finding_in("5,\"1\"1,1,1\n") ==
        "t.csv:3:6: broken row (a quoted field ends before its comma)");
}

TEST_CASE("lines are counted through quoted line ends and CRLF") {
  CHECK_THAT(finding("Timestamp,Model,Request tokens,Response tokens\r\n1,\"a\r\nb\",1,1\r\n"
                     "2,\"a\n\nb\",x,1\r\n"),
             StartsWith("t.csv:6:4: invalid Request tokens='x'"));
}

// Such a quote runs into later lines, which are then read as rows of their own.
TEST_CASE("a finding may lie before the one listed above it") {
  const std::vector<Diagnostic> all = findings(kHeader + "1,1,1,\"1\n2,x,1,1\n3,1,1,\"1\"\n");
  REQUIRE(all.size() == 3);
  CHECK_THAT(all[0].text(), StartsWith("t.csv:4:8: broken row"));
  CHECK_THAT(all[1].text(), StartsWith("t.csv:3:3: invalid prompt_tokens='x'"));
}

TEST_CASE("bad lines of JSON") {
  const std::string good = "{\"timestamp\":1,\"input_length\":2,\"output_length\":3}\n";
  CHECK(finding(good + "{\"timestamp\":1,\"input_length\":2}\n") ==
        "t.csv:2:1: missing 'output_length' (every row must have it)");
  CHECK(finding(good + "{\"timestamp\":1,\"input_length\":\"2\",\"output_length\":3}\n") ==
        "t.csv:2:31: invalid input_length='\"2\"' (must be a number)");
  CHECK_THAT(finding(good + "{\"timestamp\":1,\"input_length\":[2],\"output_length\":3}\n"),
             ContainsSubstring("(must be a number)"));
  CHECK_THAT(finding(good + "{\"timestamp\":1,\"input_length\":-2,\"output_length\":3}\n" + good),
             StartsWith("t.csv:2:31: invalid input_length='-2' (must be a whole number"));
  CHECK(finding(good + good + "  {\"timestamp\":1,}\n") ==
        "t.csv:3:18: broken row ('\"' expected)");
  CHECK_THAT(finding(good + "\n" + good), StartsWith("t.csv:2:1: broken row"));
}

TEST_CASE("of many bad rows the first are listed, all are counted") {
  std::string rows;
  for (int i = 0; i < 30; ++i)
    rows += std::to_string(i) + ",1,x,1\n" + std::to_string(i) + ",1,1,1\n";
  const std::vector<Diagnostic> all = findings(kHeader + rows);
  REQUIRE(all.size() == 21);
  CHECK(all[19].line == 2 + 2 * 19);
  CHECK(all[20].text() ==
        "t.csv: bad trace (30 of 60 rows, the first 20 are above) correct the file, or set "
        "on_bad_row = \"skip\"");
  const Trace rest = parse(rows, kSkip);
  CHECK(rest.size() == 30);
  CHECK(rest.rows_read == 60);
  CHECK(rest.rows_skipped == 30);
}

TEST_CASE("bad rows can be skipped, whatever is wrong with them") {
  const Trace trace =
      parse("x,1,1,1\n10,2,3,4\n\n11,\"1,1,1\n12,1\n13,\"1\"1,1,1\n14,5,6,7\n", kSkip);
  CHECK(trace.arrival_ns == std::vector<std::int64_t>{0, 4'000'000'000});
  CHECK(trace.prompt_tokens == std::vector<std::int32_t>{2, 5});
  CHECK(trace.rows_read == 7);
  CHECK(trace.rows_skipped == 5);
}

TEST_CASE("a trace without requests is refused") {
  CHECK_THAT(findings(kHeader).back().text(),
             ContainsSubstring("no requests (the trace is a header alone)"));
  CHECK_THAT(findings(kHeader + "\n\n").back().text(), ContainsSubstring("a header alone"));
  CHECK_THAT(findings(kHeader + "1,1,0,1\n1,1,0,1\n").back().text(),
             ContainsSubstring("keep_failed"));
  CHECK_THAT(findings(kHeader + "x,1,0,1\n", kSkip).back().text(),
             ContainsSubstring("bad: all of 1 row)"));
  CHECK(parse("1,1,0,1\n", {true, OnBadRow::kError}).size() == 1);
}

TEST_CASE("times count from the first request that is kept") {
  const std::string rows = "1,1,0,1\n5,1,1,1\n3,1,1,1\n2,1,0,1\n9,1,1,1\n";
  const Trace kept = parse(rows);
  CHECK(kept.arrival_ns == std::vector<std::int64_t>{0, 2'000'000'000, 6'000'000'000});
  CHECK(kept.rows_out_of_order == 1);
  CHECK(kept.rows_failed == 2);
  const Trace all = parse(rows, {true, OnBadRow::kError});
  CHECK(all.arrival_ns.back() == 8'000'000'000);
  CHECK(all.rows_out_of_order == 2);
}

// Longer spans than a world's clock has may be looked at, cut and replayed faster.
TEST_CASE("the span of a trace is that of what is written again") {
  CHECK(parse("0,1,1,1\n4e9,1,1,1\n").arrival_ns.back() == 4'000'000'000'000'000'000);
  CHECK(findings(kHeader + "4e9,1,1,1\n1,1,1,1\n-4e9,1,1,1\n").back().text() ==
        "t.csv: too long a trace (row 1 is 8000000000 s after row 3; at most 4000000000 s) look "
        "for a wrong time");
}

TEST_CASE("rows are sorted by time, equal times keep the file's order") {
  std::mt19937 random(3);
  struct Row {
    std::int64_t time;
    int prompt;
  };
  for (int repeat = 0; repeat < 200; ++repeat) {
    std::vector<Row> rows;
    std::string text;
    std::int64_t out_of_order = 0;
    for (int i = 0, n = 1 + static_cast<int>(random() % 50); i < n; ++i) {
      const auto time = static_cast<std::int64_t>(random() % 10);
      out_of_order += i > 0 && time < rows.back().time;
      rows.push_back({time, i});
      text += std::to_string(time) + "," + std::to_string(i) + ",1," + std::to_string(2 * i) + "\n";
    }
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Row& a, const Row& b) { return a.time < b.time; });
    const Trace trace = parse(text);
    REQUIRE(trace.size() == rows.size());
    REQUIRE(trace.rows_out_of_order == out_of_order);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      REQUIRE(trace.arrival_ns[i] == (rows[i].time - rows[0].time) * 1'000'000'000);
      REQUIRE(trace.prompt_tokens[i] == rows[i].prompt);
      REQUIRE(trace.predicted_tokens[i] == 2 * rows[i].prompt);
    }
  }
}
