// JSON objects on a line, checked against the grammar of RFC 8259 and against a full JSON library.
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/traces/json_line.hpp"
#include "tests/support/catch.hpp"

using namespace servesweep;

namespace {

using Members = std::vector<std::pair<std::string, std::string>>;

// False if the line is wrong.
bool read(std::string_view line, Members& members) {
  members.clear();
  JsonLine object(line);
  for (JsonMember m; object.next(m);) members.emplace_back(m.name, m.value);
  return object.error() == nullptr;
}

Members members(std::string_view line) {
  Members found;
  INFO(line);
  CHECK(read(line, found));
  return found;
}

nlohmann::json random_value(std::mt19937& random, int depth) {
  constexpr const char* kTexts[] = {"",     "]",     "}{",       "\"",    "\\",
                                    "\\\"", "a,b:c", "\n\t\x01", "\u00e9"};
  switch (random() % (depth > 0 ? 7 : 5)) {
    case 0:
      return nullptr;
    case 1:
      return random() % 2 == 0;
    case 2:
      return static_cast<int>(random());
    case 3:
      return static_cast<double>(random()) * 1e-7 - 100;
    case 4:
      return kTexts[random() % std::size(kTexts)];
    case 5: {
      nlohmann::json array = nlohmann::json::array();
      for (auto n = random() % 4; n > 0; --n) array.push_back(random_value(random, depth - 1));
      return array;
    }
    default: {
      nlohmann::json object = nlohmann::json::object();
      for (auto n = random() % 4; n > 0; --n) {
        object[kTexts[random() % std::size(kTexts)]] = random_value(random, depth - 1);
      }
      return object;
    }
  }
}

}  // namespace

TEST_CASE("members of a line, values as written") {
  CHECK(members("{}").empty());
  CHECK(members(" \t{ } \r").empty());
  CHECK(members(R"({"a": 1, "b":-2.5e3 ,"c":"x"})") ==
        Members{{"a", "1"}, {"b", "-2.5e3"}, {"c", "\"x\""}});
  CHECK(members(R"({"a":true,"b":false,"c":null})") ==
        Members{{"a", "true"}, {"b", "false"}, {"c", "null"}});
  CHECK(members(R"({"ids": [1, [2, {"x": "]"}], "\"]"], "n": 3})") ==
        Members{{"ids", R"([1, [2, {"x": "]"}], "\"]"])"}, {"n", "3"}});
  CHECK(members(R"({"o": {"a": {"a": {}}}, "s": "} \\"})") ==
        Members{{"o", R"({"a": {"a": {}}})"}, {"s", R"("} \\")"}});
}

TEST_CASE("any object that a JSON library writes is read, name by name") {
  std::mt19937 random(7);
  for (int i = 0; i < 3000; ++i) {
    nlohmann::ordered_json object;
    for (const char* name : {"timestamp", "input_length", "a\"b", "c\\", "d\x02\x65"}) {
      if (random() % 4 != 0) object[name] = random_value(random, 4);
    }
    if (object.is_null()) continue;
    const std::string line = object.dump(-1, ' ', random() % 2 == 0);
    const Members found = members(line);
    REQUIRE(found.size() == object.size());
    std::size_t k = 0;
    for (const auto& [name, value] : object.items()) {
      INFO(line);
      REQUIRE(json_equal(found[k].first, name));
      REQUIRE(nlohmann::ordered_json::parse(found[k].second) == value);
      ++k;
    }
  }
}

TEST_CASE("wrong lines and where they are wrong") {
  const std::vector<std::pair<std::string, int>> wrong{
      {"", 0},           {"[1]", 0},         {"{", 1},          {"{\"a\"}", 4},
      {"{\"a\":}", 5},   {"{\"a\":1", 6},    {"{\"a\":1,}", 7}, {"{\"a\":1 \"b\":2}", 7},
      {"{a:1}", 1},      {"{\"a\":01}", 5},  {"{\"a\":+1}", 5}, {"{\"a\":nan}", 5},
      {"{\"a\":1}}", 7}, {"{\"a\":[1}", 8},  {"{\"a\":\"}", 5}, {"{\"a\":\"\\", 5},
      {"{\"a\":1}x", 7}, {"{\"a\":1 2}", 7}, {"{,}", 1},        {"{\"a\":True}", 5}};
  for (const auto& [line, where] : wrong) {
    INFO(line);
    JsonLine object(line);
    JsonMember member;
    while (object.next(member)) {
    }
    REQUIRE(object.error() != nullptr);
    CHECK(object.where() - line.data() == where);
    CHECK_FALSE(object.next(member));
  }
  Members ignored;
  CHECK_FALSE(read(std::string_view("{\"a\":1\0}", 8), ignored));
  CHECK_FALSE(read("{\"a\":" + std::string(100000, '['), ignored));
  CHECK(read("{\"a\":" + std::string(100000, '[') + std::string(100000, ']') + "}", ignored));
}

TEST_CASE("names are compared by what they spell") {
  CHECK(json_equal("timestamp", "timestamp"));
  CHECK(json_equal(R"(time\u0073tamp)", "timestamp"));
  CHECK(json_equal(R"(a\/b\"c\\d\n)", "a/b\"c\\d\n"));
  CHECK_FALSE(json_equal("Timestamp", "timestamp"));
  CHECK_FALSE(json_equal(R"(time\u0074tamp)", "timestamp"));
  CHECK_FALSE(json_equal(R"(a\u1061)", "aa"));
  CHECK_FALSE(json_equal(R"(a\)", "a\\"));
  CHECK_FALSE(json_equal(R"(a\u)", "au"));
}

TEST_CASE("numbers as JSON writes them") {
  for (const char* good : {"0", "-0", "10", "0.5", "-12.25", "1e5", "1E+5", "1.5e-10"}) {
    INFO(good);
    CHECK(is_json_number(good));
  }
  for (const char* bad : {"", "-", "01", "-01", "+1", ".5", "5.", "1e", "1e+", "1.e5", "0x1", "1 ",
                          "NaN", "Infinity", "\"1\"", "--1"}) {
    INFO(bad);
    CHECK_FALSE(is_json_number(bad));
  }
}
