// What the tuning study says: of the queue, of limits that bind nothing, of its targets.
#include <algorithm>
#include <string>

#include "host/base/error.hpp"
#include "host/studies/tuning/tuning_analysis.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/tuning_frame.hpp"

using namespace servesweep;
using namespace servesweep::testing;

namespace {

using Rows = std::vector<TuningRow>;

TuningRow limited(double max_num_seqs, double share, double per_s, double running,
                  int replication = 0) {
  TuningRow row;
  row.max_num_seqs = max_num_seqs;
  row.queue_share = share;
  row.per_s = per_s;
  row.running = running;
  row.replication = replication;
  return row;
}

TuningRow client(double batch, double share, int replication = 0) {
  TuningRow row;
  row.mode = kStatic;
  row.client_batch = batch;
  row.queue_share = share;
  row.median_ratio = share + 0.1;
  row.running = batch;
  row.replication = replication;
  return row;
}

Rows queue_rows() {
  return {client(8, 0.85),
          client(16, 0.7),
          limited(16, 0.66, 9, 16),
          limited(32, 0.38, 17, 32),
          limited(100, 0.01, 19, 100),
          limited(256, 0.01, 19, 100),
          limited(512, 0.01, 19, 100)};
}

std::string text_of(const Rows& rows, const std::string& topic, const std::string& start) {
  const Frame frame = tuning_frame(rows);
  for (const StudyFinding& finding : render(tuning_findings(frame))) {
    if (finding.topic == topic && finding.text.find(start) == 0) return finding.text;
  }
  return "";
}

// The record of the finding whose sentence begins so.
FindingRecord record_of(const Rows& rows, const std::string& topic, const std::string& start) {
  const Frame frame = tuning_frame(rows);
  for (const FindingRecord& finding : tuning_findings(frame)) {
    if (finding.topic == topic && render(finding).text.find(start) == 0) return finding;
  }
  FAIL("no finding of " << topic << " begins with " << start);
  return {};
}

}  // namespace

TEST_CASE("The share falls below one half where it does, by the means over the seeds") {
  CHECK(text_of(queue_rows(), "Answer", "Queue share") ==
        "Queue share: it falls below 50 % between max_num_seqs = 16 and 32: 38 %; at 16 it is "
        "66 %.");
  Rows rows;
  for (const int seed : {0, 1}) {
    rows.push_back(limited(31, seed == 0 ? 0.45 : 0.65, 9, 31, seed));   // 0.55
    rows.push_back(limited(32, seed == 0 ? 0.55 : 0.35, 17, 32, seed));  // 0.45
  }
  CHECK(text_of(rows, "Answer", "Queue share") ==
        "Queue share: it falls below 50 % at max_num_seqs = 32: 45 % (35 to 55 % over 2 seeds); "
        "at 31 it is 55 %.");
  const FindingRecord found = record_of(rows, "Answer", "Queue share");
  CHECK(found.metric == "queue_time_share");
  CHECK(found.from == 31);
  CHECK(found.to == 32);
  const FindingRecord first = record_of({limited(32, 0.45, 17, 32)}, "Answer", "Queue share");
  CHECK_FALSE(first.from.has_value());
  CHECK(first.to == 32);
  CHECK(text_of({limited(1, 0.9, 9, 1), limited(2, 0.8, 9, 2)}, "Answer", "Queue share") ==
        "Queue share: no max_num_seqs up to 2 brings it below 50 %; the largest gives 80 %.");
}

