#include "host/results/compare.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/base/error.hpp"
#include "host/base/statistics.hpp"
#include "host/engines/engines.hpp"
#include "host/results/change_limit.hpp"
#include "host/results/frame_where.hpp"
#include "tests/support/catch.hpp"

using namespace servesweep;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

using Integers = std::vector<std::int64_t>;
using Numbers = std::vector<double>;
using Texts = std::vector<std::string>;

// Columns are added in any order; -1, NaN and "" are "not read".
class Maker {
 public:
  explicit Maker(const std::string& name) : frame(name) {}
  Maker& worlds(const std::vector<std::int32_t>& replications) {
    Integers ids;
    for (std::size_t i = 0; i < replications.size(); ++i) ids.push_back(std::int64_t(i) + 100);
    frame.add({{"world", ColumnType::kInt64, "1", "", {}}, ColumnRole::kIndex}, ids);
    frame.add({{"replication", ColumnType::kInt32, "1", "", {}}, ColumnRole::kIndex}, replications);
    return *this;
  }
  Maker& input(const std::string& name, const Integers& values) {
    frame.add({{name, ColumnType::kInt64, "1", "", {}, true}, ColumnRole::kInput}, values);
    return *this;
  }
  Maker& input(const std::string& name, const Numbers& values) {
    frame.add({{name, ColumnType::kFloat64, "1", "", {}, true}, ColumnRole::kInput}, values);
    return *this;
  }
  Maker& input(const std::string& name, const Texts& values) {
    frame.add({{name, ColumnType::kText, "", "", {}}, ColumnRole::kInput}, values);
    return *this;
  }
  Maker& scheduler(const std::vector<std::int32_t>& codes) {
    frame.add({{"scheduler_kind",
                ColumnType::kCategory,
                "",
                "",
                {"static_fifo", "multi_bin_only", "dynamic_no_bins", "multi_bin_dynamic"}},
               ColumnRole::kInput},
              codes);
    return *this;
  }
  Maker& step(const Texts& values) {
    frame.add({{"step", ColumnType::kText, "", "", {}}, ColumnRole::kIndex}, values);
    return *this;
  }
  Maker& metric(const std::string& name, const Numbers& values, bool headline = true) {
    frame.add({{name, ColumnType::kFloat64, "s", "", {}, true, headline}, ColumnRole::kMetric},
              values);
    return *this;
  }
  Frame frame;
};

// Points that differ in num_gpus, one world each.
Frame gpus(const std::string& name, const Integers& num_gpus, const Numbers& metric) {
  return Maker(name)
      .worlds(std::vector<std::int32_t>(num_gpus.size(), 0))
      .input("num_gpus", num_gpus)
      .metric("p99", metric)
      .frame;
}

InputUse use_of(const Pairing& pairing, const std::string& name) {
  for (const PairedInput& input : pairing.inputs) {
    if (input.name == name) return input.use;
  }
  FAIL(name);
  return {};
}

std::vector<std::vector<std::size_t>> pairs_of(const Pairing& pairing) {
  std::vector<std::vector<std::size_t>> pairs;
  for (const PointPair& pair : pairing.pairs) pairs.push_back({pair.a, pair.b});
  return pairs;
}

Change change_of(const Frame& a, const Frame& b, bool same_seed = true) {
  const Comparison comparison = compare(a, b, {{}, {"p99"}, same_seed});
  REQUIRE(comparison.num_pairs() == 1);
  return comparison.change(0, 0);
}

Change change_of(double a, double b) { return change_of(gpus("a", {1}, {a}), gpus("b", {1}, {b})); }

Frame replicated(const std::string& name, const Numbers& metric) {
  std::vector<std::int32_t> replications;
  for (std::size_t i = 0; i < metric.size(); ++i) {
    replications.push_back(static_cast<std::int32_t>(i));
  }
  return Maker(name)
      .worlds(replications)
      .input("num_gpus", Integers(metric.size(), 4))
      .metric("p99", metric)
      .frame;
}

}  // namespace

