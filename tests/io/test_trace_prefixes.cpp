// Prefix hashes and priorities of traces: which are kept, how they are numbered, what is refused.
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "host/base/error.hpp"
#include "io/traces/trace_reader.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/source_folder.hpp"

using namespace servesweep;
using Catch::Matchers::ContainsSubstring;

namespace {

using Numbers = std::vector<std::int32_t>;

constexpr TraceOptions kKeepFailed{true, OnBadRow::kError};
constexpr TraceOptions kSkip{false, OnBadRow::kSkip};

// A row of a Mooncake trace, `blocks` full blocks long, with a member of its own at the end.
std::string mooncake(int time, int blocks, const std::string& hashes, int output = 1) {
  return "{\"timestamp\":" + std::to_string(time) +
         ",\"input_length\":" + std::to_string(blocks * 512) +
         ",\"output_length\":" + std::to_string(output) + ",\"hash_ids\":" + hashes + "}\n";
}

// A row of 32 prompt tokens with a member for hashes.
std::string blocks_of(const std::string& member) {
  return "{\"input_toks\":32,\"output_toks\":1,\"arrival_time_ns\":1," + member + "}\n";
}

// All findings, one a line.
std::string refusal(const std::string& text, const TraceOptions& options = {}) {
  try {
    parse_trace(text, "t", options);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("the samples' hashes") {
  const auto sample = [](const std::string& name, const TraceOptions& options = {}) {
    return read_trace(testing::in_source_folder("tests/data/traces/" + name), options);
  };
  const Trace trace = sample("llmservingsim.jsonl");
  CHECK(trace.prefix_block_tokens == 200);
  CHECK(trace.prefix_begin == Numbers{0, 2, 8, 8, 8, 10});
  CHECK(trace.prefix_hashes == Numbers{0, 1, 0, 1, 2, 3, 4, 5, 0, 6});
  CHECK(trace.num_prefix_hashes == 7);
  CHECK(sample("llmservingsim.jsonl", kKeepFailed).prefix_begin == Numbers{0, 2, 8, 8, 8, 8, 10});

  const Trace none = sample("mooncake.jsonl");
  CHECK(none.prefix_block_tokens == 512);
  CHECK(none.prefix_begin == Numbers(6, 0));
  CHECK(none.prefix_hashes.empty());
  CHECK(none.num_prefix_hashes == 0);
}

TEST_CASE("a trace without lists has no prefixes") {
  const auto has_none = [](const Trace& trace) {
    CHECK(trace.prefix_block_tokens == 0);
    CHECK(trace.prefix_begin.empty());
    CHECK(trace.prefix_hashes.empty());
    CHECK(trace.num_prefix_hashes == 0);
  };
  has_none(parse_trace("{\"timestamp\":1,\"input_length\":2,\"output_length\":3}\n", "t"));
  has_none(parse_trace(blocks_of("\"block_hash_ids_\":[1],\"block_hash_ids_1x\":[1],\"hash_ids\":"
                                 "[1]"),
                       "t"));
  has_none(parse_trace("arrival_s,prompt_tokens,output_tokens,hash_ids\n1,512,1,[1]\n", "t"));
}

TEST_CASE("hashes of full blocks of the prompt are kept, what follows is not looked at") {
  const std::string row = "{\"timestamp\":1,\"input_length\":1535,\"output_length\":9000,";
  const Trace partial = parse_trace(row + "\"hash_ids\":[40, 50,60]}\n", "t");
  CHECK(partial.prefix_hashes == Numbers{0, 1});
  CHECK(parse_trace(row + "\"hash_ids\":[40]}\n", "t").prefix_hashes == Numbers{0});
  CHECK(parse_trace(row + "\"hash_ids\":[40,50,\"x\"]}\n", "t").prefix_hashes == Numbers{0, 1});
  CHECK(parse_trace(row + "\"hash_ids\": [ \t40\t, 50 ]}\n", "t").prefix_hashes == Numbers{0, 1});
  CHECK(parse_trace(row + "\"hash_ids\":[ ]}\n", "t").prefix_begin == Numbers{0, 0});
  CHECK(parse_trace(row + "\"\\u0068ash_ids\":[6]}\n", "t").prefix_begin == Numbers{0, 1});
  CHECK_THAT(refusal(row + "\"hash_ids\":[4,5],\"\\u0068ash_ids\":[6]}\n"),
             ContainsSubstring("two members 'hash_ids'"));
  const Trace own_size = parse_trace(blocks_of("\"block_hash_ids_15\":[3,4,5]"), "t");
  CHECK(own_size.prefix_block_tokens == 15);
  CHECK(own_size.prefix_begin == Numbers{0, 2});
}

TEST_CASE("hashes are numbered as they appear, with all before them") {
  const std::string most = "18446744073709551615";
  const Trace trace =
      parse_trace(mooncake(0, 3, "[" + most + ",0,5]") + mooncake(1, 3, "[" + most + ",7,5]") +
                      mooncake(2, 2, "[5,5]") + mooncake(3, 3, "[5,5,0]"),
                  "t");
  CHECK(trace.prefix_begin == Numbers{0, 3, 6, 8, 11});
  CHECK(trace.prefix_hashes == Numbers{0, 1, 2, 0, 3, 4, 5, 6, 5, 6, 7});
  CHECK(trace.num_prefix_hashes == 8);
}

TEST_CASE("failed and bad rows take no numbers") {
  const std::string text = mooncake(0, 1, "[9]") + mooncake(1, 2, "[8,7]", 0) +
                           mooncake(2, 2, "[6,x]") + mooncake(3, 2, "[8,5]");
  const Trace trace = parse_trace(text, "t", kSkip);
  CHECK(trace.prefix_begin == Numbers{0, 1, 3});
  CHECK(trace.prefix_hashes == Numbers{0, 1, 2});
  CHECK(trace.num_prefix_hashes == 3);
  const Trace all = parse_trace(text, "t", {true, OnBadRow::kSkip});
  CHECK(all.prefix_begin == Numbers{0, 1, 3, 5});
  CHECK(all.prefix_hashes == Numbers{0, 1, 2, 1, 3});
}

TEST_CASE("hashes and priorities move with their rows, numbers follow the sorted order") {
  const Trace trace = parse_trace(mooncake(5, 2, "[1,2]") + mooncake(3, 0, "[]") +
                                      mooncake(1, 3, "[1,3,4]") + mooncake(4, 1, "[1]"),
                                  "t");
  CHECK(trace.rows_out_of_order == 2);
  CHECK(trace.prefix_begin == Numbers{0, 3, 3, 4, 6});
  CHECK(trace.prefix_hashes == Numbers{0, 1, 2, 0, 0, 3});

  const Trace classes = parse_trace(
      "priority,arrival_s,prompt_tokens,output_tokens\n2,9,1,1\n0,8,1,0\n1,7,1,1\n", "t");
  CHECK(classes.priority == Numbers{1, 2});
  CHECK(parse_trace("arrival_s,prompt_tokens,output_tokens\n1,2,3\n", "t").priority.empty());
}

TEST_CASE("sorted by the file or by us, random traces have the same prefixes") {
  std::mt19937 random(5);
  for (int repeat = 0; repeat < 20; ++repeat) {
    std::map<int, std::string> rows;  // by time
    std::string shuffled, sorted;
    while (rows.size() < 60) {
      const int time = static_cast<int>(random() % 1000);
      std::string hashes;
      for (std::uint32_t left = random() % 5; left > 0; --left) {
        hashes += (hashes.empty() ? "[" : ",") + std::to_string(random() % 3);
      }
      const std::string row = mooncake(time, 4, hashes.empty() ? "[]" : hashes + "]");
      if (rows.emplace(time, row).second) shuffled += row;
    }
    for (const auto& [time, row] : rows) sorted += row;
    const Trace a = parse_trace(shuffled, "t"), b = parse_trace(sorted, "t");
    CHECK(a.rows_out_of_order > 0);
    CHECK(b.rows_out_of_order == 0);
    CHECK(a.prefix_begin == b.prefix_begin);
    CHECK(a.prefix_hashes == b.prefix_hashes);
    CHECK(a.num_prefix_hashes == b.num_prefix_hashes);
  }
}

TEST_CASE("hashes that are none are bad rows") {
  const std::string good = mooncake(0, 0, "[]");
  const std::string rule = "' (must be a whole number in [0, 18446744073709551615])";
  const std::size_t column = mooncake(1, 2, "").find("\"hash_ids\":") + 12;
  const std::string at = "t:2:" + std::to_string(column);
  CHECK_THAT(refusal(good + mooncake(1, 2, "7")),
             ContainsSubstring(at + ": invalid hash_ids='7' (must be a list of whole numbers)"));
  for (const char* none : {"null", "\"[1]\"", "{\"a\":1}"}) {
    CHECK_THAT(refusal(good + mooncake(1, 2, none)), ContainsSubstring("must be a list of whole"));
  }
  const std::string second = "t:2:" + std::to_string(column + 3) + ": invalid hash '";
  for (const char* value :
       {"-1", "1.0", "1e0", "x", "\"1\"", "[1", "18446744073709551616", "+1", ""}) {
    CHECK_THAT(
        refusal(good +
                mooncake(1, 2, std::string("[7,") + value + "]" + (value[0] == '[' ? "]" : ""))),
        ContainsSubstring(second + value + rule));
  }
  CHECK_THAT(refusal(good + mooncake(1, 2, "[7 8]")), ContainsSubstring("broken list of hashes"));
  CHECK_THAT(refusal(good + mooncake(1, 2, "[7}")), ContainsSubstring("broken list of hashes"));
  CHECK_THAT(refusal(good + mooncake(1, 2, "[}")), ContainsSubstring("invalid hash ''"));
  CHECK_THAT(refusal(good + mooncake(1, 2, "[7,}")), ContainsSubstring("invalid hash ''"));
}

TEST_CASE("the blocks of a trace have one size") {
  const std::string good = blocks_of("\"block_hash_ids_16\":[1]");
  CHECK(refusal(good + blocks_of("\"block_hash_ids_016\":[1]")) == "accepted");
  CHECK_THAT(
      refusal(good + blocks_of("\"block_hash_ids_32\":[1]")),
      ContainsSubstring("t:2:55: 'block_hash_ids_32' after 'block_hash_ids_16' (the blocks of a "
                        "trace must have one size) keep one of them"));
  CHECK_THAT(refusal(good + blocks_of("\"block_hash_ids_16\":[1],\"block_hash_ids_8\":[1]")),
             ContainsSubstring("t:2:79: 'block_hash_ids_8' beside 'block_hash_ids_16'"));
  for (const char* size : {"0", "00", "2147483648", "99999999999999999999"}) {
    CHECK_THAT(
        refusal(blocks_of(std::string("\"block_hash_ids_") + size + "\":[1]")),
        ContainsSubstring(std::string("t:1:55: invalid name 'block_hash_ids_") + size +
                          "' (its number, the tokens of a block, must be in [1, 2147483647])"));
  }
  // Rows that are skipped or dropped decide nothing.
  const Trace rest = parse_trace(blocks_of("\"block_hash_ids_32\":[x]") + good, "t", kSkip);
  CHECK(rest.prefix_block_tokens == 16);
  const std::string failed =
      "{\"input_toks\":32,\"output_toks\":0,\"arrival_time_ns\":1,\"block_hash_ids_32\":[1]}\n";
  CHECK(parse_trace(failed + good, "t").prefix_block_tokens == 16);
}

TEST_CASE("priorities are whole numbers") {
  const std::string header = "arrival_s,prompt_tokens,output_tokens,priority\n";
  CHECK(parse_trace(header + "1,2,3,2147483647\n", "t").priority == Numbers{2147483647});
  for (const char* value : {"", "-1", "0.5", "high", "2147483648"}) {
    CHECK_THAT(refusal(header + "1,2,3," + value + "\n"),
               ContainsSubstring(std::string("t:2:7: invalid priority='") + value +
                                 "' (must be a whole number in [0, 2147483647])"));
  }
}

TEST_CASE("a list that is longer than the prompt has blocks is of blocks of another size") {
  std::string hashes = "[0";
  for (int i = 1; i < 33; ++i) hashes += "," + std::to_string(i);
  const std::string row =
      "{\"timestamp\":1,\"input_length\":521,\"output_length\":5,\"hash_ids\":" + hashes + "]}\n";
  // Skipping such rows would leave the others to be read in wrong blocks.
  for (const TraceOptions& options : {TraceOptions{}, kSkip}) {
    CHECK(refusal(mooncake(0, 1, "[7]") + row + row, options) ==
          "t:2:64: too many hashes: 33 for 521 tokens (blocks of 512 tokens make at most 2; "
          "likewise in 1 further row) set hash_block to the tokens of a block (16 fits all lists)");
  }
  TraceOptions blocks;
  blocks.hash_block_tokens = 16;
  const Trace trace = parse_trace(row, "t", blocks);
  CHECK(trace.prefix_block_tokens == 16);
  CHECK(trace.prefix_hashes.size() == 32);
  CHECK(trace.warnings.empty());
  CHECK_THAT(
      refusal(blocks_of("\"block_hash_ids_8\":[1]"), blocks),
      ContainsSubstring("'block_hash_ids_8' says another size of blocks than hash_block=16"));
  CHECK(refusal(blocks_of("\"block_hash_ids_16\":[1]"), blocks) == "accepted");
  CHECK_THAT(
      parse_trace("arrival_s,prompt_tokens,output_tokens\n1,2,3\n", "t", blocks).warnings.front(),
      ContainsSubstring("hash_block is not used"));
}

TEST_CASE("lists that are all shorter than their blocks are a warning") {
  const auto row = [](int tokens, const std::string& hashes) {
    return "{\"timestamp\":1,\"input_length\":" + std::to_string(tokens) +
           ",\"output_length\":5,\"hash_ids\":" + hashes + "}\n";
  };
  const std::string text = row(4096, "[1,2,3,4]") + row(700, "[5]") + row(3000, "[1,2,6]");
  const Trace larger = parse_trace(text, "t");
  REQUIRE(larger.warnings.size() == 1);
  CHECK_THAT(larger.warnings.front(), ContainsSubstring("(1024 fits all lists) set hash_block"));
  CHECK(parse_trace(text + row(1536, "[1,7,8]"), "t").warnings.empty());
}
