#include <string>

#include "host/base/error.hpp"
#include "host/run/profile_report.hpp"
#include "tests/support/catch.hpp"

using namespace servesweep;

namespace {

ProfileReport sample() {
  ProfileReport report;
  report.seconds = 2;
  report.entries = {{"servesweep::plan", -1, false, false, 3, 0.5, 0},
                    {"servesweep::save", -1, false, true, 3, 1.75, 0},
                    {"servesweep::run", -1, false, false, 3, 1, 0},
                    {"servesweep::make_workload", 0, false, false, 1200, 0.25, 0},
                    {"servesweep::batch_engine", 2, true, false, 3, 0.5, 1'500'000'000}};
  report.counts = {3000, 6'000'000, 39, 1 << 20, 10, 2990};
  return report;
}

}  // namespace

TEST_CASE("the table shows what is inside what, and what no region measured") {
  CHECK(profile_table(sample()) ==
        R"(profile                        seconds    share    calls      bytes    GB/s
servesweep::plan                 0.500   25.0 %        3
  servesweep::make_workload      0.250   12.5 %    1,200
servesweep::save                 1.750   87.5 %        3                     beside the others
servesweep::run                  1.000   50.0 %        3
  servesweep::batch_engine       0.500   25.0 %        3    1.4 GiB    3.00  kernel
other                            0.500   25.0 %
total                            2.000  100.0 %
3,000 worlds, 1.5 thousand worlds/s; 6,000,000 requests, 3 million requests/s
39 allocations, 1.0 MiB; inputs: 10 prepared, 2,990 reused
)");
}

TEST_CASE("an empty profile is a table too") {
  CHECK(profile_table({}).find("0 worlds, 0 worlds/s") != std::string::npos);
}

TEST_CASE("a profile is read as it was written") {
  const ProfileReport report = sample();
  const ProfileReport again = read_profile(profile_json(report), "here");
  CHECK(profile_json(again) == profile_json(report));
  CHECK(profile_table(again) == profile_table(report));
}

TEST_CASE("what is no profile says so") {
  const std::string good = profile_json(sample());
  std::string forward = good;
  const std::string inside = "\"inside\": 0";
  forward.replace(forward.find(inside), inside.size(), "\"inside\": 3");
  for (const std::string& text : {std::string("{"), std::string("{}"), std::string("[1]"), forward,
                                  good.substr(0, good.size() / 2)}) {
    INFO(text);
    CHECK_THROWS_WITH(read_profile(text, "out.h5"), Catch::Matchers::StartsWith("out.h5"));
    CHECK_THROWS_AS(read_profile(text, "out.h5"), InputError);
  }
}
