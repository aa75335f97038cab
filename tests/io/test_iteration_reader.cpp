#include <string>

#include "host/base/error.hpp"
#include "io/measured/iteration_reader.hpp"
#include "tests/support/catch.hpp"

using namespace servesweep;

TEST_CASE("columns of iterations are found by name, times are brought to ms") {
  const MeasuredIterations m = parse_iterations(
      "# by hand\nrun,time_s,context_tokens,decodes,prefill_tokens\na,0.02,300,3,0\nb,1,0,0,64\n",
      "i.csv");
  CHECK_FALSE(m.has_pairs);
  REQUIRE(m.rows.size() == 2);
  CHECK(m.rows[0].time_ms == 20);
  CHECK(m.rows[0].context_tokens == 300);
  CHECK(m.rows[0].sequences == 3);
  CHECK(m.rows[1].prefill_tokens == 64);
  const MeasuredIterations pairs = parse_iterations(
      "prefill_tokens,prefill_pair_tokens,sequences,context_tokens,mean_latency_us\n8,64,0,0,9\n",
      "i.csv");
  CHECK(pairs.has_pairs);
  CHECK(pairs.rows[0].prefill_pair_tokens == 64);
  CHECK(pairs.rows[0].time_ms == Approx(0.009));
}

TEST_CASE("bad iterations are refused with their places") {
  CHECK_THROWS_WITH(
      parse_iterations("prefill_tokens,sequences,time_ms\n1,2,3\n", "i.csv"),
      Catch::Matchers::ContainsSubstring("no column context_tokens (measured iterations have"));
  CHECK_THROWS_WITH(
      parse_iterations("prefill_tokens,sequences,context_tokens,time\n1,2,3,4\n", "i.csv"),
      Catch::Matchers::ContainsSubstring("column time has no unit"));
  const std::string header = "prefill_tokens,sequences,context_tokens,time_ms\n";
  CHECK_THROWS_WITH(parse_iterations(header + "1,2,3,0\n", "i.csv"),
                    Catch::Matchers::ContainsSubstring("i.csv:2:7") &&
                        Catch::Matchers::ContainsSubstring("invalid time=0"));
  CHECK_THROWS_WITH(
      parse_iterations(header + "-1,2,3,1\n", "i.csv"),
      Catch::Matchers::ContainsSubstring("invalid prefill tokens=-1 (must be at least 0)"));
}
