#include <string>
#include <vector>

#include "host/base/error.hpp"
#include "host/calibration/calibrate.hpp"
#include "io/measured/grid_reader.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/source_folder.hpp"

using namespace servesweep;

namespace {

std::vector<std::string> errors(const std::string& text) {
  std::vector<std::string> result;
  try {
    parse_service_grid(text, "g.csv");
  } catch (const InputError& error) {
    for (const Diagnostic& d : error.diagnostics()) result.push_back(d.text());
  }
  return result;
}

}  // namespace

TEST_CASE("columns are found by name, times are brought to ms") {
  const auto points = parse_service_grid(
      "# made by hand\nmodel,latency_ms,batch_size,length\n\"a, b\",12.5,1,64\nx, 1e2 ,8,128\n",
      "g.csv");
  REQUIRE(points.size() == 2);
  CHECK(points[0].batch_size == 1);
  CHECK(points[0].length == 64);
  CHECK(points[0].time_ms == 12.5);
  CHECK(points[1].batch_size == 8);
  CHECK(points[1].time_ms == 100);

  for (const auto& [header, factor] : {std::pair{"batch_size,seq_len,mean_latency_ms", 1.0},
                                       {"batch,max_seq_len,latency_s", 1e3},
                                       {"batch_size,total_tokens,mean_latency_sec", 1e3},
                                       {"batch_size,length_tokens,avg_latency_us\r", 1e-3}}) {
    CAPTURE(header);
    const auto one = parse_service_grid(std::string(header) + "\n2,30,4\n", "g.csv");
    REQUIRE(one.size() == 1);
    CHECK(one[0].batch_size == 2);
    CHECK(one[0].length == 30);
    CHECK(one[0].time_ms == 4 * factor);
  }
}

TEST_CASE("every bad row is named by file, line and column") {
  const auto e = errors(
      "batch_size,length,latency_ms\n1,64,3\n0,64,3\n1,abc,3\n1,64\n1,64,0\n1,64,nan\n1,-1,\"x\n");
  REQUIRE(e.size() == 6);
  CHECK(e[0] == "g.csv:3:1: invalid batch size=0 (must be at least 1)");
  CHECK(e[1] == "g.csv:4:3: invalid length='abc' (not a number)");
  CHECK(e[2].find("g.csv:5:1: row with 2 fields (the header has 3)") == 0);
  CHECK(e[3] == "g.csv:6:6: invalid latency=0 (must be above 0)");
  CHECK(e[4] == "g.csv:7:6: invalid latency='nan' (not a number)");
  CHECK(e[5].find("g.csv:8:6: broken row") == 0);
}

TEST_CASE("a header that does not say enough is refused") {
  CHECK(errors("batch_size,length,latency\n1,2,3\n")
            .at(0)
            .find("g.csv:1:19: column latency has no") == 0);
  CHECK(errors("batch_size,p99_latency_ms\n1,2\n").size() == 2);
  CHECK(errors("batch_size,length,latency_s,mean_latency_ms\n")
            .at(0)
            .find("g.csv:1:29: two columns for one quantity (latency_s and mean_latency_ms)") == 0);
  CHECK(errors("").size() == 1);
  CHECK(errors("batch_size,length,latency_ms\n").size() == 1);
}

TEST_CASE("a file that is not there is an I/O error") {
  CHECK_THROWS_AS(read_service_grid("no/such/grid.csv"), IoError);
}

TEST_CASE("the example grid is complete and fits the default model") {
  const auto points = read_service_grid(testing::in_source_folder("examples/service_grid.csv"));
  const ServiceGrid grid = to_grid(points);
  CHECK(grid.time_ms.size() == points.size());
  const Calibration c = calibrate(points);
  CHECK(c.r_squared > 0.99);
  CHECK(c.beta_ms_per_token == Approx(5.742).epsilon(0.05));
  CHECK(c.gamma == Approx(0.3157).epsilon(0.2));
}
