// Priorities and prefixes of workloads: drawn or a trace's, cut to the requests, and in the key.
#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "host/sweep/read_rules.hpp"
#include "host/workload/workload_builder.hpp"
#include "host/workload/workload_params.hpp"
#include "tests/support/catch.hpp"

using namespace servesweep;

namespace {

using Numbers = std::vector<std::int32_t>;

Workload classes_of(double high_share, std::uint64_t seed = 1, std::uint32_t replication = 0) {
  WorkloadSpec spec;
  spec.source.requests = 20000;
  spec.classes = {high_share};
  return build_workload(spec, {}, seed, replication);
}

std::shared_ptr<Trace> small_trace() {
  auto trace = std::make_shared<Trace>();
  trace->arrival_ns = {0, 5, 5, 9};
  trace->prompt_tokens = {10, 20, 30, 40};
  trace->output_tokens = {1, 2, 3, 4};
  return trace;
}

Workload build(const std::shared_ptr<Trace>& trace, std::int64_t requests,
               const RequestClassParams& classes = {}) {
  WorkloadSpec spec;
  spec.trace = "t";
  spec.source.requests = requests;
  spec.classes = classes;
  return build_workload(
      spec, [&](const std::string&, const TraceOptions&) { return trace; }, 1, 0);
}

}  // namespace

TEST_CASE("by default there is one class, and nothing is stored") {
  CHECK(RequestClassParams{}.one_class());
  CHECK(classes_of(1).priority.empty());
  CHECK(build(small_trace(), 0).priority.empty());
}

TEST_CASE("the share of class 0 is as asked, from a stream of its own") {
  for (const double share : {0.0, 0.1, 0.5, 0.9}) {
    const Workload w = classes_of(share);
    REQUIRE(w.priority.size() == w.size());
    for (const std::int32_t priority : w.priority) REQUIRE((priority == 0 || priority == 1));
    const double low = std::accumulate(w.priority.begin(), w.priority.end(), 0.0) / 20000;
    CHECK(std::fabs(1 - low - share) <= 4 * std::sqrt(share * (1 - share) / 20000));
    const Workload plain = classes_of(1);
    CHECK(w.arrival_ns == plain.arrival_ns);
    CHECK(w.prompt_tokens == plain.prompt_tokens);
    CHECK(w.output_tokens == plain.output_tokens);
    CHECK(w.predicted_tokens == plain.predicted_tokens);
  }
  CHECK(classes_of(0.5).priority == classes_of(0.5).priority);
  CHECK(classes_of(0.5).priority != classes_of(0.5, 2).priority);
  CHECK(classes_of(0.5).priority != classes_of(0.5, 1, 1).priority);
}

TEST_CASE("a higher share takes no request out of class 0") {
  const Workload some = classes_of(0.3), more = classes_of(0.6);
  for (std::size_t i = 0; i < some.size(); ++i) REQUIRE(more.priority[i] <= some.priority[i]);
}

TEST_CASE("a trace's priorities stand, and are cut with its requests") {
  const auto trace = small_trace();
  CHECK(build(trace, 0, {0.0}).priority == Numbers{1, 1, 1, 1});
  trace->priority = {3, 0, 1, 0};
  CHECK(build(trace, 0).priority == trace->priority);
  CHECK(build(trace, 0, {0.0}).priority == trace->priority);
  CHECK(build(trace, 3).priority == Numbers{3, 0, 1});
}

TEST_CASE("prefixes are cut with the requests") {
  const auto trace = small_trace();
  CHECK(build(trace, 3).prefix_block_tokens == 0);
  CHECK(build(trace, 3).prefix_begin.empty());
  trace->prefix_begin = {0, 2, 2, 4, 7};
  trace->prefix_hashes = {0, 1, 0, 2, 3, 4, 5};
  trace->prefix_block_tokens = 5;
  trace->num_prefix_hashes = 6;
  const Workload all = build(trace, 0);
  CHECK(all.prefix_begin == trace->prefix_begin);
  CHECK(all.prefix_hashes == trace->prefix_hashes);
  CHECK(all.prefix_block_tokens == 5);
  CHECK(all.num_prefix_hashes == 6);
  const Workload three = build(trace, 3);
  CHECK(three.prefix_begin == Numbers{0, 2, 2, 4});
  CHECK(three.prefix_hashes == Numbers{0, 1, 0, 2});
  CHECK(three.num_prefix_hashes == 3);

  trace->prefix_begin = {0, 0, 0, 0, 0};
  trace->prefix_hashes.clear();
  CHECK(build(trace, 2).prefix_begin == Numbers{0, 0, 0});
  CHECK(build(trace, 2).prefix_block_tokens == 5);
  CHECK(build(trace, 2).num_prefix_hashes == 0);
}

TEST_CASE("a workload's memory counts what it has") {
  const auto trace = small_trace();
  CHECK(bytes_of(build(trace, 0)) == 4 * (8 + 3 * 4));
  trace->priority = {0, 0, 0, 1};
  trace->prefix_begin = {0, 1, 1, 1, 1};
  trace->prefix_hashes = {0};
  trace->prefix_block_tokens = 8;
  CHECK(bytes_of(build(trace, 0)) == 4 * (8 + 3 * 4) + 4 * 4 + 5 * 4 + 4);
  CHECK(bytes_of(Workload{}) == 0);
}

TEST_CASE("the classes are part of the key only where there are several") {
  const auto key = [](double high_share) {
    WorkloadSpec spec;
    spec.classes = {high_share};
    return workload_key(spec, 1, 0);
  };
  CHECK((key(1.0) == workload_key({}, 1, 0)));
  CHECK((key(0.5) != key(1.0)));
  CHECK((key(0.5) != key(0.25)));
}

TEST_CASE("the share is a parameter of the engines that want it") {
  ParameterSet set;
  add_workload_parameters(set);
  CHECK_FALSE(set.find("workload.priority.high_share"));
  add_request_class_parameters(set, {{"workload.predictor", {"oracle"}}});
  const auto at = set.find("workload.priority.high_share");
  REQUIRE(at);
  CHECK(set[*at].column == "high_share");
  CHECK(set[*at].default_value == 1);
  CHECK(set[*at].min == 0);
  CHECK(set[*at].max == 1);
  std::vector<double> values;
  for (const Parameter& p : set) values.push_back(p.default_value);
  values[*at] = 0.25;
  CHECK(read_workload_spec(set, values.data(), {""}).classes.high_share == 0.25);
  ReadRules(set).canonicalise(values.data());  // the predictor is another
  CHECK(read_workload_spec(set, values.data(), {""}).classes.one_class());
}