TEST_CASE("what has one value here and another there is compared, the rest is the key") {
  const Frame a = Maker("a")
                      .worlds({0, 1, 0, 1, 0, 1})
                      .input("num_gpus", Integers{1, 1, 2, 2, 4, 4})
                      .input("sla_ms", Numbers{10, 10, 10, 10, 10, 10})
                      .input("alpha", Numbers{3, 3, 3, 3, 3, 3})
                      .metric("p99", {1, 3, 2, 4, 5, 5})
                      .frame;
  const Frame b = Maker("b")
                      .worlds({0, 1, 1, 0, 0, 1})
                      .input("num_gpus", Integers{8, 8, 2, 2, 1, 1})
                      .input("sla_ms", Numbers{20, 20, 20, 20, 20, 20})
                      .input("alpha", Numbers{3, 3, 3, 3, 3, 3})
                      .metric("p99", {9, 9, 6, 4, 3, 1})
                      .frame;
  const Comparison comparison = compare(a, b, {{}, {"p99"}, true});
  const Pairing& pairing = comparison.pairing;
  CHECK(use_of(pairing, "num_gpus") == InputUse::kKey);
  CHECK(use_of(pairing, "sla_ms") == InputUse::kCompared);
  CHECK(use_of(pairing, "alpha") == InputUse::kEqual);
  CHECK(pairs_of(pairing) == std::vector<std::vector<std::size_t>>{{0, 2}, {1, 1}});
  CHECK(pairing.only_in_a == std::vector<std::size_t>{2});
  CHECK(pairing.only_in_b == std::vector<std::size_t>{0});
  // By replication.
  CHECK(std::ranges::equal(pairing.points_b[1].rows, std::vector<std::size_t>{3, 2}));
  CHECK(comparison.change(0, 0).change == 0);
  CHECK(comparison.change(1, 0).a == 3);
  CHECK(comparison.change(1, 0).b == 5);
  // Named, sla_ms may differ; where something else is named it may not.
  CHECK(pairs_of(pair_points(a, b, {"sla_ms"})) == pairs_of(pairing));
  CHECK_THROWS_WITH(pair_points(a, b, {"alpha"}),
                    "no point of a has a partner in b (they have no value of sla_ms in common) "
                    "name what may differ with --by");
}

TEST_CASE("inputs that one side does not read prevent no pair") {
  const Frame fifo = Maker("fifo")
                         .worlds({0, 0})
                         .scheduler({0, 0})
                         .input("k_bins", Integers{-1, -1})
                         .input("num_gpus", Integers{1, 2})
                         .input("b_fixed", Integers{8, 8})
                         .metric("p99", {1, 1})
                         .frame;
  const Frame bins = Maker("bins")
                         .worlds({0, 0, 0, 0})
                         .scheduler({3, 3, 3, 3})
                         .input("k_bins", Integers{1, 4, 1, 4})
                         .input("num_gpus", Integers{1, 1, 2, 2})
                         .metric("p99", {1, 1, 1, 1})
                         .frame;
  const Pairing pairing = pair_points(fifo, bins, {});
  CHECK(use_of(pairing, "scheduler_kind") == InputUse::kCompared);
  CHECK(use_of(pairing, "k_bins") == InputUse::kOnlyInB);
  CHECK(use_of(pairing, "b_fixed") == InputUse::kOnlyInA);
  CHECK(pairs_of(pairing) == std::vector<std::vector<std::size_t>>{{0, 0}, {0, 1}, {1, 2}, {1, 3}});
  CHECK(pairs_of(pair_points(bins, fifo, {})) ==
        std::vector<std::vector<std::size_t>>{{0, 0}, {1, 0}, {2, 1}, {3, 1}});

  const Frame sizes = Maker("sizes")
                          .worlds({0, 0})
                          .scheduler({0, 0})
                          .input("num_gpus", Integers{1, 1})
                          .input("b_fixed", Integers{8, 16})
                          .metric("p99", {1, 1})
                          .frame;
  CHECK_THROWS_WITH(pair_points(sizes, bins, {}),
                    "points pair many to many (those of sizes differ in b_fixed, those of bins in "
                    "k_bins, which the other side does not read) choose by --where-a or --where-b");
}

TEST_CASE("in a key, not read is a value; an input with one value where it is read is none of it") {
  const auto both = [](const std::string& name, std::int64_t b_max) {
    return Maker(name)
        .worlds({0, 0, 0})
        .scheduler({0, 3, 3})
        .input("k_bins", Integers{-1, 1, 2})
        .input("b_max", Integers{-1, b_max, b_max})
        .metric("p99", {1, 2, 3})
        .frame;
  };
  const Pairing same = pair_points(both("a", 8), both("b", 8), {});
  CHECK(use_of(same, "k_bins") == InputUse::kKey);
  CHECK(use_of(same, "b_max") == InputUse::kEqual);
  CHECK(pairs_of(same) == std::vector<std::vector<std::size_t>>{{0, 0}, {1, 1}, {2, 2}});
  const Pairing other = pair_points(both("a", 8), both("b", 16), {});
  CHECK(use_of(other, "b_max") == InputUse::kCompared);
  CHECK(other.pairs.size() == 3);
}

