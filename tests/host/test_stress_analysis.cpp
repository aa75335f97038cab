#include "host/studies/stress_analysis.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <regex>

#include "host/studies/paired_change.hpp"
#include "tests/support/study_frame.hpp"

using namespace servesweep;
using namespace servesweep::testing;

namespace {

std::vector<std::string> texts(const std::vector<StudyRow>& rows, const std::string& topic) {
  std::vector<std::string> found;
  for (const StudyFinding& finding : analyse_stress(study_frame(rows))) {
    if (finding.topic == topic) found.push_back(finding.text);
  }
  return found;
}

bool any_has(const std::vector<std::string>& texts, const std::string& words) {
  for (const std::string& text : texts) {
    if (text.find(words) != std::string::npos) return true;
  }
  UNSCOPED_INFO("no sentence with: " << words);
  for (const std::string& text : texts) UNSCOPED_INFO("  " << text);
  return false;
}

bool none_has(const std::vector<std::string>& texts, const std::string& words) {
  for (const std::string& text : texts) {
    if (text.find(words) != std::string::npos) {
      UNSCOPED_INFO("a sentence with: " << words << ": " << text);
      return false;
    }
  }
  return true;
}

// What the five seeds' requests do to every configuration alike, and noise of each world's own.
constexpr double kCommon[] = {1, 1.4, 0.7, 1.1, 0.8};
constexpr double kOwn[] = {1.02, 0.97, 1.01, 0.99, 1.03};

// mean and p99 latency over K, times `noise` of its own in one configuration and none in the
// others.
std::vector<StudyRow> bins(const std::vector<std::pair<double, double>>& latency_by_k,
                           int seeds = 5, double noisy_k = 0, double noise = 0) {
  std::vector<StudyRow> rows;
  for (const auto& [k, latency_s] : latency_by_k) {
    for (int seed = 0; seed < seeds; ++seed) {
      StudyRow row;
      row.step = kBins;
      row.replication = seed;
      row.k_bins = k;
      row.mean_latency_s = latency_s * kCommon[seed];
      if (k == noisy_k) row.mean_latency_s *= 1 + noise * (kOwn[seed] - 1);
      row.p99_latency_s = 4 * row.mean_latency_s;
      rows.push_back(row);
    }
  }
  return rows;
}

std::vector<StudyRow> gpus(const std::vector<std::pair<double, double>>& throughput_by_gpus,
                           double full_per_s) {
  std::vector<StudyRow> rows;
  for (const auto& [num_gpus, per_s] : throughput_by_gpus) {
    for (int seed = 0; seed < 5; ++seed) {
      StudyRow row;
      row.step = kGpus;
      row.replication = seed;
      row.num_gpus = num_gpus;
      row.throughput_per_s = row.capacity_per_s = per_s * kCommon[seed];
      row.utilization = per_s < full_per_s ? 0.999 : 0.6;
      row.mean_latency_s = 100 / num_gpus * kCommon[seed];
      rows.push_back(row);
    }
  }
  return rows;
}

// A study with every step, as far as its numbers go.
std::vector<StudyRow> everything(int seeds = 5) {
  std::vector<StudyRow> rows;
  const auto add = [&](StudyRow row) {
    for (int seed = 0; seed < seeds; ++seed) {
      StudyRow r = row;
      r.replication = seed;
      r.mean_latency_s *= kCommon[seed];
      r.p99_latency_s *= kCommon[seed] * kOwn[seed];
      rows.push_back(r);
    }
  };
  for (const double requests : {1'000.0, 1'000'000.0}) {
    for (const int scheduler : {kStaticFifo, kDynamicNoBins, kMultiBinDynamic}) {
      StudyRow row;
      row.requests = requests;
      row.scheduler = scheduler;
      row.num_gpus = 1;
      if (scheduler != kMultiBinDynamic) row.k_bins = kMissing;
      row.utilization = 1;
      row.mean_latency_s = (4 - scheduler) * requests / 100;
      row.p99_latency_s = (4 - scheduler) * requests / 20;
      row.request_violations = 0.999;
      add(row);
    }
  }
  for (StudyRow row : gpus({{1, 7}, {2, 14}, {4, 26}, {8, 26.1}}, 26)) {
    if (row.replication < seeds) rows.push_back(row);
  }
  for (const StudyRow& row : bins({{1, 100}, {2, 20}, {4, 15}, {8, 14.95}}, seeds)) {
    rows.push_back(row);
  }
  for (const double num_gpus : {1.0, 4.0}) {
    for (const double k : {1.0, 8.0}) {
      StudyRow row;
      row.step = kGrid;
      row.num_gpus = num_gpus;
      row.k_bins = k;
      row.request_violations = num_gpus == 1 ? 0.9 : 0.2 / k;
      rows.push_back(row);
    }
  }
  for (const int scheduler : {kStaticFifo, kDynamicNoBins, kMultiBinDynamic}) {
    StudyRow row;
    row.step = kMethods;
    row.scheduler = scheduler;
    row.num_gpus = 1;
    if (scheduler != kMultiBinDynamic) row.k_bins = kMissing;
    row.mean_latency_s = 1000 * (4 - scheduler);
    add(row);
  }
  StudyRow best;
  best.step = kMethods;
  best.request_violations = 0.02;
  add(best);
  StudyRow reference;
  reference.step = kRobust;
  add(reference);
  const auto vary = [&](double StudyRow::*input, double value, double factor) {
    StudyRow row = reference;
    row.*input = value;
    row.mean_latency_s *= factor;
    row.p99_latency_s *= factor;
    add(row);
  };
  vary(&StudyRow::num_gpus, 1, 50);
  vary(&StudyRow::k_bins, 1, 3);
  vary(&StudyRow::alpha_ms, 48, 0.999);
  vary(&StudyRow::alpha_ms, 72, 1.001);
  vary(&StudyRow::beta_ms_per_token, 4.56, 0.8);
  vary(&StudyRow::beta_ms_per_token, 6.84, 1.2);
  StudyRow two_inputs = reference;  // says nothing of either
  two_inputs.num_gpus = 2;
  two_inputs.k_bins = 2;
  two_inputs.mean_latency_s = 1e6;
  add(two_inputs);
  for (const double sigma : {0.0, 0.5}) {
    StudyRow row = reference;
    row.predictor = 4;
    row.sigma = sigma;
    row.mean_latency_s *= 1.5 + sigma;
    add(row);
  }
  return rows;
}

// The numbers that a reader finds in a text.
std::vector<double> numbers_of(std::string text) {
  for (const char* words : {"p99", "p95", "95 % interval"}) {
    for (std::size_t at; (at = text.find(words)) != std::string::npos;) {
      text.erase(at, std::string(words).size());
    }
  }
  std::vector<double> found;
  const std::regex number(R"(-?\d[\d,]*(\.\d+)?(e-?\d+)?)");
  for (std::sregex_iterator at(text.begin(), text.end(), number), end; at != end; ++at) {
    std::string digits = at->str();
    if (digits.back() == ',') digits.pop_back();
    digits.erase(std::remove(digits.begin(), digits.end(), ','), digits.end());
    found.push_back(std::stod(digits));
  }
  return found;
}

}  // namespace

TEST_CASE("changes are paired by seed") {
  // Both spread by a factor of 2, their ratio by nothing.
  std::vector<double> before, after;
  for (const double common : kCommon) {
    before.push_back(10 * common);
    after.push_back(9 * common);
  }
  const RatioChange exact = ratio_change(before, after);
  CHECK(exact.ratio == Approx(0.9));
  CHECK(exact.falls());
  CHECK(exact.low == Approx(0.9));
  CHECK(exact.high == Approx(0.9));
  // Logarithms of ratios 0.9 and 1.2: mean +- t(4) s / sqrt(5), by hand
  const RatioChange wide = ratio_change({1, 1, 1, 1, 1}, {0.9, 1.2, 0.9, 1.2, 0.9});
  const double low = std::log(0.9), high = std::log(1.2), mean = (3 * low + 2 * high) / 5;
  const double variance = (3 * (low - mean) * (low - mean) + 2 * (high - mean) * (high - mean)) / 4;
  const double half_width = 2.7764451051977987 * std::sqrt(variance / 5);
  CHECK(wide.ratio == Approx(std::exp(mean)));
  CHECK(wide.low == Approx(std::exp(mean - half_width)));
  CHECK(wide.high == Approx(std::exp(mean + half_width)));
  CHECK_FALSE(wide.clear());
  const Difference points = difference({0.5, 0.6}, {0.4, 0.4});
  CHECK(points.mean == Approx(-0.15));
  CHECK(points.half_width == Approx(12.706204736174694 * 0.05));
  CHECK_FALSE(points.clear());
}

TEST_CASE("changes in words") {
  const auto text = [](const std::vector<double>& before, const std::vector<double>& after) {
    Sentence s;
    say(s, "it", "it", ratio_change(before, after));
    return s.text();
  };
  CHECK(text({10}, {8}) == "it falls by 20 % (one seed: no interval)");
  CHECK(text({10}, {12}) == "it rises by 20 % (one seed: no interval)");
  CHECK(text({10}, {0.5}) == "it falls by a factor of 20 (one seed: no interval)");
  CHECK(text({10}, {10}) == "it does not change");
  CHECK(text({10, 20, 30}, {10, 20, 30}) == "it does not change");
  CHECK(text({10, 20, 30}, {8, 16, 24}) == "it falls by 20 % (95 % interval: 20 to 20 %)");
  CHECK(text({1, 1}, {0.9, 1.2}) ==
        "it shows no clear change (3.92 %, 95 % interval: -83.3 to 546 %)");
  Sentence s;
  say(s, "the rate", "rate", difference({0.5, 0.5, 0.5}, {0.4, 0.4, 0.4}));
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
