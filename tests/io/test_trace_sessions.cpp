// Sessions of traces: which rows are turns of one conversation, and rows with a delay for a time.
#include <cstdint>
#include <string>
#include <vector>

#include "host/base/error.hpp"
#include "host/workload/trace_summary.hpp"
#include "io/traces/trace_reader.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/source_folder.hpp"

using namespace servesweep;
using Catch::Matchers::ContainsSubstring;

namespace {

// Members of a Mooncake row, but for its lengths.
std::string row(const std::string& members) {
  return "{" + members + ",\"input_length\":10,\"output_length\":5}\n";
}

std::string refusal(const std::string& text) {
  try {
    parse_trace(text, "t");
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("a turn with a delay comes after the one before it") {
  const Trace trace = parse_trace(
      row(R"("session_id":"a","timestamp":0)") + row(R"("session_id":"a","delay":5000)") +
          row(R"("session_id":"b","timestamp":1000)") + row(R"("session_id":"a")") +
          row(R"("session_id":null,"timestamp":7000)"),
      "t");
  CHECK(trace.arrival_ns ==
        std::vector<std::int64_t>{0, 1'000'000'000, 5'000'000'000, 5'000'000'000, 7'000'000'000});
  CHECK(trace.session == std::vector<std::int32_t>{0, 1, 0, 0, -1});
  CHECK(trace.delay_ns == std::vector<std::int64_t>{-1, -1, 5'000'000'000, 0, -1});

  const TraceSummary s = summarize(trace);
  CHECK(s.requests == 5);
  CHECK(s.span_s == 7);  // of the three with times
  CHECK(s.rate_per_s == Approx(2.0 / 7));
  REQUIRE(s.sessions);
  CHECK(s.sessions->sessions == 2);
  CHECK(s.sessions->mean_turns == 2);
  CHECK(s.sessions->max_turns == 3);
  CHECK(s.sessions->waiting == 2);
  CHECK(s.sessions->mean_delay_s == 2.5);
  CHECK(s.sessions->median_delay_s == 2.5);
  CHECK_THAT(to_text(trace, s), ContainsSubstring("sessions       2, turns: mean 2, max 3\n"));
  CHECK_THAT(to_json(trace, s), ContainsSubstring("\"waiting\": 2"));
}

TEST_CASE("a row without a time needs a turn before it") {
  const std::string first = row(R"("session_id":"a","timestamp":0)");
  CHECK_THAT(refusal(first + row(R"("session_id":"b","delay":1)")),
             ContainsSubstring("missing 'timestamp' (every row must have it, but for later turns "
                               "of a session, which may have 'delay' instead)"));
  CHECK_THAT(refusal(first + row(R"("delay":1)")), ContainsSubstring("missing 'timestamp'"));
  CHECK_THAT(refusal(first + row(R"("session_id":"a","delay":-1)")),
             ContainsSubstring("invalid delay='-1' (must be a time of at least 0)"));
  CHECK_THAT(refusal(first + row(R"("session_id":"a","delay":4e12)")),
             ContainsSubstring("accepted"));
  CHECK_THAT(refusal(first + row(R"("session_id":"a","delay":4e12)") +
                     row(R"("session_id":"a","delay":1)")),
             ContainsSubstring("invalid delay"));
}

TEST_CASE("chats are in the session of their parents") {
  const Trace trace = read_trace(testing::in_source_folder("tests/data/traces/bailian.jsonl"));
  CHECK(trace.session == std::vector<std::int32_t>{0, 1, 2, 0, 0});
  CHECK(trace.delay_ns.empty());
  CHECK(summarize(trace).sessions->max_turns == 3);
}

TEST_CASE("a column of sessions may have empty fields, and be all empty") {
  const std::string header = "Timestamp,Session ID,Request tokens,Response tokens\n";
  CHECK(parse_trace(header + "1,,5,6\n2,u-1,5,6\n3,u-1,5,6\n", "t").session ==
        std::vector<std::int32_t>{-1, 0, 0});
  CHECK(parse_trace(header + "1,,5,6\n", "t").session.empty());
}