TEST_CASE("an input's values are summed up for each side") {
  const Frame a = Maker("a")
                      .worlds({0, 0, 0})
                      .input("num_gpus", Integers{1, 2, 3})
                      .input("edge", Numbers{1.5, 2, kNone})
                      .input("rate", Numbers{4, kNone, 4})
                      .frame;
  const Pairing pairing = pair_points(a, a, {});
  REQUIRE(pairing.inputs.size() == 3);
  const InputSide &gpus = pairing.inputs[0].a, &edge = pairing.inputs[1].a;
  const InputSide& rate = pairing.inputs[2].b;
  CHECK((gpus.varies && !gpus.partly && gpus.value == "1"));
  CHECK((edge.varies && edge.partly && edge.value == "1.5"));
  CHECK((!rate.varies && rate.partly && rate.value == "4"));
}

TEST_CASE("points that only what is compared tells apart are an error that names it") {
  const Frame a = gpus("a", {1, 2}, {1, 1});
  CHECK_THROWS_WITH(pair_points(a, a, {"num_gpus"}),
                    "several points of a have the same key (worlds 100 and 101 differ only in "
                    "num_gpus) choose by --where-a, or compare by less");
  CHECK_THROWS_WITH(pair_points(gpus("b", {1}, {1}), a, {"num_gpus"}),
                    ContainsSubstring("several points of a") && ContainsSubstring("--where-b"));
  CHECK_THROWS_WITH(pair_points(gpus("twice", {1, 1}, {1, 1}), a, {}),
                    "worlds 100 and 101 of twice are the same (equal inputs and replication 0)");
  CHECK_THROWS_WITH(pair_points(a, a, {"num_gpu"}), ContainsSubstring("did you mean num_gpus?"));
  CHECK_THROWS_WITH(pair_points(a, a, {"p99"}), ContainsSubstring("it is no input"));
  CHECK_THROWS_WITH(pair_points(gpus("none", {}, {}), a, {}), "no worlds of none to compare");
  CHECK_THROWS_WITH(pair_points(a, gpus("b", {3, 4}, {1, 1}), {}),
                    ContainsSubstring("no value of num_gpus in common"));
}

TEST_CASE("steps of a study are part of the key") {
  const Frame study = Maker("study")
                          .worlds({0, 0, 0})
                          .step({"step1", "step2", "step2"})
                          .input("num_gpus", Integers{1, 1, 2})
                          .metric("p99", {1, 1, 1})
                          .frame;
  const Pairing pairing = pair_points(study, study, {});
  CHECK(use_of(pairing, "step") == InputUse::kKey);
  CHECK(pairs_of(pairing) == std::vector<std::vector<std::size_t>>{{0, 0}, {1, 1}, {2, 2}});
}

TEST_CASE("texts are part of a key") {
  const auto traced = [](const Texts& traces) {
    return Maker("t")
        .worlds(std::vector<std::int32_t>(traces.size(), 0))
        .input("trace", traces)
        .metric("p99", Numbers(traces.size(), 1))
        .frame;
  };
  CHECK(pairs_of(pair_points(traced({"", "x", "y"}), traced({"y", ""}), {})) ==
        std::vector<std::vector<std::size_t>>{{0, 1}, {2, 0}});
}

TEST_CASE("paired and independent intervals are those of NumPy and SciPy") {
  // NumPy: e = b - mean(b) / mean(a) * a; e.std(ddof=1) / sqrt(5) / mean(a); scipy.stats.t.ppf.
  const Frame a = replicated("a", {10, 12, 11, 13, 9});
  const Change paired = change_of(a, replicated("b", {11, 13.5, 11.5, 14, 10.5}));
  CHECK(paired.interval == IntervalKind::kPaired);
  CHECK(paired.a == 11);
  CHECK(paired.b == Approx(12.1).epsilon(1e-15));
  CHECK(paired.change == Approx(0.1).epsilon(1e-12));
  CHECK(paired.low == Approx(0.04645700468697561).epsilon(1e-12));
  CHECK(paired.high == Approx(0.15354299531302432).epsilon(1e-12));
  CHECK(paired.excludes_zero());
  // Another seed, or other replications: Welch, degrees of freedom rounded down.
  CHECK(change_of(a, replicated("b", {11, 13.5, 11.5, 14, 10.5}), false).interval ==
        IntervalKind::kIndependent);
  const Change welch = change_of(a, replicated("b", {14, 15, 13}));
  CHECK(welch.interval == IntervalKind::kIndependent);
  CHECK(welch.change == Approx(0.2727272727272727).epsilon(1e-12));
  CHECK(welch.low == Approx(0.02285993747546916).epsilon(1e-7));  // SciPy has 10 digits of t
  CHECK(welch.high == Approx(0.5225946079790762).epsilon(1e-8));
  // What is a multiple in every replication has no error.
  const Change twice = change_of(a, replicated("b", {20, 24, 22, 26, 18}));
  CHECK(twice.low == 1);
  CHECK(twice.high == 1);
  const Change equal = change_of(a, a);
  CHECK(equal.low == 0);
  CHECK(!equal.excludes_zero());
  // One replication says nothing of the spread.
  CHECK(change_of(replicated("a", {1}), replicated("b", {2})).interval == IntervalKind::kNone);
  CHECK(change_of(a, replicated("b", {2})).interval == IntervalKind::kNone);
}

