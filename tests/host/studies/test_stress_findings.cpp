// What the study says of GPUs, overload, schedulers, SLAs, methods and robustness.
#include <algorithm>
#include <cmath>

#include "host/studies/stress/stress_analysis.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/stress_rows.hpp"

using namespace servesweep;
using namespace servesweep::testing;

namespace {

constexpr const char* kMean = "mean_latency_s";
constexpr const char* kP99 = "p99_latency_s";
constexpr const char* kPerSecond = "throughput_requests_per_s";
constexpr const char* kViolations = "request_sla_violation_rate";
constexpr const char* kBusy = "mean_gpu_utilization";

using Values = std::vector<double>;

bool says(const FindingRecord& record, const std::string& words) {
  UNSCOPED_INFO(render(record).text);
  return render(record).text.find(words) != std::string::npos;
}

Values approximately(Values values) {
  for (double& value : values) value = std::round(value * 1e9) / 1e9;
  return values;
}

}  // namespace

TEST_CASE("saturation and its cause") {
  const auto found = records(gpus({{1, 7}, {2, 14}, {4, 26}, {8, 26.1}}, 26));
  const FindingRecord saturated = record_of(found, "GPUs", kPerSecond, 4, 8);
  CHECK(saturated.change->change.change == Approx(26.1 / 26 - 1));
  CHECK(says(saturated, "Throughput saturates: from GPUs = 4 to 8 throughput rises by 0.385 %"));
  CHECK(says(saturated, "The arrivals limit it (4 GPUs, busy 60 % of the time)."));
  const FindingRecord beyond = record_of(found, "GPUs", kMean, 4, 8);
  const auto changes = changes_in(beyond.sentence);
  CHECK(changes.at("mean_latency").change == Approx(-0.5));
  CHECK(changes.at("p99_latency").change == 0);
  CHECK_FALSE(changes.at(kViolations).is_relative);

  std::vector<StudyRow> busy = gpus({{1, 7}, {2, 7.1}}, 99);
  CHECK(says(record_of(records(busy), "GPUs", kPerSecond, 1, 2), "Idle GPUs are not the reason"));
  const auto more = records(gpus({{1, 7}, {2, 14}, {4, 26}}, 99));
  CHECK(says(record_of(more, "GPUs", kPerSecond, 2, 4), "Throughput does not saturate"));
  CHECK(of_topic(more, "GPUs").size() == 2);  // and what was varied
}

