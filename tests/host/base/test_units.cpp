#include "host/base/error.hpp"
#include "host/base/machine.hpp"
#include "host/base/units.hpp"
#include "tests/support/catch.hpp"

using namespace servesweep;

TEST_CASE("sizes") {
  CHECK(parse_size("4096", "x") == 4096);
  CHECK(parse_size("512M", "x") == 512u << 20);
  CHECK(parse_size("8G", "x") == std::size_t{8} << 30);
  CHECK(parse_size("1.5GiB", "x") == std::size_t{3} << 29);
  CHECK(parse_size("2KB", "x") == 2048);
  CHECK(parse_size("100B", "x") == 100);
  for (const char* bad :
       {"", "G", "0", "-1G", "8X", "8 G", "8GG", "1.2.3G", "1e3", "9999999999T"}) {
    INFO(bad);
    CHECK_THROWS_AS(parse_size(bad, "--max-memory"), InputError);
  }
  CHECK_THROWS_WITH(parse_size("lots", "--max-memory"),
                    "invalid --max-memory=lots (must be a size such as 512M or 8G)");
}

TEST_CASE("durations") {
  CHECK(parse_duration_s("90", "x") == 90);
  CHECK(parse_duration_s("90s", "x") == 90);
  CHECK(parse_duration_s("0.5s", "x") == 0.5);
  CHECK(parse_duration_s("15m", "x") == 900);
  CHECK(parse_duration_s("15min", "x") == 900);
  CHECK(parse_duration_s("2h", "x") == 7200);
  CHECK(parse_duration_s("1d", "x") == 86400);
  for (const char* bad : {"", "h", "-1", "1w", "1:30", "1h30m"}) {
    INFO(bad);
    CHECK_THROWS_AS(parse_duration_s(bad, "--max-time"), InputError);
  }
}

TEST_CASE("numbers for people") {
  CHECK(format_count(0) == "0");
  CHECK(format_count(999) == "999");
  CHECK(format_count(1000) == "1,000");
  CHECK(format_count(1234567) == "1,234,567");
  CHECK(format_count(-123456) == "-123,456");
  CHECK(format_quantity(12.345) == "12.3");
  CHECK(format_quantity(999.9) == "1 thousand");
  CHECK(format_quantity(56789) == "56.8 thousand");
  CHECK(format_quantity(1.234e8) == "123 million");
  CHECK(format_size(100) == "100 bytes");
  CHECK(format_size(std::size_t{3} << 29) == "1.5 GiB");
  CHECK(format_size((std::size_t{1} << 30) - 1) == "1.0 GiB");
  CHECK(format_duration(0) == "0 s");
  CHECK(format_duration(0.0421) == "42.1 ms");
  CHECK(format_duration(1.53) == "1.5 s");
  CHECK(format_duration(9.97) == "10 s");
  CHECK(format_duration(59.7) == "1 min 0 s");
  CHECK(format_duration(7500) == "2 h 5 min");
  CHECK(format_duration(180000) == "2 d 2 h");
}

TEST_CASE("the machine has a processor and memory") {
  const Machine machine = this_machine();
  CHECK_FALSE(machine.processor.empty());
  CHECK(machine.cores >= 1);
  CHECK(machine.memory_bytes > (std::size_t{64} << 20));
}
