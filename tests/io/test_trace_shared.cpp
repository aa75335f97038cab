// Real traces against the figures that their collection states, and against NumPy's (1.24) of the
// same columns. The files are not ours to ship: skipped where SERVESWEEP_SHARED does not lead to
// them.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>

#include "host/workload/trace_summary.hpp"
#include "io/traces/trace_reader.hpp"
#include "tests/support/catch.hpp"

using namespace servesweep;

namespace {

struct Lengths {
  double mean, p50, p90, p95, p99;
  std::int64_t max;
};

struct Expected {
  const char* file;
  const char* format;
  bool keep_failed;
  std::int64_t rows, failed;
  double span_s, cv, rank_correlation;
  Lengths prompt, output, total;
};

// clang-format off
constexpr Expected kExpected[] = {
    {"azure2023/AzureLLMInferenceTrace_code.csv", "azure", false, 8819, 0, 3435.948056,
     13.15203674494993, -0.021462355756450335,
     {2047.848282118154, 1469, 5187.6, 7303.3, 7436, 7437},
     {27.88252636353328, 13, 55, 90, 251.46, 1899},
     {2075.7308084816873, 1493, 5207.8, 7331.3, 7461.82, 7841}},
    {"azure2023/AzureLLMInferenceTrace_conv.csv", "azure", false, 19366, 0, 3501.721937,
     1.0941982341639538, 0.07275089359754287,
     {1154.6974078281523, 1020, 2734.5, 4083, 4142, 14050},
     {211.12594237323142, 129, 424, 451, 601, 1000},
     {1365.8233502013838, 1412, 2819.5, 4136, 4259, 14089}},
    {"mooncake/conversation_trace.jsonl", "mooncake", false, 12031, 0, 3536.999,
     3.0338635413080794, 0.07169248903587952,
     {12035.061341534369, 6909, 27367, 39550.5, 85400.4, 126195},
     {342.6189011719724, 350, 597, 698, 1118.5, 2000},
     {12377.680242706341, 7255, 27723, 40052, 85850.8, 126527}},
    {"burstgpt/BurstGPT_1_head.csv", "burstgpt", true, 400, 17, 37269, 4.566915153825444,
     0.364234519576037,
     {520.4725, 314, 1417.9, 1637.1, 1958.02, 2126},
     {276.53, 229.5, 570.7, 813.65, 1421.21, 2019},
     {797.0025, 609.5, 1869.2, 2082.55, 2697.7, 3217}},
    {"burstgpt/BurstGPT_1_head.csv", "burstgpt", false, 400, 17, 37269, 4.469577698427147,
     0.2758162834952802,
     {543.5744125326371, 353, 1436.6, 1638.8, 1958.36, 2126},
     {288.8041775456919, 238, 584.2, 841.7, 1424.78, 2019},
     {832.378590078329, 650, 1890.4, 2091.9, 2743.6, 3217}}};
// clang-format on

void check(const LengthSummary& found, const Lengths& expected) {
  CHECK(found.mean == Approx(expected.mean).epsilon(1e-12));
  CHECK(found.p50 == Approx(expected.p50).epsilon(1e-12));
  CHECK(found.p90 == Approx(expected.p90).epsilon(1e-12));
  CHECK(found.p95 == Approx(expected.p95).epsilon(1e-12));
  CHECK(found.p99 == Approx(expected.p99).epsilon(1e-12));
  CHECK(found.max == expected.max);
}

std::string traces() {
  const char* shared = std::getenv("SERVESWEEP_SHARED");
  if (shared != nullptr && std::filesystem::is_directory(std::string(shared) + "/traces")) {
    return std::string(shared) + "/traces/";
  }
  std::cout << "skipped: SERVESWEEP_SHARED names no folder with real traces\n";
  return "";
}

}  // namespace