TEST_CASE("overload is recognised") {
  const auto overload = [](const std::vector<std::pair<double, double>>& per_s, double full_per_s) {
    return of_topic(records(gpus(per_s, full_per_s)), "Overload");
  };
  const auto found = overload({{1, 7}, {2, 14}, {4, 26}, {8, 26.1}}, 26);
  REQUIRE(found.size() == 1);
  CHECK(found[0].metric == kBusy);
  CHECK(found[0].from == 1);
  CHECK(found[0].to == 2);
  CHECK(render(found[0]).text ==
        "With GPUs = 1 and 2 the cluster is overloaded: its GPUs are busy at least 99.9 % of the "
        "time and complete at most 14 of the 26.1 requests/s that arrive, so latencies there grow "
        "with the length of the run.");
  // Busy, but keeping up.
  const auto keeping_up = overload({{1, 7}, {2, 25.9}, {4, 26}}, 26);
  REQUIRE(keeping_up.size() == 1);
  CHECK(keeping_up[0].to == 1);
  // The most GPUs complete more than the next fewer: more may arrive.
  CHECK(overload({{1, 7}, {2, 20}, {4, 26}}, 26).empty());
  CHECK(of_topic(records(gpus({{1, 7}, {2, 20}, {4, 26}}, 26)), "Utilisation").empty());
  // Always busy, and no world shows what arrives: nothing is claimed from step 2 alone.
  CHECK(overload({{1, 7}, {2, 14}}, 99).empty());
  CHECK(of_topic(records(gpus({{1, 7}, {2, 14}}, 99)), "Utilisation").empty());

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
    return of_topic(records(rows), "Overload");
  };
  const FindingRecord grows = record_of(by_volume(1000, 0.999), "Overload", kMean, 1000, 10'000);
  CHECK(grows.change->change.ratio() == Approx(10));
  CHECK(says(grows,
             "multi_bin_dynamic (1 GPU, K = 8) is overloaded: GPUs are busy 99.9 % of the time, "
             "and mean latency grows from 100 s with 1,000 requests to 1,000 s with 10,000"));
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
  const FindingRecord four = record_of(records(rows), "Utilisation", kBusy, {}, 4);
  CHECK(render(four).text ==
        "On 4 GPUs utilisation is 60 %, with 20 requests/s completed; arrival rate x mean service "
        "time / (GPUs x mean batch size) = 20 requests/s x 6 s / (4 x 3) = 1,000 %. A batch takes "
        "0.36 s on average, the batch of an average request 6 s.");
  CHECK(numbers_in(four, "theoretical_utilization_percent").at(0) == Approx(1000));
  CHECK(numbers_in(four, "mean_batch_time_s").at(0) == Approx(0.36));
  CHECK(numbers_in(four, "mean_service_time_s") == Values{6, 6});
  // Clusters that fall behind, the smallest that is enough, and the largest.
  const auto all =
      of_topic(records(gpus({{1, 7}, {2, 14}, {4, 26}, {8, 26.1}}, 26)), "Utilisation");
  REQUIRE(all.size() == 3);
  CHECK(all[0].to == 1);
  CHECK(numbers_in(all[0], "completed_per_s") == Values{7});
  CHECK(numbers_in(all[0], "arrivals_per_s").at(0) == Approx(26.1));
  CHECK(all[1].to == 4);
  CHECK(all[2].to == 8);
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
    return records(rows);
  };
  const auto clear = ranked(50, 1);
  CHECK(of_topic(clear, "Schedulers").size() == 3);
  const FindingRecord mean = record_of(clear, "Schedulers", kMean, {}, {});
  CHECK(mean.change->change.ratio() == Approx(100 / 50.0).epsilon(0.01));
  CHECK(mean.change->change.rises());
  CHECK(says(mean,
             "With 1,000,000 requests at load scaling 100, mean latency: dynamic_no_bins (1 GPU) "
             "50 s, then static_fifo (1 GPU) 100 s."));
  CHECK(says(record_of(clear, "Schedulers", kViolations, {}, {}), "dynamic_no_bins (1 GPU) 4 %"));
  CHECK(says(the_one_with(clear, "Answer", "Scheduler: with"),
             "mean latency: dynamic_no_bins (1 GPU) 50 s, then static_fifo (1 GPU) 100 s; p99 "
             "latency: "));
  const FindingRecord open = record_of(ranked(99, 2), "Schedulers", kMean, {}, {});
  CHECK_FALSE(open.change->change.is_clear());
  CHECK(says(open, "dynamic_no_bins (1 GPU) 98.9 s and (no clear difference) static_fifo (1 GPU)"));
}

