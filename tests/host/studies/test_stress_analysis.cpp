// How changes are judged, and what the study says of K, seeds and steps.
#include "host/studies/stress/stress_analysis.hpp"

#include <algorithm>
#include <cmath>

#include "tests/support/catch.hpp"
#include "tests/support/stress_rows.hpp"

using namespace servesweep;
using namespace servesweep::testing;

namespace {

constexpr const char* kMean = "mean_latency_s";
constexpr const char* kPerSecond = "throughput_requests_per_s";

// The change of mean latency from one K to the next.
Change step(const FindingRecords& found, double from, double to) {
  const FindingRecord record = record_of(found, "K", kMean, from, to);
  REQUIRE(record.change);
  CHECK(changes_in(record.sentence).size() == 3);  // mean and p99 latency, throughput
  return record.change->change;
}

}  // namespace

TEST_CASE("changes are paired by seed") {
  // Both spread by a factor of 2, their ratio by nothing.
  std::vector<double> before, after;
  for (const double common : kCommon) {
    before.push_back(10 * common);
    after.push_back(9 * common);
  }
  const Change exact = paired_change(before, after);
  CHECK(exact.ratio() == Approx(0.9));
  CHECK(exact.falls());
  CHECK(exact.low == Approx(-0.1));
  CHECK(exact.high == Approx(-0.1));
}

TEST_CASE("gains from K to K, and where they end") {
  const auto found = records(bins({{1, 100}, {2, 20}, {4, 19}, {8, 18.99}, {16, 18.99}}));
  const Change first = step(found, 1, 2);
  CHECK(first.change == Approx(-0.8));
  CHECK(first.low == Approx(-0.8));
  CHECK(first.high == Approx(-0.8));
  CHECK(step(found, 2, 4).change == Approx(-0.05));
  CHECK(step(found, 4, 8).change == Approx(18.99 / 19 - 1));
  CHECK(step(found, 8, 16).change == 0);
  const FindingRecord most = the_one_with(found, "K", "cuts mean latency most");
  CHECK(most.metric == kMean);
  CHECK(most.from == 1);
  CHECK(most.to == 2);
  CHECK(numbers_in(most, kMean) == std::vector<double>{100, 20});
  CHECK(render(record_of(found, "K", kMean, 4, 16)).text ==
        "No step after K = 4 (of up to 16) has a clear gain of 1 % in mean latency.");
  CHECK(render(record_of(found, "K", kPerSecond, 1, 16)).text ==
        "No step after K = 1 (of up to 16) has a clear gain of 1 % in throughput.");
  CHECK(render(record_of(records(bins({{1, 100}, {2, 20}, {4, 10}})), "K", kMean, 4, 4)).text ==
        "No step after K = 4 (of up to 4) has a clear gain of 1 % in mean latency.");
}

TEST_CASE("a gain in the noise is not claimed") {
  // 0.6 % on average at K = 4, with noise of several per cent of that configuration's own
  const auto noisy = records(bins({{1, 100}, {2, 20}, {4, 19.9}}, 5, 4, 2));
  CHECK(step(noisy, 2, 4).change < 0);
  CHECK_FALSE(step(noisy, 2, 4).is_clear());
  record_of(noisy, "K", kMean, 2, 4);
  CHECK(all_with(noisy, "K", "No step after K = 2 (of up to 4) has a clear gain of 1 % in mean")
            .size() == 1);
  // The same without the noise is a gain, of less than 1 %.
  const Change clear = step(records(bins({{1, 100}, {2, 20}, {4, 19.9}})), 2, 4);
  CHECK(clear.change == Approx(-0.005));
  CHECK(clear.falls());
}

TEST_CASE("a loss is called one") {
  const auto found = records(bins({{1, 10}, {2, 20}}));
  CHECK(step(found, 1, 2).ratio() == Approx(2));
  CHECK(step(found, 1, 2).rises());
  the_one_with(found, "K",
               "No step after K = 1 (of up to 2) has a clear gain of 1 % in mean latency");
  CHECK(all_with(found, "K", "cuts mean latency").empty());
  // Nor is the smaller of two losses the step that gains most.
  CHECK(all_with(records(bins({{1, 10}, {2, 20}, {4, 30}})), "K", "cuts mean latency").empty());
}

TEST_CASE("the step that gains most is named only where the seeds agree") {
  const auto most = [](const std::vector<StudyRow>& rows) {
    return all_with(records(rows), "K", "cuts mean latency most");
  };
  CHECK(most(bins({{1, 100}, {2, 50}, {4, 30}})).size() == 1);
  CHECK(most(bins({{1, 100}, {2, 50}, {4, 25.1}}, 5, 2, 3)).empty());
}