TEST_CASE("what is missing is not available, and never a default") {
  CHECK(change_of(0, 0).change == 0);
  const Change from_zero = change_of(0, 2);
  CHECK(std::isnan(from_zero.change));
  CHECK(from_zero.b == 2);
  CHECK(from_zero.applies());
  CHECK(std::isnan(change_of(kNone, 2).change));
  CHECK(std::isnan(change_of(kNone, 2).a));
  CHECK(change_of(kNone, 2).b == 2);
  CHECK(!change_of(kNone, kNone).applies());
  CHECK(change_of(-2, -1).change == 0.5);  // it rose
  // A mean over the replications that have it would be one over those that did well.
  CHECK(std::isnan(change_of(replicated("a", {1, kNone}), replicated("b", {1, 1})).a));

  const Frame without =
      Maker("b").worlds({0}).input("num_gpus", Integers{1}).metric("x", {1}).frame;
  const Comparison comparison = compare(gpus("a", {1}, {7}), without, {{}, {"p99", "x"}, true});
  CHECK(comparison.change(0, 0).a == 7);
  CHECK(std::isnan(comparison.change(0, 0).b));
  CHECK(std::isnan(comparison.change(0, 1).a));
  CHECK(comparison.summaries[0].not_available == 1);
  CHECK(comparison.summaries[0].compared == 0);
  CHECK(std::isnan(comparison.summaries[0].median));
  CHECK_THROWS_WITH(compare(without, without, {{}, {"y"}, true}),
                    ContainsSubstring("unknown column y"));
  CHECK_THROWS_WITH(compare(without, without, {{}, {"num_gpus"}, true}),
                    ContainsSubstring("no metric"));
}

TEST_CASE("changes beyond 5 and 10 % are flagged, those of just as much are not") {
  CHECK(flag_of(change_of(100, 105).change) == std::string());
  CHECK(flag_of(change_of(100, 105.001).change) == std::string("*"));
  CHECK(flag_of(change_of(100, 94.999).change) == std::string("*"));
  CHECK(flag_of(change_of(100, 110).change) == std::string("*"));
  CHECK(flag_of(change_of(100, 110.001).change) == std::string("**"));
  CHECK(flag_of(change_of(100, 1).change) == std::string("**"));
  CHECK(flag_of(kNone) == std::string());
}

TEST_CASE("a metric is summed up over its pairs") {
  const Frame a = gpus("a", {1, 2, 3, 4, 5}, {100, 100, 100, 0, 0});
  const Frame b = gpus("b", {1, 2, 3, 4, 5}, {102, 107, 70, 1, 0});
  const Comparison comparison = compare(a, b, {{}, {"p99"}, true});
  const MetricSummary& summary = comparison.summaries[0];
  CHECK(summary.compared == 4);
  CHECK(summary.not_available == 1);
  CHECK(summary.median == 0.01);
  CHECK(summary.largest == -0.3);
  CHECK(summary.largest_pair == 2);
  CHECK(summary.notable == 2);
  CHECK(summary.large == 1);
  // From 0 to anything is the largest of all.
  CHECK(pairs_by_change(comparison) == std::vector<std::size_t>{3, 2, 1, 0, 4});
}

TEST_CASE("the headline metrics of both are the default") {
  const Frame a = Maker("a").worlds({0}).metric("p99", {1}).metric("x", {1}, false).frame;
  const Frame b = Maker("b").worlds({0}).metric("p50", {1}).metric("p99", {1}).frame;
  CHECK(headline_metrics(a, b) == Texts{"p99", "p50"});
  CHECK(all_metrics(a, b) == Texts{"p99", "x", "p50"});
}