TEST_CASE("rates are read against percentiles of their own measure") {
  std::vector<StudyRow> rows = bins({{1, 100}, {2, 20}});
  for (StudyRow& row : rows) {
    row.request_violations = row.k_bins == 1 ? 0.2 : 0.01;
    row.p95_latency_s = row.k_bins == 1 ? 60 : 12;
  }
  const auto sla = [&](const std::string& rate) {
    return record_of(records(rows), "Two SLAs", rate, {}, {});
  };
  const auto counts = [&](const std::string& rate) {
    const FindingRecord record = sla(rate);
    return std::pair{numbers_in(record, "worlds_above_rate").at(0),
                     numbers_in(record, "worlds_above_p95").at(0)};
  };
  CHECK(counts("token_sla_violation_rate") == std::pair{0.0, 0.0});
  CHECK(numbers_in(sla("token_sla_violation_rate"), "token_p95_ms") == Values{7});
  CHECK(numbers_in(sla("token_sla_violation_rate"), "token_limit_ms") == Values{10});
  CHECK(counts(kViolations) == std::pair{5.0, 5.0});
  CHECK(numbers_in(sla(kViolations), "worlds") == Values{10});
  CHECK(numbers_in(sla(kViolations), "request_p95_s") == Values{60});
  CHECK(numbers_in(sla(kViolations), "request_rate_percent") == Values{20});
  CHECK_FALSE(says(sla(kViolations), "differ"));
  rows[9].p95_latency_s = 20.05;  // as a percentile from a histogram may say
  CHECK(counts(kViolations) == std::pair{5.0, 6.0});
  CHECK(says(sla(kViolations),
             "; the two differ in 1 world, where the percentile is within 0.25 % of the limit."));
  for (StudyRow& row : rows) {
    row.token_violations = 0.3;
    row.p95_decode_tbt_s = 0.011;
  }
  CHECK(counts("token_sla_violation_rate") == std::pair{10.0, 10.0});
  for (StudyRow& row : rows) {  // of each limit by itself
    if (row.k_bins == 2) row.token_ms = 20;
  }
  CHECK(of_topic(records(rows), "Two SLAs").size() == 3);
}

TEST_CASE("the tail") {
  const auto found = records(bins({{1, 100}, {2, 20}}));
  const FindingRecord tail = record_of(found, "Tail", kP99, 1, 2);
  CHECK(tail.change->change.change == Approx(-0.8));
  CHECK(approximately(numbers_in(tail, kP99)) == Values{400, 80});
  const FindingRecord shape = record_of(found, "Tail", "p99_latency_s/mean_latency_s", 1, 2);
  CHECK(shape.change->change.change == 0);
  CHECK(says(shape, "From K = 1 to 2 the ratio of p99 to mean latency does not change."));
  const auto limit = [](double second_s) {
    return record_of(records(bins({{1, 100}, {2, second_s}})), "Tail", kP99, {}, 2);
  };
  CHECK(says(limit(20),
             "p99 latency is within the request limit of 20 s at 0 of 2 values of K; the lowest, "
             "with K = 2, is 80 s."));
  CHECK(numbers_in(limit(4), "num_k") == Values{1, 2});
}

