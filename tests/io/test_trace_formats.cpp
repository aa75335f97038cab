// Every format's sample file holds the same six requests, of which the fifth failed.
#include <string>
#include <vector>

#include "host/base/error.hpp"
#include "io/files/text_stream.hpp"
#include "io/traces/trace_format.hpp"
#include "io/traces/trace_reader.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/source_folder.hpp"

using namespace servesweep;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string sample(const std::string& name) {
  return testing::in_source_folder("tests/data/traces/" + name);
}

const std::vector<std::int64_t> kArrival_ns{0, 250'000'000, 250'000'000, 2'500'000'100,
                                            60'000'000'000};

void check_requests(const Trace& trace) {
  CHECK(trace.arrival_ns == kArrival_ns);
  CHECK(trace.prompt_tokens == std::vector<std::int32_t>{472, 1087, 0, 1360, 185});
  CHECK(trace.output_tokens == std::vector<std::int32_t>{18, 230, 1, 647, 215});
  CHECK(trace.rows_read == 6);
  CHECK(trace.rows_failed == 1);
  CHECK(trace.rows_skipped == 0);
  CHECK(trace.rows_out_of_order == 0);
}

std::string refusal(const std::string& text) {
  try {
    parse_trace(text, "t.csv");
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("the sample of each format") {
  const auto [file, format] = GENERATE(
      std::pair{"burstgpt.csv", "burstgpt"}, std::pair{"azure.csv", "azure"},
      std::pair{"mooncake.jsonl", "mooncake"}, std::pair{"vidur.csv", "vidur"},
      std::pair{"bailian.jsonl", "bailian"}, std::pair{"splitwise.csv", "splitwise"},
      std::pair{"servegen.csv", "servegen"}, std::pair{"aiperf.jsonl", "aiperf"},
      std::pair{"vllm_bench.json", "vllm-bench"}, std::pair{"llmservingsim.jsonl", "llmservingsim"},
      std::pair{"servesweep.csv", "servesweep"}, std::pair{"azure.csv.gz", "azure"});
  INFO(file);
  const Trace trace = read_trace(sample(file));
  check_requests(trace);
  CHECK(trace.format == format);
  CHECK(trace.path == sample(file));
  CHECK(trace.predicted_tokens.empty() == (std::string(file) != "servesweep.csv"));

  TraceOptions options;
  options.keep_failed = true;
  const Trace all = read_trace(sample(file), options);
  CHECK(all.size() == 6);
  CHECK(all.output_tokens[4] == 0);
  CHECK(all.prompt_tokens[4] == (trace.format == "aiperf" ? 0 : 99));  // its failures have none
  CHECK(all.rows_failed == 1);
}

TEST_CASE("the checksum is that of the file as stored") {
  // sha256sum tests/data/traces/azure.csv*
  CHECK(read_trace(sample("azure.csv")).sha256 ==
        "1c2b377369cd12299077324e53013628eadf12bbea0b19f358b9946652d398bb");
  CHECK(read_trace(sample("azure.csv.gz")).sha256 ==
        "9a4c24a3b8c7e1434119335cd5de7f15258e8a67177a02540f477332d49c0695");
}

TEST_CASE("predicted lengths") {
  const Trace own = read_trace(sample("servesweep.csv"));
  CHECK(own.predicted_tokens == std::vector<std::int32_t>{20, 200, 1, 600, 200});
  const Trace burst = parse_trace(
      "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type,Predicted tokens\n"
      "9,m,5,6,11,x,7\n8,m,1,2,3,x,4\n",
      "t.csv");
  CHECK(burst.predicted_tokens == std::vector<std::int32_t>{4, 7});
  CHECK(parse_trace("arrival_s,prompt_tokens,output_tokens\n1,2,3\n", "").predicted_tokens.empty());
}

TEST_CASE("columns of CSV stand in any order and case, others are ignored") {
  const Trace trace = parse_trace(
      "Elapsed,RESPONSE TOKENS,\"request tokens\",timestamp\nx,3,2,1\n\"y,y\",6,5,\"4\"\n", "t");
  CHECK(trace.format == "burstgpt");
  CHECK(trace.prompt_tokens == std::vector<std::int32_t>{2, 5});
  CHECK(trace.output_tokens == std::vector<std::int32_t>{3, 6});
  CHECK(trace.arrival_ns == std::vector<std::int64_t>{0, 3'000'000'000});
}

TEST_CASE("CRLF changes nothing") {
  const std::string text =
      "TIMESTAMP,ContextTokens,GeneratedTokens\r\n"
      "2023-11-16 18:17:03.5,1,2\r\n2023-11-16 18:17:04,3,4\r\n\r\n";
  const Trace trace = parse_trace(text, "t");
  CHECK(trace.arrival_ns == std::vector<std::int64_t>{0, 500'000'000});
  CHECK(trace.output_tokens == std::vector<std::int32_t>{2, 4});
  CHECK(
      parse_trace("{\"timestamp\":1,\"input_length\":2,\"output_length\":3}\r\n\r\n", "t").format ==
      "mooncake");
}

TEST_CASE("JSON: names may be escaped") {
  const Trace trace = parse_trace(R"({"input_length":1,"output_length":2,"\u0074imestamp":8})"
                                  "\n"
                                  R"({"timestamp":9,"input_length":3,"output_length":4e0})",
                                  "t");
  CHECK(trace.arrival_ns == std::vector<std::int64_t>{0, 1'000'000});
  CHECK(trace.prompt_tokens == std::vector<std::int32_t>{1, 3});
  CHECK(trace.output_tokens == std::vector<std::int32_t>{2, 4});
}

TEST_CASE("two columns of one name are refused, but for columns without a name") {
  CHECK_THAT(refusal("arrival_s,prompt_tokens,output_tokens,Prompt_Tokens\n1,2,3,4\n"),
             ContainsSubstring("t.csv:1:1: two columns 'Prompt_Tokens' (which of them is meant"));
  CHECK_THAT(refusal("arrival_s,prompt_tokens,output_tokens,x, x\n1,2,3,4,5\n"),
             ContainsSubstring("two columns 'x'"));
  CHECK(parse_trace("arrival_s,prompt_tokens,output_tokens,,\n1,2,3,4,5\n", "t").size() == 1);
  CHECK_THAT(
      refusal("{\"timestamp\":1,\"input_length\":2,\"output_length\":3,\"input_length\":3}\n"),
      ContainsSubstring("t.csv:1:52: two members 'input_length' (which of them is meant"));
  CHECK_THAT(refusal("{\"timestamp\":1,\"input_length\":2,\"output_length\":3,\"a\":1,\"a\":2}\n"),
             ContainsSubstring("accepted"));
}

TEST_CASE("names and values may have blanks around them") {
  CHECK(parse_trace(" arrival_s , prompt_tokens , output_tokens\n1, 10, 3\n", "t").prompt_tokens ==
        std::vector<std::int32_t>{10});
}

TEST_CASE("a format is that with most of the file's names") {
  const std::string row = "\"timestamp\":1,\"input_length\":2,\"output_length\":3}\n";
  CHECK(parse_trace("{" + row, "t").format == "mooncake");
  CHECK(parse_trace("{\"chat_id\":1," + row, "t").format == "mooncake");
  CHECK(parse_trace("{\"chat_id\":1," + row, "t").ignored_names ==
        std::vector<std::string>{"chat_id"});
  const Trace trace = parse_trace("{\"chat_id\":1,\"parent_chat_id\":-1,\"turn\":1," + row, "t");
  CHECK(trace.format == "bailian");
  CHECK(trace.ignored_names == std::vector<std::string>{"turn"});
  CHECK(trace.time_unit == TimeUnit::kSeconds);
}

TEST_CASE("times in another unit than the format's") {
  const std::string text =
      "{\"timestamp\":0.0,\"input_length\":10,\"output_length\":5}\n"
      "{\"timestamp\":0.4,\"input_length\":20,\"output_length\":8}\n";
  const auto last_ns = [&](TimeUnit unit) {
    TraceOptions options;
    options.time_unit = unit;
    const Trace trace = parse_trace(text, "t", options);
    CHECK(trace.warnings.size() == (unit == TimeUnit::kAuto ? 1 : 0));
    return trace.arrival_ns.back();
  };
  CHECK(last_ns(TimeUnit::kAuto) == 400'000);
  CHECK(last_ns(TimeUnit::kSeconds) == 400'000'000);
  CHECK(last_ns(TimeUnit::kMilliseconds) == 400'000);
  CHECK(last_ns(TimeUnit::kMicroseconds) == 400);
  CHECK_THAT(parse_trace(text, "t").warnings.front(),
             ContainsSubstring("some are no whole ones (the columns are those of mooncake) set "
                               "time_unit"));
  TraceOptions dates;
  dates.time_unit = TimeUnit::kDate;
  CHECK(parse_trace("arrival_s,prompt_tokens,output_tokens\n2024-05-10 00:00:00,1,1\n"
                    "2024-05-10 00:00:01,1,1\n",
                    "t", dates)
            .arrival_ns.back() == 1'000'000'000);
  CHECK(parse_trace("{\"timestamp\":\"2024-05-10 00:00:00\",\"input_length\":2,"
                    "\"output_length\":3}\n",
                    "t", dates)
            .size() == 1);
}

TEST_CASE("a file without the column of times has lengths only") {
  const Trace trace =
      parse_trace("num_prefill_tokens,num_decode_tokens,pd_ratio\n5,6,1\n7,8,1\n", "t");
  CHECK(trace.format == "vidur");
  CHECK_FALSE(trace.has_times());
  CHECK(trace.prompt_tokens == std::vector<std::int32_t>{5, 7});
  CHECK(trace.output_tokens == std::vector<std::int32_t>{6, 8});
  CHECK_THAT(refusal("arrive_at,num_prefill_tokens,num_decode_tokens\n1,5,6\n"),
             ContainsSubstring("nearest is vidur, which needs 'arrived_at')"));
  // Neither are times, hashes and sessions looked at where only lengths are wanted.
  TraceOptions lengths;
  lengths.lengths_only = true;
  const Trace sessions = parse_trace(
      "{\"session_id\":1,\"timestamp\":0,\"input_length\":9,\"output_length\":5}\n"
      "{\"delay\":\"x\",\"input_length\":8,\"output_length\":5,\"hash_ids\":[1,2,3]}\n",
      "t", lengths);
  CHECK(sessions.prompt_tokens == std::vector<std::int32_t>{9, 8});
  CHECK_FALSE(sessions.has_times());
  CHECK(sessions.prefix_block_tokens == 0);
  CHECK(sessions.session.empty());
}

TEST_CASE("a first line of no format names the nearest one and lists all") {
  const std::string text = refusal("Timestamp,Model,Request tokens,Respnse tokens\n1,m,2,3\n");
  CHECK_THAT(text, ContainsSubstring("t.csv:1:1: unknown trace format"));
  CHECK_THAT(text, ContainsSubstring("nearest is burstgpt, which needs 'Response tokens')"));
  for (const TraceFormat& format : trace_formats()) {
    CHECK_THAT(text,
               ContainsSubstring(std::string(format.name) + ": " + std::string(format.example)));
  }
  CHECK_THAT(refusal("timestamp,input_length,output_length\n1,2,3\n"),
             ContainsSubstring("unknown"));
  CHECK_THAT(refusal("{\"timestamp\":1,\"input_len\":2,\"output_length\":3}\n"),
             ContainsSubstring("nearest is mooncake, which needs 'input_length')"));
  CHECK_THAT(refusal("{\"Timestamp\":1,\"input_length\":2,\"output_length\":3}\n"),
             ContainsSubstring("which needs 'timestamp')"));
  CHECK_THAT(refusal("arrived_at,num_prefill_tokens,\"num_decode_tokens\n1,2,3\n"),
             ContainsSubstring("unknown"));
  CHECK_THAT(refusal("1,2,3\n4,5,6\n"), ContainsSubstring("the first line is '1,2,3'"));
  CHECK_THAT(refusal(std::string(1000000, 'x')), ContainsSubstring("xxx...'"));
  CHECK_THAT(refusal("\n" + std::string(kArrival_ns.size(), ',')), ContainsSubstring("unknown"));
  for (const char* empty : {"", "\n", " \t\r\n"}) {
    CHECK_THAT(refusal(empty), ContainsSubstring("t.csv: empty trace"));
  }
}

TEST_CASE("every registered format is found by its own example") {
  for (const TraceFormat& format : trace_formats()) {
    INFO(std::string(format.name));
    CHECK(find_trace_format(TextStream(format.example, "")).format.name == format.name);
  }
}

TEST_CASE("a trace that is written in another way is called by its name") {
  const std::string row = "2024-05-10 00:00:00;10;5\r\n";
  CHECK(refusal("TIMESTAMP;ContextTokens;GeneratedTokens\r\n" + row) ==
        "t.csv:1:1: columns of the format azure with semicolons between them (a trace has commas) "
        "save it with commas, and with points in its numbers");
  CHECK_THAT(refusal("TIMESTAMP\tContextTokens\tGeneratedTokens\n"),
             ContainsSubstring("format azure with tabs between them"));
  CHECK_THAT(refusal("arrival_s|prompt_tokens|output_tokens\n"),
             ContainsSubstring("format servesweep with bars between them"));
  const std::string object = "{\"timestamp\": 0, \"input_length\": 1, \"output_length\": 5}";
  CHECK_THAT(refusal("[" + object + "," + object + "]"),
             ContainsSubstring("a JSON array (a trace in JSON has one object a line"));
  CHECK_THAT(refusal("{\n  \"timestamp\": 0\n}\n"),
             ContainsSubstring("a JSON object over several lines"));
}

TEST_CASE("comments before the header are skipped, lines count on") {
  CHECK(parse_trace("# made by\n#\narrival_s,prompt_tokens,output_tokens\n1,10,3\n", "t").size() ==
        1);
  CHECK(
      parse_trace("# x\n{\"timestamp\":1,\"input_length\":2,\"output_length\":3}\n", "t").size() ==
      1);
  CHECK_THAT(refusal("# x\narrival_s,prompt_tokens,output_tokens\nx,10,3\n"),
             ContainsSubstring("t.csv:3:1: invalid arrival_s='x'"));
  CHECK_THAT(refusal("# x\narrival_s,prompt\n"), ContainsSubstring("t.csv:2:1: unknown trace"));
  CHECK_THAT(refusal("# x"), ContainsSubstring("empty trace"));
}

TEST_CASE("lengths without times: columns, members, pairs") {
  const auto check = [](const std::string& text, const std::string& format) {
    const Trace trace = parse_trace(text, "t");
    CHECK(trace.format == format);
    CHECK_FALSE(trace.has_times());
    CHECK(trace.prompt_tokens == std::vector<std::int32_t>{35, 1087});
    CHECK(trace.output_tokens == std::vector<std::int32_t>{500, 230});
  };
  check("id,output_len,prompt_len\n1,500,35\n2,230,1087\n", "length-columns");
  check("{\"prompt_len\": 35, \"output_len\": 500}\n{\"prompt_len\": 1087, \"output_len\": 230}\n",
        "length-rows");
  check("[[35, 500], [1087, 230]]", "length-pairs");
  check("[\n  [35,\n 500 ],\n  [1087, 230]\n]\n", "length-pairs");
  check("{\"input_lens\": [35, 1087], \"output_lens\": [500, 230], \"ttfts\": [0.1, 0.2]}\n",
        "vllm-bench");
}

TEST_CASE("what is wrong with lists and pairs") {
  CHECK_THAT(refusal("[[1, 2], [3]]"),
             ContainsSubstring("t.csv:1:10: wrong number of lengths (a pair has two)"));
  CHECK_THAT(refusal("[[1, 2], [3, 4, 5]]"), ContainsSubstring("wrong number of lengths"));
  CHECK_THAT(refusal("[[1, 2], [3, x]]"),
             ContainsSubstring("t.csv:1:14: invalid second of a pair='x' (must be a number)"));
  CHECK_THAT(refusal("[[1, 2] [3, 4]]"), ContainsSubstring("broken array (',' or ']' expected)"));
  CHECK_THAT(refusal("[[1, 2]"), ContainsSubstring("broken array"));
  CHECK_THAT(refusal("[[1, 2"), ContainsSubstring("broken pair"));
  CHECK_THAT(refusal("[[1, 2],"), ContainsSubstring("broken pair"));
  CHECK_THAT(refusal("{\"input_lens\": [1, 2], \"output_lens\": [3]}"),
             ContainsSubstring("t.csv: lists of different lengths"));
  CHECK_THAT(refusal("{\"input_lens\": [1], \"output_lens\": [3, 4]}"),
             ContainsSubstring("lists of different lengths"));
  CHECK_THAT(refusal("{\"input_lens\": [1], \"output_lens\": [3], \"start_times\": []}"),
             ContainsSubstring("lists of different lengths"));
  CHECK_THAT(refusal("{\"input_lens\": 7, \"output_lens\": [3]}"),
             ContainsSubstring("'input_lens' is no list"));
  CHECK_THAT(refusal("{\"input_lens\": [1, null], \"output_lens\": [3, 4]}"),
             ContainsSubstring("invalid input_lens='null' (must be a number)"));
  CHECK_THAT(refusal("{\"input_lens\": [1], \"output_lens\": [3], }"),
             ContainsSubstring("broken object"));
}
