// How changes are judged and said, and what the study says of K, seeds and steps.
#include "host/studies/stress/stress_analysis.hpp"

#include <algorithm>
#include <cmath>

#include "host/studies/seed_change.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/stress_rows.hpp"

using namespace servesweep;
using namespace servesweep::testing;

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

TEST_CASE("changes in words") {
  const auto text = [](const std::vector<double>& before, const std::vector<double>& after) {
    Sentence s;
    say(s, "it", "it", paired_change(before, after));
    return s.text();
  };
  CHECK(text({10}, {8}) == "it falls by 20 % (one seed: no interval)");
  CHECK(text({10}, {12}) == "it rises by 20 % (one seed: no interval)");
  CHECK(text({10}, {0.5}) == "it falls by a factor of 20 (one seed: no interval)");
  CHECK(text({10}, {10}) == "it does not change");
  CHECK(text({10, 20, 30}, {10, 20, 30}) == "it does not change");
  CHECK(text({10, 20, 30}, {8, 16, 24}) == "it falls by 20 % (95 % interval: 20 to 20 %)");
  CHECK(text({1, 1}, {0.9, 1.2}) == "it shows no clear change (5 %, 95 % interval: -186 to 196 %)");
  // A factor would have no interval: the ratio may be below 0.
  CHECK(text({10, 20, 300}, {1, 1, 1}).find("factor") == std::string::npos);
  Sentence s;
  say(s, "the rate", "rate", paired_difference({0.5, 0.5, 0.5}, {0.4, 0.4, 0.4}));
  CHECK(s.text() == "the rate falls by 10 percentage points (95 % interval: 10 to 10)");
}

TEST_CASE("numbers in sentences") {
  CHECK(sentence_number(123456.7) == "123,000");
  CHECK(sentence_number(1000000) == "1,000,000");
  CHECK(sentence_number(999.6) == "1,000");
  CHECK(sentence_number(0.012345) == "0.0123");
  CHECK(sentence_number(-1234.5) == "-1,230");
  Sentence s;
  s.percent("a", 0.99985).words(", ").percent("b", 1).words(", ").percent("c", 0.5);
  CHECK(s.text() == "99.98 %, 100 %, 50 %");
}

TEST_CASE("gains from K to K, and where they end") {
  const auto found = texts(bins({{1, 100}, {2, 20}, {4, 19}, {8, 18.99}, {16, 18.99}}), "K");
  CHECK(any_has(found, "From K = 1 to 2: mean latency falls by 80 % (95 % interval: 80 to 80 %)"));
  CHECK(any_has(found, "From K = 2 to 4: mean latency falls by 5 %"));
  CHECK(any_has(found, "The step from K = 1 to 2 cuts mean latency most: from 100 s to 20 s."));
  CHECK(any_has(found, "From K = 4 to 8: mean latency falls by 0.0526 %"));
  CHECK(any_has(found, "From K = 8 to 16: mean latency does not change"));
  CHECK(any_has(found, "After K = 4 no step has a clear gain of 1 % in mean latency."));
  CHECK(any_has(found, "No step of K from 1 to 16 has a clear gain of 1 % in throughput."));
}

TEST_CASE("a gain in the noise is not claimed") {
  // 0.6 % on average at K = 4, with noise of several per cent of that configuration's own
  const auto found = texts(bins({{1, 100}, {2, 20}, {4, 19.9}}, 5, 4, 2), "K");
  CHECK(any_has(found, "From K = 2 to 4: mean latency shows no clear change"));
  CHECK(any_has(found, "After K = 2 no step has a clear gain of 1 % in mean latency."));
  // The same without the noise is a gain, of less than 1 %.
  CHECK(any_has(texts(bins({{1, 100}, {2, 20}, {4, 19.9}}), "K"),
                "From K = 2 to 4: mean latency falls by 0.5 %"));
}

TEST_CASE("a loss is called one") {
  const auto found = texts(bins({{1, 10}, {2, 20}}), "K");
  CHECK(any_has(found, "mean latency rises by a factor of 2"));
  CHECK(any_has(found, "No step of K from 1 to 2 has a clear gain of 1 % in mean latency."));
  CHECK(none_has(found, "cuts mean latency"));
}

TEST_CASE("the step that gains most is named only where the seeds agree") {
  CHECK(any_has(texts(bins({{1, 100}, {2, 50}, {4, 30}}), "K"), "cuts mean latency most"));
  CHECK(none_has(texts(bins({{1, 100}, {2, 50}, {4, 25.1}}, 5, 2, 3), "K"),
                 "cuts mean latency most"));
}

TEST_CASE("one seed has no interval") {
  const auto found = texts(bins({{1, 100}, {2, 20}}, 1), "K");
  CHECK(any_has(found, "mean latency falls by 80 % (one seed: no interval)"));
  CHECK(any_has(found, "and 1 seed."));
  CHECK(none_has(found, "95 % interval"));
  for (const StudyFinding& finding : analyse_stress(study_frame(everything(1)))) {
    INFO(finding.text);
    CHECK(finding.text.find("95 % interval") == std::string::npos);
    for (const auto& [name, value] : finding.numbers) {
      INFO(name);
      CHECK(std::isfinite(value));
    }
  }
}

TEST_CASE("the K that is enough is compared with all larger ones") {
  // No step of 1 %, but both together.
  CHECK(any_has(texts(bins({{1, 100}, {2, 99.4}, {4, 98.8}}), "Answer"),
                "K = 2 is enough: no larger one clearly cuts mean latency by another 1 %."));
  CHECK(any_has(texts(bins({{1, 100}, {2, 99.4}, {4, 50}}), "Answer"),
                "K = 4, the largest tried, still cuts mean latency by 1 % or more against K = 2."));
}

TEST_CASE("seeds that draw nothing are pointed out") {
  std::vector<StudyRow> rows = bins({{1, 100}, {2, 20}});
  CHECK(none_has(texts(rows, "Answer"), "Seeds:"));
  for (StudyRow& row : rows) {
    if (row.k_bins == 1) row.mean_latency_s = 100;
  }
  CHECK(
      any_has(texts(rows, "Answer"), "Seeds: all gave the same results in 1 of 2 configurations"));
}

TEST_CASE("steps that were not run are not spoken of") {
  CHECK(analyse_stress(study_frame({})).empty());
  for (const StudyFinding& finding : analyse_stress(study_frame(bins({{1, 100}, {2, 20}})))) {
    INFO(finding.topic << ": " << finding.text);
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
  const auto found = texts(rows, "K");
  CHECK(any_has(found, "K was varied with 500 requests"));
  CHECK(any_has(found, "From K = 1 to 2: mean latency falls by 50 %"));
  CHECK(none_has(found, "80 %"));
}

TEST_CASE("steps of different settings are not one answer") {
  std::vector<StudyRow> rows = bins({{1, 100}, {2, 20}});
  for (StudyRow row : gpus({{1, 7}, {2, 14}}, 99)) rows.push_back(row);
  CHECK(none_has(texts(rows, "Answer"), "Settings"));
  for (StudyRow& row : rows) {
    if (row.step == kBins) row.request_s = 500;
  }
  CHECK(any_has(texts(rows, "Answer"),
                "Settings: the steps were run with different values of request_s, 20 in step 2; "
                "500 in step 3."));
}