TEST_CASE("real traces have the figures that NumPy finds") {
  const std::string folder = traces();
  if (folder.empty()) return;
  for (const Expected& expected : kExpected) {
    INFO(expected.file);
    TraceOptions options;
    options.keep_failed = expected.keep_failed;
    const Trace trace = read_trace(folder + expected.file, options);
    CHECK(trace.format == expected.format);
    CHECK(trace.rows_read == expected.rows);
    CHECK(trace.rows_failed == expected.failed);
    CHECK(trace.rows_skipped == 0);
    const TraceSummary s = summarize(trace);
    const std::int64_t requests = expected.rows - (expected.keep_failed ? 0 : expected.failed);
    CHECK(s.requests == requests);
    CHECK(s.span_s == expected.span_s);
    CHECK(s.rate_per_s == Approx(static_cast<double>(requests - 1) / expected.span_s));
    CHECK(s.interarrival_cv == Approx(expected.cv).epsilon(1e-9));
    CHECK(s.rank_correlation == Approx(expected.rank_correlation).epsilon(1e-9));
    check(s.prompt, expected.prompt);
    check(s.output, expected.output);
    check(s.total, expected.total);
  }
}

// The table as published: req/s, CV, mean/p50/p90/p99 of prompts and outputs, failed rows included.
TEST_CASE("real traces have the figures of their collection's table") {
  const std::string folder = traces();
  if (folder.empty()) return;
  struct Row {
    const char* file;
    double rate, rate_margin, cv, cv_margin;
    double prompt[4], output[4];
  };
  constexpr Row kTable[] = {{"azure2023/AzureLLMInferenceTrace_code.csv",
                             2.57,
                             0.005,
                             13.2,
                             0.05,
                             {2048, 1469, 5188, 7436},
                             {28, 13, 55, 251}},
                            {"azure2023/AzureLLMInferenceTrace_conv.csv",
                             5.53,
                             0.005,
                             1.09,
                             0.005,
                             {1155, 1020, 2734, 4142},
                             {211, 129, 424, 601}},
                            {"mooncake/conversation_trace.jsonl",
                             3.40,
                             0.005,
                             3.0,
                             0.05,
                             {12035, 6909, 27367, 85400},
                             {343, 350, 597, 1119}},
                            {"burstgpt/BurstGPT_1_head.csv",
                             0.011,
                             0.0005,
                             4.6,
                             0.05,
                             {521, 314, 1418, 1958},
                             {277, 230, 571, 1421}}};
  for (const Row& row : kTable) {
    INFO(row.file);
    const TraceSummary s = summarize(read_trace(folder + row.file, {true, OnBadRow::kError}));
    CHECK(s.rate_per_s == Approx(row.rate).margin(row.rate_margin));
    CHECK(s.interarrival_cv == Approx(row.cv).margin(row.cv_margin));
    for (const auto& [found, stated] :
         {std::pair{s.prompt, row.prompt}, std::pair{s.output, row.output}}) {
      // Rounded to whole tokens; halves either way.
      CHECK(std::fabs(found.mean - stated[0]) < 0.6);
      CHECK(std::fabs(found.p50 - stated[1]) < 0.6);
      CHECK(std::fabs(found.p90 - stated[2]) < 0.6);
      CHECK(std::fabs(found.p99 - stated[3]) < 0.6);
    }
  }
}

// Counted in Python from the files' own hashes, numbered as they appear.
TEST_CASE("real traces have the prefixes that are in their files") {
  const std::string folder = traces();
  if (folder.empty()) return;
  for (const auto& [file, format, block_tokens, num_hashes, total, sum] :
       {std::tuple{"mooncake/conversation_trace.jsonl", "mooncake", 512, 170899, 276491,
                   std::int64_t{20898466292}},
        std::tuple{"../golden/vllm_rtx4090/sharegpt-llama-3.1-8b-300-sps10.blockhash.jsonl",
                   "llmservingsim", 16, 26866, 28168, std::int64_t{373126213}}}) {
    INFO(file);
    const Trace trace = read_trace(folder + file);
    CHECK(trace.format == format);
    CHECK(trace.prefix_block_tokens == block_tokens);
    CHECK(trace.num_prefix_hashes == num_hashes);
    CHECK(trace.prefix_hashes.size() == static_cast<std::size_t>(total));
    CHECK(std::accumulate(trace.prefix_hashes.begin(), trace.prefix_hashes.end(),
                          std::int64_t{0}) == sum);
  }
}
