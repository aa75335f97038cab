#include "host/parameters/parameter.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

#include "host/base/names.hpp"
#include "host/sweep/read_rules.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/small_parameters.hpp"

namespace servesweep {
namespace {

struct Wide {
  std::int32_t narrow = 3;
  std::int64_t wide = 4;
  double real = 0.5;
  bool flag = true;
  small::Kind kind = small::Kind::kDynamicNoBins;
  InputFile file;
  IntegerList list;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&Wide::narrow, "narrow", "ms", 0.0, 1e12, "A.");
    visit(&Wide::wide, "wide", "", 0.0, 1e12, "B.");
    visit(&Wide::real, "real", "s", 0.0, 1e12, "C.");
    visit(&Wide::flag, "flag", "D.");
    visit(&Wide::kind, FieldName{"kind", "scheduler_kind"}, "E.");
    visit(&Wide::file, "file", "F.");
    visit(&Wide::list, "list", "G.");
  }
};

struct Rate {
  double rate = 1;
  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&Rate::rate, in_table("rate"), "", 0.0, 9.0, "A rate.");
  }
};

struct Span {
  double span_s = 0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&Span::span_s, "span_s", "s", 0.0, 9.0, "A span.");
  }
};

TEST_CASE("fields become parameters") {
  ParameterSet set;
  CHECK(set.add<Rate>("first") == 0);
  CHECK(set.add<Wide>("a.b", {{"first.rate", {"x"}}}) == 1);
  REQUIRE(set.size() == 8);
  CHECK(set[1].key == "a.b.narrow");
  CHECK(set[1].type == ParameterType::kInteger);
  CHECK(set[1].unit == "ms");
  CHECK(set[1].default_value == 3);
  CHECK(set[1].max == 2147483647.0);  // what the member holds
  CHECK(set[2].max == 1e12);
  CHECK(set[3].type == ParameterType::kReal);
  CHECK(set[4].type == ParameterType::kBool);
  CHECK(set[4].default_value == 1);
  CHECK(set[5].type == ParameterType::kChoice);
  CHECK(set[5].default_value == 1);
  CHECK(set[5].choices ==
        std::vector<std::string>{"static_fifo", "dynamic_no_bins", "multi_bin_dynamic"});
  CHECK(set[6].type == ParameterType::kInputFile);
  CHECK(set[7].type == ParameterType::kIntegerList);
  CHECK(set[7].text == "G.");
  CHECK(set[7].read_when.size() == 1);
  CHECK(set[0].read_when.empty());
}

TEST_CASE("assign reads neighbours and keeps defaults of what is not read") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double values[] = {-1, 7, 8e10, 0.25, 0, 2, 5, nan, -1};
  Wide wide;
  wide.list.id = 9;
  CHECK(ParameterSet::assign(wide, values, 1) == 8);
  CHECK(wide.narrow == 7);
  CHECK(wide.wide == 80'000'000'000);
  CHECK(wide.real == 0.25);
  CHECK_FALSE(wide.flag);
  CHECK(wide.kind == small::Kind::kMultiBinDynamic);
  CHECK(wide.file.id == 5);
  CHECK(wide.list.id == 9);
}

TEST_CASE("columns are called as the field lists say, whatever else there is") {
  ParameterSet set;
  set.add<Wide>("scheduler");
  CHECK(set[0].column == "narrow");
  CHECK(set[4].column == "scheduler_kind");
  set.add<Rate>("first.arrivals");
  CHECK(set[7].column == "first_arrivals_rate");
  set.add<Rate>("lengths");
  CHECK(set[7].column == "first_arrivals_rate");
  CHECK(set[8].column == "lengths_rate");
  set.add<Span>("arrivals");
  CHECK(set[9].column == "span_s");
  CHECK_THROWS_AS(set.add<Span>("lengths"), std::logic_error);  // the same column
  CHECK_THROWS_AS(set.add<Rate>("lengths"), std::logic_error);  // the same key
}

TEST_CASE("names find parameters") {
  ParameterSet set;
  set.add<Wide>("scheduler");
  set.add<Rate>("arrivals");
  set.add<Rate>("lengths");
  CHECK(set.find("scheduler.kind") == 4u);
  CHECK(set.find("scheduler_kind") == 4u);
  CHECK(set.find("kind") == 4u);
  CHECK(set.find("lengths_rate") == 8u);
  CHECK_FALSE(set.find("rate"));
  CHECK_FALSE(set.find(""));
  CHECK(set.keys_named("rate") == std::vector<std::string>{"arrivals.rate", "lengths.rate"});
}