TEST_CASE("Limits between the two around one half are tried, and belong to the same settings") {
  const auto around = [](const Rows& rows) { return limits_around_half(tuning_frame(rows)); };
  const std::vector<std::int64_t> between = around(queue_rows());
  REQUIRE(between.size() == 15);
  CHECK(between.front() == 17);
  CHECK(between.back() == 31);
  const auto wide = around({limited(1024, 0.6, 9, 1024), limited(2048, 0.4, 9, 2048)});
  REQUIRE(wide.size() == 15);
  CHECK(wide[0] == 1088);
  CHECK(around({limited(2, 0.6, 9, 2), limited(3, 0.4, 9, 3)}).empty());
  CHECK(around({limited(1, 0.9, 9, 1), limited(2, 0.8, 9, 2)}).empty());
  CHECK(around({limited(1, 0.4, 9, 1), limited(2, 0.3, 9, 2)}).empty());

  Rows rows = queue_rows();
  for (const double m : {24, 25}) {
    rows.push_back(limited(m, m == 24 ? 0.51 : 0.49, 14, m));
    rows.back().step = TuningStep::kQueueBetween;
  }
  CHECK(record_of(rows, "Answer", "Queue share").from == 24);
  CHECK(record_of(rows, "Answer", "Queue share").to == 25);
  CHECK(record_of(rows, "Targets", "Queue share").to == 25);
  for (TuningRow& row : rows) {  // those between are of an older run, with another GPU
    if (row.step == TuningStep::kQueueTime) row.gpu_memory_gb = 80;
  }
  CHECK(text_of(rows, "Answer", "Queue share") == text_of(queue_rows(), "Answer", "Queue share"));
}

TEST_CASE("A max_num_seqs above the peak concurrency changes nothing, and that is found") {
  CHECK(text_of(queue_rows(), "Answer", "max_num_seqs") ==
        "max_num_seqs: from max_num_seqs = 100 to 512 no metric changes, in any seed: at most 100 "
        "sequences ever run at a time (peak_running), and a limit above that is never reached.");
  CHECK(choose_max_num_seqs(tuning_frame(queue_rows())) == 100);
  CHECK(record_of(queue_rows(), "Answer", "max_num_seqs").from == 100);
  CHECK(record_of(queue_rows(), "Answer", "max_num_seqs").to == 512);
  // One metric of one seed that differs is a change.
  Rows rows = queue_rows();
  rows.back().ttft_s += 1e-9;
  CHECK(record_of(rows, "Answer", "max_num_seqs").from == 512);
  CHECK(choose_max_num_seqs(tuning_frame(rows)) == 512);
  CHECK(text_of(rows, "Answer", "max_num_seqs") ==
        "max_num_seqs: every step of max_num_seqs up to 512 changes the results; at most 100 "
        "sequences run at a time.");
  for (TuningRow& row : rows) row.status = 1;
  CHECK_THROWS_AS(choose_max_num_seqs(tuning_frame(rows)), InputError);
}

TEST_CASE("The client's batches are told from the server's limit") {
  CHECK(text_of(queue_rows(), "Answer", "Client batches") ==
        "Client batches: when the client sends 16 requests at a time and waits for all of them, "
        "the median queue time is 80 % of the median latency, and the server, which could run 256, "
        "runs at most 16. When the client sends all at once, the same server with the same "
        "max_num_seqs has 0 %, below 5 %: the waiting is the client's batches.");
  Rows rows = queue_rows();
  // What remains without the client's batches is said, and what holds it.
  rows[5].median_ratio = 0.4;
  rows[5].running = 256;
  CHECK(text_of(rows, "Answer", "Client batches")
            .find("has 40 %: the client's batches are not all of it, 50 % of the share remains "
                  "without them; of 100 requests at most 256 run at a time, with 1 % of the KV "
                  "cache in use.") != std::string::npos);
  rows[5].running = 30;
  rows[5].cache_usage = 0.99;
  CHECK(text_of(rows, "Answer", "Client batches")
            .find("of 100 requests at most 30 run at a time, with 99 % of the KV cache in use.") !=
        std::string::npos);
  rows.erase(rows.begin() + 1);  // no batch of 16
  CHECK(text_of(rows, "Answer", "Client batches").empty());
}