TEST_CASE("limits are read") {
  const ChangeLimit rise = parse_change_limit(" p99_latency_s >+5%");
  CHECK(rise.metric == "p99_latency_s");
  CHECK(rise.rise);
  CHECK(rise.limit == 0.05);
  const ChangeLimit fall = parse_change_limit("throughput < -2.5 %");
  CHECK(!fall.rise);
  CHECK(fall.limit == -0.025);
  CHECK(parse_change_limit("x > 0%").limit == 0);
  for (const char* bad :
       {"", "p99", "p99 > ", "p99 > 5", "> 5%", "p99 > five%", "p99 > %", "p99 > inf%", "p99 > 5%%",
        "p99 = 5%", "p99 > -5%", "p99 < 5%", "p99 >= 5%", "p99 > + 5%", "p99 > +-5%"}) {
    CAPTURE(bad);
    CHECK_THROWS_WITH(parse_change_limit(bad),
                      ContainsSubstring("invalid --fail-on") &&
                          ContainsSubstring("write METRIC > +5% or METRIC < -5%"));
  }
}

TEST_CASE("a limit fails where a change is beyond it and no chance") {
  const auto verdict = [](const Frame& a, const Frame& b, const char* limit) {
    return judge(compare(a, b, {{}, {"p99"}, true}), parse_change_limit(limit));
  };
  const Frame a = gpus("a", {1, 2, 3}, {100, 100, 100});
  const Frame b = gpus("b", {1, 2, 3}, {106, 105, 120});
  CHECK(verdict(a, b, "p99 > 5%").beyond == std::vector<std::size_t>{2, 0});
  CHECK(!verdict(a, b, "p99 > 5%").holds());
  CHECK(verdict(a, b, "p99 > 20%").holds());
  CHECK(verdict(a, b, "p99 < -5%").holds());
  CHECK(verdict(b, a, "p99 < -5%").beyond.size() == 2);
  CHECK(verdict(a, a, "p99 > 0%").holds());

  const Frame base = replicated("a", {100, 110, 90});
  const LimitVerdict noise = verdict(base, replicated("b", {100, 150, 80}), "p99 > 5%");
  CHECK(noise.holds());
  CHECK(noise.may_be_chance == 1);
  CHECK(!verdict(base, replicated("b", {120, 131, 109}), "p99 > 5%").holds());

  const LimitVerdict missing =
      verdict(gpus("a", {1, 2, 3}, {1, kNone, 0}), gpus("b", {1, 2, 3}, {1, 1, 1}), "p99 > 5%");
  CHECK(missing.not_available == std::vector<std::size_t>{1, 2});
  CHECK(!missing.holds());
  // Where it applies to neither side there is nothing to judge; but a gate must judge something.
  CHECK(verdict(gpus("a", {1, 2}, {1, kNone}), gpus("b", {1, 2}, {1, kNone}), "p99 > 5%").holds());
  CHECK(!verdict(gpus("a", {1}, {kNone}), gpus("b", {1}, {kNone}), "p99 > 5%").holds());
}

TEST_CASE("conditions choose rows of a frame") {
  const Frame frame = Maker("a")
                          .worlds({0, 0, 0, 0})
                          .scheduler({0, 3, 3, 2})
                          .input("k_bins", Integers{-1, 1, 4, -1})
                          .input("num_gpus", Integers{1, 1, 1, 2})
                          .input("workload_trace", Texts{"", "x.csv", "x.csv", "y.csv"})
                          .frame;
  const auto engine = make_batch_engine();
  const auto rows = [&](const char* condition) {
    return rows_where(frame, condition, engine->parameters());
  };
  using Rows = std::vector<std::size_t>;
  CHECK(rows("scheduler_kind == multi_bin_dynamic") == Rows{1, 2});
  CHECK(rows("k_bins == 4 or scheduler.kind == 'static_fifo'") == Rows{0, 2});
  CHECK(rows("k_bins < 2 and num_gpus == 1") == Rows{1});
  CHECK(rows("not (k_bins >= 0)") == Rows{0, 3});
  CHECK(rows("workload.trace == 'x.csv'") == Rows{1, 2});
  CHECK(rows("keep_failed").empty());  // no world reads it
  CHECK(rows("beta_ms_per_token > 0").empty());
  CHECK_THROWS_WITH(rows("k_bin == 4"), ContainsSubstring("did you mean scheduler.k_bins?"));
}