TEST_CASE("suggestions") {
  const ParameterSet& set = small::parameters();
  CHECK(set.suggestion("scheduler.kbins") == "scheduler.k_bins");
  CHECK(set.suggestion("k_bin") == "scheduler.k_bins");
  CHECK(set.suggestion("cluster.k_bins") == "scheduler.k_bins");
  CHECK(set.suggestion("workload.rps_scalign") == "workload.rps_scaling");
  CHECK(set.suggestion("NUM_GPUS") == "cluster.num_gpus");
  CHECK(set.suggestion("unrelated.thing").empty());
  CHECK(set.suggestion("").empty());
  CHECK(set.suggestion(std::string(100000, 'k')).empty());
  CHECK(nearest_key("b.rate", {"a.rate", "b.rates", "b.rat"}) == "a.rate");
  CHECK(nearest_key("b.rats", {"a.rate", "b.rate"}) == "b.rate");
  CHECK(nearest("lgo", {"lin", "log"}) == "log");  // a swap counts once
}

std::vector<double> canonical(const ParameterSet& set, std::vector<double> values) {
  ReadRules(set).canonicalise(values.data());
  return values;
}

TEST_CASE("what a point does not read becomes NaN") {
  const ParameterSet& set = small::parameters();
  std::vector<double> values;
  for (const Parameter& p : set) values.push_back(p.default_value);
  const std::size_t kind = *set.find("scheduler.kind"), edges = *set.find("bin_edges");
  const std::size_t k_bins = *set.find("k_bins"), batch = *set.find("batch_size");

  const auto multi = canonical(set, values);
  CHECK(multi[k_bins] == 4);
  CHECK(std::isnan(multi[batch]));
  CHECK(std::isnan(multi[*set.find("sigma")]));

  values[edges] = 3;  // a given text
  CHECK(std::isnan(canonical(set, values)[k_bins]));

  values[edges] = 0;
  values[kind] = 0;  // static_fifo reads neither the edges nor, because of that, the bins
  const auto fixed = canonical(set, values);
  CHECK(fixed[batch] == 8);
  CHECK(std::isnan(fixed[edges]));
  CHECK(std::isnan(fixed[k_bins]));
  auto again = fixed;
  ReadRules(set).canonicalise(again.data());
  CHECK(std::isnan(again[k_bins]));
  CHECK(again[batch] == 8);
}

TEST_CASE("a condition may be a word of a text") {
  ParameterSet set;
  set.add<small::Edges>("list");
  set.add<small::Bins>("bins", {{"list.bin_edges", {"", "own"}}});
  const std::vector<std::string> texts = {"", "own", "a*2, own*3", "owner, a", "a,own"};
  const ReadRules rules(set, texts);
  const auto reads = [&rules](double text) {
    std::vector<double> values = {text, 4};
    rules.canonicalise(values.data());
    return values[1] == 4;
  };
  CHECK(reads(0));
  CHECK(reads(1));
  CHECK(reads(2));
  CHECK_FALSE(reads(3));
  CHECK(reads(4));
  CHECK_FALSE(reads(5));  // another text
}

TEST_CASE("conditions may look ahead, but not in circles") {
  ParameterSet ahead;
  ahead.add<small::Bins>("bins", {{"later.bin_edges", {"*"}}});
  ahead.add<small::Edges>("later", {{"last.kind", {"static_fifo"}}});
  ahead.add<small::Scheduler>("last");
  CHECK(canonical(ahead, {4, 7, 0})[0] == 4);
  CHECK(std::isnan(canonical(ahead, {4, 0, 0})[0]));
  CHECK(std::isnan(canonical(ahead, {4, 7, 1})[0]));

  ParameterSet circle;
  circle.add<small::Scheduler>("a", {{"b.kind", {"static_fifo"}}});
  circle.add<small::Scheduler>("b", {{"a.kind", {"static_fifo"}}});
  CHECK_THROWS_WITH(ReadRules(circle), "read_when of a.kind is a cycle");

  ParameterSet unknown;
  unknown.add<small::Scheduler>("a", {{"b.kind", {"static_fifo"}}});
  CHECK_THROWS_WITH(ReadRules(unknown), "read_when of a.kind: no b.kind");

  ParameterSet never;
  never.add<small::Scheduler>("a");
  never.add<small::Bins>("b", {{"a.kind", {"lifo"}}});
  CHECK_THROWS_WITH(ReadRules(never), "read_when of b.k_bins: a.kind is never lifo");
}

}  // namespace
}  // namespace servesweep
