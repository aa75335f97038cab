// What the study says of GPUs, overload, schedulers, SLAs, methods and robustness.
#include "host/studies/stress/stress_analysis.hpp"

#include <algorithm>
#include <cmath>

#include "host/studies/seed_change.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/stress_rows.hpp"

using namespace servesweep;
using namespace servesweep::testing;

TEST_CASE("saturation and its cause") {
  const auto found = texts(gpus({{1, 7}, {2, 14}, {4, 26}, {8, 26.1}}, 26), "GPUs");
  CHECK(any_has(found,
                "Throughput saturates at 4 GPUs with 26 requests/s: to 8 GPUs it rises by "
                "0.385 %"));
  CHECK(any_has(found, "The arrivals limit it: those GPUs are busy 60 % of the time."));
  CHECK(any_has(found, "From 4 to 8 GPUs mean latency falls by 50 %"));
  CHECK(any_has(texts(gpus({{1, 7}, {2, 14}, {4, 26}}, 99), "GPUs"),
                "Throughput does not saturate up to 4 GPUs, the most tried"));
}

TEST_CASE("overload is recognised") {
  const auto found = texts(gpus({{1, 7}, {2, 14}, {4, 26}, {8, 26.1}}, 26), "Overload");
  CHECK(found == std::vector<std::string>{
                     "With 1 and 2 GPUs the cluster is overloaded: its GPUs are busy at least "
                     "99.9 % of the time and complete at most 14 of the 26.1 requests/s that "
                     "arrive, so latencies there grow with the length of the run."});
  // Busy, but keeping up.
  std::vector<StudyRow> keeping_up = gpus({{1, 7}, {2, 25.9}, {4, 26}}, 26);
  CHECK(any_has(texts(keeping_up, "Overload"), "With 1 GPU the cluster is overloaded"));
  // The most GPUs complete more than the next fewer: more may arrive.
  CHECK(texts(gpus({{1, 7}, {2, 20}, {4, 26}}, 26), "Overload").empty());
  CHECK(texts(gpus({{1, 7}, {2, 20}, {4, 26}}, 26), "Utilisation").empty());
  // Always busy, and no world shows what arrives: nothing is claimed from step 2 alone.
  CHECK(texts(gpus({{1, 7}, {2, 14}}, 99), "Overload").empty());
  CHECK(texts(gpus({{1, 7}, {2, 14}}, 99), "Utilisation").empty());

  const auto by_volume = [](double large_s, double utilization) {
    std::vector<StudyRow> rows;
    for (const double requests : {1'000.0, 10'000.0}) {
      for (int seed = 0; seed < 5; ++seed) {
        StudyRow row;
        row.replication = seed;
        row.requests = requests;
        row.num_gpus = 1;
        row.mean_latency_s = (requests == 1'000 ? 100 : large_s) * kCommon[seed];
        row.utilization = utilization;
        rows.push_back(row);
      }
    }
    return texts(rows, "Overload");
  };
  CHECK(any_has(by_volume(1000, 0.999),
                "multi_bin_dynamic on 1 GPU is overloaded: GPUs are busy 99.9 % of the time, and "
                "mean latency grows from 100 s with 1,000 requests to 1,000 s with 10,000"));
  CHECK(by_volume(120, 0.999).empty());
  CHECK(by_volume(1000, 0.7).empty());
}

TEST_CASE("utilisation against theory") {
  std::vector<StudyRow> rows = gpus({{4, 20}, {8, 20}}, 20);
  for (StudyRow& row : rows) {
    row.mean_service_s = 6;
    row.mean_batch = 3;
  }
  // 20/s x 6 s / (4 x 3) = 1000 %; a batch takes 0.6 x 4 x 3 / 20 s
  CHECK(any_has(
      texts(rows, "Utilisation"),
      "On 4 GPUs utilisation is 60 %; arrival rate x mean service time / (GPUs x mean "
      "batch size) = 20 requests/s x 6 s / (4 x 3) = 1,000 %. A batch takes 0.36 s on average, "
      "but the batch of an average request 6 s, since large batches take longer; the "
      "formula counts too much by that."));
}

TEST_CASE("schedulers are ranked where the seeds agree") {
  const auto ranked = [](double dynamic_s, double noise) {
    std::vector<StudyRow> rows;
    for (int seed = 0; seed < 5; ++seed) {
      for (const int scheduler : {kStaticFifo, kDynamicNoBins}) {
        StudyRow row;
        row.replication = seed;
        row.scheduler = scheduler;
        row.k_bins = kMissing;
        row.num_gpus = 1;
        row.mean_latency_s =
            kCommon[seed] *
            (scheduler == kStaticFifo ? 100 : dynamic_s * (1 + noise * (kOwn[seed] - 1)));
        rows.push_back(row);
      }
    }
    return texts(rows, "Schedulers");
  };
  CHECK(any_has(ranked(50, 1),
                "With 1,000,000 requests at load scaling 100 on one GPU, mean "
                "latency: dynamic_no_bins 50 s, then static_fifo 100 s."));
  CHECK(any_has(ranked(99, 2),
                "dynamic_no_bins 98.9 s and (no clear difference) static_fifo 100 s."));
}

TEST_CASE("rates are read against percentiles of their own measure") {
  std::vector<StudyRow> rows = bins({{1, 100}, {2, 20}});
  for (StudyRow& row : rows) {
    row.request_violations = row.k_bins == 1 ? 0.2 : 0.01;
    row.p95_latency_s = row.k_bins == 1 ? 60 : 12;
  }
  auto found = texts(rows, "Two SLAs");
  CHECK(any_has(found,
                "No token SLA violation in 10 worlds: the largest p95 decode TBT is 7 ms, "
                "the limit 10 ms."));
  CHECK(any_has(found,
                "The request SLA violation rate is above 5 % in 5 of 10 worlds, and p95 "
                "latency above the limit of 20 s in 5, the same ones: a rate above 5 % "
                "means by definition that the 95th percentile is above the limit."));
  rows[9].p95_latency_s = 20.05;  // as a percentile from a histogram may say
  found = texts(rows, "Two SLAs");
  CHECK(any_has(found,
                "in 6; the two differ in 1 world, where the percentile is within 0.25 % of "
                "the limit."));
  for (StudyRow& row : rows) {
    row.token_violations = 0.3;
    row.p95_decode_tbt_s = 0.011;
  }
  CHECK(any_has(texts(rows, "Two SLAs"),
                "The token SLA violation rate is above 5 % in 10 of 10 worlds, and p95 decode TBT "
                "above the limit of 10 ms in 10, the same ones"));
}

TEST_CASE("the tail") {
  const auto found = texts(bins({{1, 100}, {2, 20}}), "Tail");
  CHECK(
      any_has(found, "p99 latency falls by 80 % (95 % interval: 80 to 80 %), from 400 s to 80 s"));
  CHECK(any_has(found,
                "p99 latency is 4 times the mean with K = 1 and 4 times with K = 2: this "
                "ratio does not change."));
  CHECK(any_has(found,
                "At no K is p99 latency within the request limit of 20 s: the lowest, with "
                "K = 2, is 80 s."));
  CHECK(any_has(texts(bins({{1, 100}, {2, 4}}), "Tail"),
                "p99 latency is within the request limit of 20 s at 1 of 2 values of K"));
}

TEST_CASE("methods: the choice, its reason, its gains") {
  const auto found = texts(everything(), "Methods");
  CHECK(any_has(found,
                "With 1,000,000 requests at load scaling 100, multi_bin_dynamic on 4 GPUs "
                "with K = 8 breaks the request SLA for 2 % of the requests (5 seeds, 95 % "
                "interval: 2 to 2 %), within 5 %."));
  CHECK(any_has(found,
                "Why, by the grid (1 seed): 4 GPUs are the fewest tried with a request SLA "
                "violation rate of at most 5 %, and K = 8 has the lowest there: 2.5 %."));
  CHECK(any_has(found,
                "from static_fifo on 1 GPU to multi_bin_dynamic on 4 GPUs with K = 8: mean "
                "latency falls by a factor of 500"));
  CHECK(any_has(found,
                "from dynamic_no_bins on 1 GPU to multi_bin_dynamic on 1 GPU with K = 8: "
                "mean latency falls by 50 %"));
}

TEST_CASE("the methods' rows") {
  const Frame frame = study_frame(everything());
  const std::vector<MethodRow> rows = method_rows(frame);
  REQUIRE(rows.size() == 4);
  CHECK(rows[0].method == "static_fifo, 1 GPU");
  CHECK(rows[1].method == "dynamic_no_bins, 1 GPU");
  CHECK(rows[2].method == "multi_bin_dynamic, 1 GPU, K = 8");
  CHECK(rows[3].method == "multi_bin_dynamic, 4 GPUs, K = 8");
  for (const MethodRow& row : rows) {
    CHECK(row.rps_scaling == 100);
    CHECK(frame.texts("step")[row.row] == "step4_comparison");
    CHECK(frame.numbers("replication")[row.row] == 0);
  }
  CHECK(frame.numbers("num_gpus")[rows[3].row] == 4);

  // One GPU chosen: both methods are the same world. Real timestamps: nothing is scaled.
  StudyRow one;
  one.step = kMethods;
  one.num_gpus = 1;
  one.rps_scaling = kMissing;
  const std::vector<MethodRow> both = method_rows(study_frame({one}));
  REQUIRE(both.size() == 2);
  CHECK(both[0].row == 0);
  CHECK(both[1].row == 0);
  CHECK(both[1].rps_scaling == 1);
}

TEST_CASE("robustness: what moves most, and what does not move") {
  const auto found = texts(everything(), "Robustness");
  CHECK(any_has(found, "One input at a time was varied around 4 GPUs with K = 8"));
  CHECK(any_has(found,
                "Of the inputs, within the ranges tried, the number of GPUs moves mean "
                "latency most: from 8 s at 4 to 400 s at 1."));
  CHECK(any_has(found, "Of the service model's coefficients, beta moves mean latency most"));
  CHECK(any_has(found, "Over alpha: mean latency rises by 0.2 %"));
  CHECK(any_has(found,
                "From the predictor auto to exact predictions (sigma 0): mean latency rises "
                "by 50 %"));
  CHECK(
      any_has(found, "From exact predictions to noise of sigma 0.5: mean latency rises by 33.3 %"));
  // kCommon has mean 1 and standard deviation 0.2739.
  CHECK(any_has(texts(everything(), "Seeds"),
                "Mean latency is 8 s (95 % interval: 5.28 to 10.7 s), coefficient of variation "
                "over 5 seeds 27.4 %."));
}

TEST_CASE("worlds that did not end are left out, and said to be") {
  std::vector<StudyRow> rows = bins({{1, 100}, {2, 20}, {4, 19}});
  rows[5].status = 1;  // K = 2
  CHECK(any_has(texts(rows, "K"), "From K = 1 to 4: mean latency falls by 81 %"));
  CHECK(texts(rows, "Left out") ==
        std::vector<std::string>{"1 of 15 worlds did not run to their end or completed nothing; "
                                 "their configurations are left out."});
}

TEST_CASE("every number of a sentence is in its list, and no other") {
  const std::vector<StudyFinding> findings = analyse_stress(study_frame(everything()));
  CHECK(findings.size() > 40);
  for (const StudyFinding& finding : findings) {
    INFO(finding.text);
    const std::vector<double> in_text = numbers_of(finding.text);
    REQUIRE(in_text.size() == finding.numbers.size());
    CHECK_FALSE(in_text.empty());
    for (std::size_t i = 0; i < in_text.size(); ++i) {
      INFO(finding.numbers[i].first);
      CHECK(in_text[i] == Approx(finding.numbers[i].second).epsilon(0.006));
    }
  }
}