TEST_CASE("one seed has no interval") {
  const auto found = records(bins({{1, 100}, {2, 20}}, 1));
  CHECK(step(found, 1, 2).change == Approx(-0.8));
  CHECK_FALSE(step(found, 1, 2).has_interval());
  CHECK(numbers_in(the_one_with(found, "K", "K was varied"), "seeds") == std::vector<double>{1});
  for (const FindingRecord& record : records(everything(1))) {
    const StudyFinding finding = render(record);
    INFO(finding.text);
    for (const auto& [name, change] : changes_in(record.sentence))
      CHECK_FALSE(change.has_interval());
    CHECK(finding.text.find("95 % interval") == std::string::npos);
    for (const auto& [name, value] : finding.numbers) {
      INFO(name);
      CHECK(std::isfinite(value));
    }
  }
  // Every claim that rests on the seed alone says so.
  for (const char* topic : {"Schedulers", "Seeds"}) {
    for (const FindingRecord& record : of_topic(records(everything(1)), topic)) {
      CHECK(render(record).text.find("(one seed: no interval)") != std::string::npos);
    }
  }
}

TEST_CASE("the K that is enough is compared with all larger ones") {
  // No step of 1 %, but both together.
  const auto answer = [](const std::vector<std::pair<double, double>>& latency_by_k) {
    return the_one_with(records(bins(latency_by_k)), "Answer", "K: on");
  };
  const FindingRecord enough = answer({{1, 100}, {2, 99.4}, {4, 98.8}});
  CHECK(enough.metric == kMean);
  CHECK(enough.to == 2);
  CHECK(render(enough).text.find("is enough: no larger one clearly cuts mean latency by another "
                                 "1 %.") != std::string::npos);
  const FindingRecord largest = answer({{1, 100}, {2, 99.4}, {4, 50}});
  CHECK(largest.to == 4);
  CHECK(render(largest).text.find("the largest tried, still cuts mean latency by 1 % or more "
                                  "against K = 2.") != std::string::npos);
}

TEST_CASE("batches that change with the first step of K are pointed out") {
  std::vector<StudyRow> rows = bins({{1, 100}, {2, 20}});
  CHECK(all_with(records(rows), "K", "Batches change").empty());
  for (StudyRow& row : rows) row.max_batch = row.k_bins == 1 ? 9 : 128;
  const FindingRecord note = record_of(records(rows), "K", "max_batch_size", 1, 2);
  CHECK(numbers_in(note, "max_batch_size") == std::vector<double>{9, 128});
}

TEST_CASE("seeds that draw nothing are pointed out") {
  std::vector<StudyRow> rows = bins({{1, 100}, {2, 20}});
  CHECK(all_with(records(rows), "Answer", "Seeds:").empty());
  for (StudyRow& row : rows) {
    if (row.k_bins == 1) row.mean_latency_s = 100;
  }
  const FindingRecord equal = the_one_with(records(rows), "Answer", "Seeds:");
  CHECK(numbers_in(equal, "equal_configurations") == std::vector<double>{1});
  CHECK(numbers_in(equal, "configurations") == std::vector<double>{2});
}

TEST_CASE("steps that were not run are not spoken of") {
  CHECK(records({}).empty());
  for (const FindingRecord& finding : records(bins({{1, 100}, {2, 20}}))) {
    INFO(finding.topic << ": " << render(finding).text);
    const bool known = finding.topic == "Answer" || finding.topic == "K" ||
                       finding.topic == "Tail" || finding.topic == "Two SLAs" ||
                       finding.topic == "Batch sizes";
    CHECK(known);
  }
}

TEST_CASE("of a step the newest sweep counts") {
  std::vector<StudyRow> rows = bins({{1, 100}, {2, 20}});
  for (StudyRow row : bins({{1, 100}, {2, 50}})) {
    row.sweep = 3;
    row.requests = 500;
    rows.push_back(row);
  }
  const auto found = records(rows);
  CHECK(numbers_in(the_one_with(found, "K", "K was varied"), "requests") ==
        std::vector<double>{500});
  CHECK(step(found, 1, 2).change == Approx(-0.5));
}

TEST_CASE("steps of different settings are not one answer") {
  std::vector<StudyRow> rows = bins({{1, 100}, {2, 20}});
  for (StudyRow row : gpus({{1, 7}, {2, 14}}, 99)) rows.push_back(row);
  CHECK(all_with(records(rows), "Answer", "Settings").empty());
  for (StudyRow& row : rows) {
    if (row.step == kBins) row.request_s = 500;
  }
  CHECK(render(the_one_with(records(rows), "Answer", "Settings")).text ==
        "Settings: the steps were run with different values of request_s, 20 in step 2; 500 in "
        "step 3. They do not answer one question.");
}