TEST_CASE("batch sizes over GPUs, K and volumes") {
  std::vector<StudyRow> rows = everything();
  for (StudyRow& row : rows) {
    if (row.step == kGpus && row.num_gpus == 8) row.mean_batch = 1.5, row.max_batch = 10;
  }
  const FindingRecord over_gpus = record_of(records(rows), "Batch sizes", "mean_batch_size", 1, 8);
  CHECK(over_gpus.change->change.change == Approx(-0.5));
  CHECK(numbers_in(over_gpus, "mean_batch_size") == Values{3, 1.5});
  CHECK(numbers_in(over_gpus, "max_batch_size") == Values{20, 10});
  CHECK(over_gpus.sentence.arguments.size() == 6);
  CHECK(of_topic(records(rows), "Batch sizes").size() == 2 + 3);  // and a scheduler each
  for (const double requests : {1'000.0, 1'000'000.0}) {          // on two GPUs: not compared
    StudyRow row;
    row.requests = requests;
    row.num_gpus = 2;
    rows.push_back(row);
  }
  CHECK(of_topic(records(rows), "Batch sizes").size() == 2 + 3);
  CHECK(says(record_of(records(rows), "Batch sizes", "mean_batch_size", 1000, 1'000'000),
             "static_fifo (1 GPU): from requests = 1,000 to 1,000,000"));
}

TEST_CASE("methods: the choice, its reason, its gains") {
  const auto found = records(everything());
  const auto choices = all_with(found, "Methods", "breaks the request SLA");
  REQUIRE(choices.size() == 1);
  CHECK(choices[0].metric == kViolations);
  CHECK(render(choices[0]).text ==
        "With 1,000,000 requests at load scaling 100, multi_bin_dynamic (4 GPUs, K = 8) breaks the "
        "request SLA for 2 % (5 seeds, 95 % interval: 2 to 2 %) of the requests, within 5 %.");
  CHECK(says(the_one_with(found, "Answer", "Together: with"), "(4 GPUs, K = 8)"));
  const FindingRecord why = the_one_with(found, "Methods", "Why, by the grid (1 seed)");
  CHECK(why.metric == kViolations);
  CHECK(numbers_in(why, "num_gpus") == Values{4});
  CHECK(numbers_in(why, "k_bins") == Values{8});
  CHECK(numbers_in(why, "chosen_request_sla_violation_rate_percent") == Values{2.5});
  const auto change = [&](const char* words) {
    const FindingRecord gain = the_one_with(found, "Methods", words);
    CHECK(gain.metric == kMean);
    CHECK(changes_in(gain.sentence).size() == 3);
    return gain.change->change.ratio();
  };
  CHECK(change("from static_fifo (1 GPU) to multi_bin_dynamic (4 GPUs, K = 8)") ==
        Approx(8 / 4000.0));
  CHECK(change("from dynamic_no_bins (1 GPU) to multi_bin_dynamic (1 GPU, K = 8)") == Approx(0.5));
}

TEST_CASE("a grid that was run again after the comparison is no reason of its choice") {
  std::vector<StudyRow> rows = everything();
  for (StudyRow& row : rows) {
    if (row.step == kGrid) row.request_violations = row.num_gpus == 1 ? 0.01 : 0.9;
  }
  CHECK(all_with(records(rows), "Methods", "Why, by the grid").empty());
}

TEST_CASE("methods that fall behind the arrivals are said to") {
  const auto gains = [](double one_gpu_per_s) {
    std::vector<StudyRow> rows = everything();
    for (StudyRow& row : rows) {
      if (row.step != kMethods || row.num_gpus != 1) continue;
      row.utilization = 0.99;
      row.throughput_per_s = row.scheduler == kMultiBinDynamic ? one_gpu_per_s : 5;
    }
    for (StudyRow& row : rows) {  // two that show what arrives
      if (row.step == kMethods && row.scheduler == kDynamicNoBins) row.throughput_per_s = 27;
    }
    return records(rows);
  };
  const std::string busy =
      ", overloaded (GPUs busy 99 %: latencies grow with the length of the run),";
  const std::string base = "from static_fifo (1 GPU)",
                    better = " to multi_bin_dynamic (1 GPU, K = 8)";
  the_one_with(gains(27), "Methods", base + busy + better + ": ");
  the_one_with(gains(7), "Methods", base + busy + better + busy + ": ");
  the_one_with(records(everything()), "Methods", base + better + ": ");
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
  const auto found = records(everything());
  the_one_with(found, "Robustness",
               "One input at a time was varied around multi_bin_dynamic (4 GPUs, K = 8)");
  const FindingRecord strongest = the_one_with(
      found, "Robustness",
      "Of the inputs, within the ranges tried, the number of GPUs moves mean latency most");
  CHECK(strongest.metric == kMean);
  CHECK(strongest.from == 4);
  CHECK(strongest.to == 1);
  CHECK(strongest.change->change.ratio() == Approx(50));
  CHECK(approximately(numbers_in(strongest, kMean)) == Values{8, 400});
  CHECK(the_one_with(found, "Robustness",
                     "Of the service model's coefficients, beta moves mean latency most")
            .change->change.ratio() == Approx(1.5));
  const FindingRecord alpha = the_one_with(found, "Robustness", "Over alpha: ");
  CHECK(alpha.metric == kMean);
  CHECK(alpha.from == 48);
  CHECK(alpha.to == 72);
  CHECK(alpha.change->change.change == Approx(1.001 / 0.999 - 1));
  // Two inputs at a time say nothing of either.
  CHECK(numbers_in(the_one_with(found, "Robustness", "Over K: "), "k_bins") == Values{8, 1, 8, 1});
  CHECK(all_with(found, "Robustness", "the token SLA violation rate").empty());
  std::vector<StudyRow> broken = everything();
  for (StudyRow& row : broken) {
    if (row.step == kRobust && row.alpha_ms == 72) row.token_violations = 0.5;
  }
  CHECK(changes_in(the_one_with(records(broken), "Robustness", "Over alpha: ").sentence)
            .at("token_sla_violation_rate")
            .change == Approx(0.5));

  // What the inputs are varied around is found wherever its worlds stand.
  std::vector<StudyRow> reversed = everything();
  std::reverse(reversed.begin(), reversed.end());
  the_one_with(records(reversed), "Robustness", "around multi_bin_dynamic (4 GPUs, K = 8) with");

  const auto predictions = [&](const char* words) {
    const auto changes = changes_in(the_one_with(found, "Robustness", words).sentence);
    CHECK(changes.size() == 4);
    return changes.at("mean_latency").change;
  };
  CHECK(predictions("From the predictor auto to exact predictions (sigma 0): ") == Approx(0.5));
  CHECK(predictions("From exact predictions to noise of sigma 0.5: ") == Approx(2 / 1.5 - 1));
}

TEST_CASE("the spread over the seeds") {
  // kCommon has mean 1 and standard deviation 0.2739.
  const auto found = records(everything());
  CHECK(of_topic(found, "Seeds").size() == 4);
  CHECK(render(record_of(found, "Seeds", kMean, {}, {})).text ==
        "Over the seeds mean latency is 8 s (5 seeds, 95 % interval: 5.28 to 10.7 s), coefficient "
        "of variation 27.4 %.");
  // A rate is never below 0, nor its interval.
  std::vector<StudyRow> rows = everything();
  for (StudyRow& row : rows) row.request_violations = row.replication == 0 ? 0.05 : 0;
  const FindingRecord rate = record_of(records(rows), "Seeds", kViolations, {}, {});
  CHECK(numbers_in(rate, "request_sla_violation_rate_percent_low") == Values{0});
  CHECK(numbers_in(rate, "request_sla_violation_rate_percent").at(0) == Approx(1));
}

TEST_CASE("worlds that did not end are left out, and said to be") {
  std::vector<StudyRow> rows = bins({{1, 100}, {2, 20}, {4, 19}});
  rows[5].status = 1;  // K = 2
  const auto found = records(rows);
  CHECK(record_of(found, "K", kMean, 1, 4).change->change.change == Approx(-0.81));
  const auto left_out = of_topic(found, "Left out");
  REQUIRE(left_out.size() == 1);
  CHECK(render(left_out[0]).text ==
        "1 of 15 worlds did not run to their end or completed nothing; their configurations are "
        "left out.");
}

TEST_CASE("every number of a sentence is in its list, and no other") {
  const auto found = records(everything());
  CHECK(found.size() > 40);
  for (const FindingRecord& record : found) {
    const StudyFinding finding = render(record);
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

TEST_CASE("a record that compares is of a metric, and its change is in its sentence") {
  for (const FindingRecord& record : records(everything())) {
    INFO(render(record).text);
    CHECK_FALSE(record.topic.empty());
    if (!record.change) continue;
    CHECK_FALSE(record.metric.empty());
    if (record.topic == "Schedulers" || record.topic == "Overload" || record.topic == "Answer") {
      continue;  // these say the levels, and whether the change is clear
    }
    const auto changes = changes_in(record.sentence);
    REQUIRE(changes.count(record.change->name) == 1);
    CHECK(changes.at(record.change->name).change == record.change->change.change);
  }
}
