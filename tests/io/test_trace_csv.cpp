// The syntax of CSV, after RFC 4180.
#include <string>
#include <string_view>
#include <vector>

#include "io/files/csv.hpp"
#include "tests/support/catch.hpp"

using namespace servesweep;

namespace {

// Fields as "a|b", one record a string; a broken one as "!column".
std::vector<std::string> records(std::string_view text) {
  CsvReader csv(text);
  std::vector<std::string_view> fields;
  std::vector<std::string> all;
  for (auto found = csv.next(fields); found != CsvReader::Record::kEnd; found = csv.next(fields)) {
    if (found == CsvReader::Record::kBroken) {
      all.push_back("!" + std::to_string(csv.where() - csv.record()));
      continue;
    }
    std::string joined;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      joined += (i > 0 ? "|" : "") + std::string(fields[i]);
    }
    all.push_back(joined);
  }
  return all;
}

using Records = std::vector<std::string>;

}  // namespace

TEST_CASE("records end at line ends of either kind") {
  CHECK(records("a,b\n1,2\n") == Records{"a|b", "1|2"});
  CHECK(records("a,b\r\n1,2\r\n") == Records{"a|b", "1|2"});
  CHECK(records("a,b\n1,2") == Records{"a|b", "1|2"});
  CHECK(records("a,b\r\n1,2\r") == Records{"a|b", "1|2"});
  CHECK(records("a\rb\n") == Records{"a\rb"});
}

TEST_CASE("blank space at the end is no record, a blank line inside is one") {
  CHECK(records("").empty());
  CHECK(records(" \r\n\n\t\n").empty());
  CHECK(records("a\n\n  \n\r\n") == Records{"a"});
  CHECK(records("a\n\nb\n") == Records{"a", "", "b"});
}

TEST_CASE("empty fields are fields") {
  CHECK(records(",\n") == Records{"|"});
  CHECK(records("a,,b,\nc") == Records{"a||b|", "c"});
  CHECK(records("a,") == Records{"a|"});
}

TEST_CASE("quoted fields hold anything") {
  CHECK(records("\"a\",\"b,c\",d\n") == Records{"a|b,c|d"});
  CHECK(records("\"two\nlines\",x\r\ny,\"\"\r\n") == Records{"two\nlines|x", "y|"});
  CHECK(records("\"say \"\"hi\"\"\",1") == Records{"say \"\"hi\"\"|1"});
  CHECK(records("\"\"\"\"") == Records{"\"\""});
  CHECK(records("1,\"x\"\r\n2,\"y\"") == Records{"1|x", "2|y"});
  CHECK(records("a\"b,c\n") == Records{"a\"b|c"});
}

TEST_CASE("a record with wrong quotes ends with its first line") {
  CHECK(records("1,\"open\n2,b\n") == Records{"!2", "2|b"});
  CHECK(records("\"a\"b,c\n2,d\n") == Records{"!3", "2|d"});
  CHECK(records("1,\"open\n2,\"b\"\n3,c\n") == Records{"!11", "2|b", "3|c"});
  CHECK(records("1,\"open") == Records{"!2"});
  CHECK(records("\"a\"\rb\n") == Records{"!3"});
}
