// Numbers and times of trace files against values worked out by hand, and against integers whose
// text was made by moving the point.
#include <cstdint>
#include <random>
#include <string>

#include "io/files/decimal.hpp"
#include "io/traces/formats/times.hpp"
#include "tests/support/catch.hpp"

using namespace servesweep;

namespace {

constexpr std::int64_t kNone = -1;

std::int64_t parsed(const std::string& text, int shift, Decimal expected) {
  std::int64_t value = kNone;
  INFO("text '" << text << "', shift " << shift);
  CHECK(parse_decimal(text, shift, value) == expected);
  return value;
}

std::int64_t date_time(const std::string& text) {
  std::int64_t ns = kNone;
  return parse_date_time(text, ns) ? ns : kNone;
}

}  // namespace

TEST_CASE("decimals are exact") {
  CHECK(parsed("0", 9, Decimal::kExact) == 0);
  CHECK(parsed("5", 9, Decimal::kExact) == 5'000'000'000);
  CHECK(parsed("29.558114", 9, Decimal::kExact) == 29'558'114'000);
  CHECK(parsed("0.1", 9, Decimal::kExact) == 100'000'000);
  CHECK(parsed("123456789.123456789", 9, Decimal::kExact) == 123'456'789'123'456'789);
  CHECK(parsed("1700000000.123456789", 9, Decimal::kExact) == 1'700'000'000'123'456'789);
  CHECK(parsed(" \t7. ", 0, Decimal::kExact) == 7);
  CHECK(parsed(".5", 1, Decimal::kExact) == 5);
  CHECK(parsed("472.000", 0, Decimal::kExact) == 472);
  CHECK(parsed("-1.5", 1, Decimal::kExact) == -15);
  CHECK(parsed("+1.5", 1, Decimal::kExact) == 15);
  CHECK(parsed("1e3", 0, Decimal::kExact) == 1000);
  CHECK(parsed("1.5E-3", 9, Decimal::kExact) == 1'500'000);
  CHECK(parsed("12345e-2", 2, Decimal::kExact) == 12345);
  CHECK(parsed("1e-9", 9, Decimal::kExact) == 1);
  CHECK(parsed("0.000e99999999999999999999", 9, Decimal::kExact) == 0);
  CHECK(parsed(std::string(100, '0') + "7", 0, Decimal::kExact) == 7);
}

TEST_CASE("digits that do not fit are rounded, halves away from zero") {
  CHECK(parsed("0.0000000004", 9, Decimal::kRounded) == 0);
  CHECK(parsed("0.0000000005", 9, Decimal::kRounded) == 1);
  CHECK(parsed("0.00000000049999999999999999999999", 9, Decimal::kRounded) == 0);
  CHECK(parsed("1.2345678915", 9, Decimal::kRounded) == 1'234'567'892);
  CHECK(parsed("-1.2345678915", 9, Decimal::kRounded) == -1'234'567'892);
  CHECK(parsed("9.9999999999", 9, Decimal::kRounded) == 10'000'000'000);
  CHECK(parsed("5e-10", 9, Decimal::kRounded) == 1);
  CHECK(parsed("9e-11", 9, Decimal::kRounded) == 0);
  CHECK(parsed("1e-99999999999999999999", 9, Decimal::kRounded) == 0);
}

TEST_CASE("the range of decimals ends at 4e18") {
  CHECK(parsed("4000000000", 9, Decimal::kExact) == 4'000'000'000'000'000'000);
  CHECK(parsed("-4e18", 0, Decimal::kExact) == -4'000'000'000'000'000'000);
  for (const char* text : {"4000000000000000001", "4000000000000000000.5", "9223372036854775808",
                           "-4000000000000000001", "99999999999999999999999", "4e19", "1e999",
                           "1e99999999999999999999"}) {
    parsed(text, 0, Decimal::kTooLarge);
  }
}

TEST_CASE("what is no decimal") {
  for (const char* text :
       {"",      " ",   ".",   "-",     "+",     "e5",    ".e5",     "1e",  "1e+",
        "1e5.0", "nan", "NaN", "inf",   "-inf",  "0x10",  "1,5",     "1 2", "1..2",
        "1.2.3", "--1", "+-1", "1e--1", "12abc", "1_000", "\xd9\xa3"}) {
    parsed(text, 0, Decimal::kInvalid);
  }
  parsed(std::string("1\0", 2), 0, Decimal::kInvalid);
}

TEST_CASE("moving the point and the exponent in opposite directions changes nothing") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    const auto value =
        static_cast<std::int64_t>(random() >> (2 + random() % 60)) % 4'000'000'000'000'000'000;
    std::string digits = std::to_string(value);
    digits.insert(0, random() % 4, '0');
    const auto fraction = random() % (digits.size() + 1);
    digits.insert(digits.size() - fraction, ".");
    digits.append(random() % 3, '0');
    const int shift = static_cast<int>(random() % 10);
    const auto exponent = static_cast<std::int64_t>(fraction) - shift;
    std::string text = digits;
    if (exponent != 0 || random() % 2 == 0) text += "e" + std::to_string(exponent);
    if (text[0] == '.' && text.size() == 1) continue;
    REQUIRE(parsed(text, shift, Decimal::kExact) == value);
    REQUIRE(parsed("-" + text, shift, Decimal::kExact) == -value);
  }
}

TEST_CASE("seconds and milliseconds are nanoseconds") {
  std::int64_t ns = kNone;
  CHECK(parse_time(TimeUnit::kSeconds, "1.5", ns));
  CHECK(ns == 1'500'000'000);
  CHECK(parse_time(TimeUnit::kMilliseconds, "1.5", ns));
  CHECK(ns == 1'500'000);
  CHECK_FALSE(parse_time(TimeUnit::kSeconds, "1e10", ns));
  CHECK_FALSE(parse_time(TimeUnit::kSeconds, "soon", ns));
}

TEST_CASE("dates are nanoseconds since 1970") {
  CHECK(date_time("1970-01-01 00:00:00") == 0);
  CHECK(date_time("1970-01-02 00:00:01.0000001") == 86'401'000'000'100);
  // date -u -d '2023-11-16 18:17:03' +%s
  CHECK(date_time("2023-11-16 18:17:03.9799600") == 1'700'158'623'979'960'000);
  CHECK(date_time("2024-02-29T00:00:00Z") == 1'709'164'800'000'000'000);
  CHECK(date_time(" 2024-05-10 02:00:00.009930+02:00 ") == date_time("2024-05-10 00:00:00.00993"));
  CHECK(date_time("2024-05-09 18:30:00-05:30") == date_time("2024-05-10 00:00:00"));
  CHECK(date_time("1969-12-31 23:59:59.25") == -750'000'000);
  CHECK(date_time("2023-01-01 00:00:00.1234567894") == date_time("2023-01-01 00:00:00.123456789"));
}

TEST_CASE("what is no date") {
  for (const char* text : {"",
                           "2023-11-16",
                           "2023-11-16 18:17",
                           "2023-11-16 18:17:60",
                           "2023-11-16 24:00:00",
                           "2023-11-16 18:60:00",
                           "2023-02-29 00:00:00",
                           "2023-13-01 00:00:00",
                           "2023-00-01 00:00:00",
                           "2023-01-00 00:00:00",
                           "1000-01-01 00:00:00",
                           "2999-01-01 00:00:00",
                           "2023-11-16_18:17:03",
                           "2023/11/16 18:17:03",
                           "2023-11-16 18:17:03,5",
                           "2023-11-16 18:17:03.",
                           "2023-11-16 18:17:03.1e5",
                           "2023-11-16 18:17:03.-1",
                           "2023-11-16 18:17:03+2",
                           "2023-11-16 18:17:03+0200",
                           "2023-11-16 18:17:03.5.5",
                           "2o23-11-16 18:17:03",
                           "2023-11-16 18:17:03 x",
                           "1700158623"}) {
    INFO(text);
    CHECK(date_time(text) == kNone);
  }
}