TEST_CASE("Every target has a row: reached, not reached, not known") {
  Rows rows = queue_rows();
  CHECK(text_of(rows, "Targets", "Queue share") ==
        "Queue share below 50 %: reached from max_num_seqs = 32 on: 38 %; the best, at 100, is "
        "1 %. With client batches of 16: 70 %.");
  CHECK(text_of(rows, "Targets", "Throughput") ==
        "Throughput of 10 to 15 requests/s: reached from max_num_seqs = 32 on: 17 requests/s; the "
        "best, at 100, is 19 requests/s. With client batches of 16: 10 requests/s.");
  CHECK(text_of(rows, "Targets", "Token throughput")
            .find("of 1,200 to 1,900 output tokens/s: not reached; the best, at max_num_seqs = 16: "
                  "1,000 "
                  "output tokens/s. What stops it: max_num_seqs, at most 16 run at a time") == 17);
  CHECK(text_of(rows, "Targets", "P95 latency of all requests") ==
        "P95 latency of all requests below 2 s: not known; benchmark has not been run.");

  TuningRow alone;
  alone.step = TuningStep::kBenchmarkMix;
  alone.arrivals = kDeterministic;
  alone.rate_per_s = 0.1;
  alone.p95_s = 3.013;  // 301 tokens
  rows.push_back(alone);
  CHECK(text_of(rows, "Targets", "P95 latency of all requests") ==
        "P95 latency of all requests below 2 s: not reached at any setting. What stops it: alone "
        "on the server, without any queue, it is 3.01 s already, 13 ms to the first token and 10 "
        "ms for each further one: 2 s are enough for 199 tokens, or the 301 tokens of the 95th "
        "percentile need 6.62 ms each. All at once the best is 3 s, at max_num_seqs = 16.");
  rows.back().p95_s = 1.5;
  CHECK(text_of(rows, "Targets", "P95 latency of all requests")
            .find("reached where requests come one at a time: 1.5 s") != std::string::npos);
  CHECK(text_of({}, "Targets", "Queue share") ==
        "Queue share below 50 %: not known; queue-time has not been run.");
}

TEST_CASE("What is not there is said") {
  Rows rows = queue_rows();
  const std::string others =
      "max_num_seqs, memory, chunked_latency, chunked_itl, benchmark_latency, benchmark_batch, "
      "benchmark_mix, benchmark_lengths, comparison: skipped, or failed.";
  CHECK(text_of(rows, "Left out", "There") == "There are no results of " + others);
  for (std::size_t step = 1; step < tuning_step_names().size(); ++step) {
    if (static_cast<TuningStep>(step) == TuningStep::kQueueBetween) continue;
    rows.push_back(rows.back());
    rows.back().step = static_cast<TuningStep>(step);
  }
  CHECK(text_of(rows, "Left out", "").empty());
  rows.back().status = 1;
  CHECK(text_of(rows, "Left out", "1 of 16 worlds") ==
        "1 of 16 worlds did not run to their end or completed nothing; their configurations are "
        "left out.");
}

TEST_CASE("Memory that is enough is told from memory that is not") {
  Rows rows;
  for (const auto& [share, blocks, preempted] :
       {std::tuple{0.44, 64.0, 7.0}, {0.5, 512.0, 0.0}, {0.9, 20'000.0, 0.0}}) {
    TuningRow row;
    row.step = TuningStep::kMemory;
    row.utilization = share;
    row.blocks = blocks;
    row.preempted = preempted;
    row.per_s = preempted > 0 ? 5 : 10;
    rows.push_back(row);
  }
  CHECK(text_of(rows, "Memory", "From") ==
        "From gpu_memory_utilization = 0.5 (512 KV blocks) to 0.9 neither throughput nor latency "
        "changes: with 0.9 at most 1 % of the KV cache are ever in use.");
  CHECK(record_of(rows, "Memory", "From").from == 0.5);
  CHECK(record_of(rows, "Memory", "From").to == 0.9);
  CHECK(text_of(rows, "Memory", "With 0.44") ==
        "With 0.44 (64 blocks) there are 7 preemptions and 5 requests/s, against 10 with enough "
        "memory.");
}

TEST_CASE("Chunk sizes are listed, and off for whole prompts") {
  Rows rows;
  for (const auto& [mode, chunk, itl] :
       {std::tuple{kPrefillFirst, 16384.0, 0.5}, {kMixed, 2048.0, 0.1}, {kMixed, 512.0, 0.03}}) {
    TuningRow row;
    row.step = TuningStep::kChunkedItl;
    row.mode = mode;
    row.chunk = chunk;
    row.max_itl_s = itl;
    rows.push_back(row);
  }
  CHECK(text_of(rows, "Chunked prefill", "Long prompts") ==
        "Long prompts among chats, largest inter-token time by chunk size: 512: 0.03 s, 2,048: "
        "0.1 s, off: 0.5 s.");
}

TEST_CASE("A p99 inter-token time that falls while the largest does not is explained") {
  Rows rows;
  const auto chunk = [&](int mode, double tokens, double p99_s, double max_s, double iterations) {
    TuningRow row;
    row.step = TuningStep::kChunkedItl;
    row.mode = mode;
    row.chunk = tokens;
    row.p99_itl_s = p99_s;
    row.max_itl_s = max_s;
    row.iterations = iterations;
    rows.push_back(row);
  };
  chunk(kPrefillFirst, 16384, 0.07, 0.8, 900);
  chunk(kMixed, 2048, 0.09, 0.11, 1200);
  chunk(kMixed, 4096, 0.07, 0.21, 1100);
  const std::string reason = "At 4,096 it is lower than at 2,048, though the largest is not";
  const auto said = [&] { return text_of(rows, "Chunked prefill", "p99 inter-token"); };
  CHECK(said().find(reason) != std::string::npos);
  rows[2].iterations = 1300;  // more iterations: not for that reason
  CHECK(said().find(reason) == std::string::npos);
  rows[2].iterations = 1100;
  rows[2].p99_itl_s = 0.1;  // it rises
  CHECK(said().find("lower") == std::string::npos);
}

TEST_CASE("What the server's times rest on is said, with the worlds beyond it") {
  const std::string text = text_of(queue_rows(), "Server", "");
  CHECK(text.find("fitted to measured batches of up to 32 sequences; larger ones, which 3 of 7 "
                  "worlds run, are an extrapolation") != std::string::npos);
  CHECK(text.find("Prefills are an assumption: 0.0487 ms per prompt token") != std::string::npos);
  CHECK(text_of({}, "Server", "").empty());
}

TEST_CASE("Before and after are compared by seed, load by load") {
  Rows rows;
  for (const int seed : {0, 1, 2}) {
    for (const int arrivals : {kDeterministic, kBurst}) {
      TuningRow before = client(16, 0.7, seed), after = limited(128, 0.1, 40, 100, seed);
      for (TuningRow* row : {&before, &after}) {
        row->step = TuningStep::kComparison;
        row->arrivals = arrivals;
        row->tpot_s = row == &before ? 0.01 : 0.012;
        if (arrivals != kBurst) row->rate_per_s = 5;
      }
      rows.push_back(before);
      rows.push_back(after);
    }
  }
  const std::string text = text_of(rows, "Answer", "Before and after");
  CHECK(text.find("all at once, from client batches of 16 to continuous batching with "
                  "max_num_seqs = 128: queue share falls by 60 percentage points") !=
        std::string::npos);
  const FindingRecord record = record_of(rows, "Answer", "Before and after");
  CHECK(record.metric == "queue_time_share");
  REQUIRE(record.change);
  const Change& change = record.change->change;
  CHECK(change.change == Approx(-0.6));
  CHECK_FALSE(change.is_relative);
  CHECK(change.falls());
  CHECK(text.find("throughput rises by a factor of 4") != std::string::npos);
  CHECK(text.find("and the price, p99 time per output token (TPOT), rises by 20 %") !=
        std::string::npos);
  CHECK_FALSE(text_of(rows, "Comparison", "steadily (5 requests/s)").empty());
  const std::vector<MethodRow> methods = tuning_methods(tuning_frame(rows));
  REQUIRE(methods.size() == 4);  // all at once first, then steadily
  for (const std::size_t load : {0U, 2U}) {
    CHECK(methods[load].method == "client batches of 16");
    CHECK(methods[load + 1].method == "continuous, max_num_seqs = 128");
  }
  CHECK(methods[0].row == 2);
  CHECK(methods[1].row == 3);
  CHECK(methods[2].row == 0);
  CHECK(methods[3].row == 1);
}
