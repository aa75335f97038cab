#include <algorithm>
#include <string>
#include <vector>

#include "host/sweep/read_rules.hpp"
#include "host/workload/workload_params.hpp"
#include "tests/support/catch.hpp"

using namespace servesweep;

namespace {

struct Point {
  Point() {
    add_workload_parameters(set);
    for (const Parameter& p : set) values.push_back(p.default_value);
  }

  void put(const std::string& key, double value) { values[set.find(key).value()] = value; }
  void choose(const std::string& key, const std::string& choice) {
    const auto& choices = set[set.find(key).value()].choices;
    const auto at = std::find(choices.begin(), choices.end(), choice);
    REQUIRE(at != choices.end());
    put(key, static_cast<double>(at - choices.begin()));
  }
  void put_text(const std::string& key, const std::string& text) {
    texts.push_back(text);
    put(key, static_cast<double>(texts.size() - 1));
  }
  WorkloadSpec spec() const {
    std::vector<double> canonical = values;
    ReadRules(set).canonicalise(canonical.data());
    return read_workload_spec(set, canonical.data(), texts);
  }
  bool reads(const std::string& key) const {
    std::vector<double> canonical = values;
    ReadRules(set).canonicalise(canonical.data());
    const double value = canonical[set.find(key).value()];
    return value == value;
  }

  ParameterSet set;
  std::vector<double> values;
  std::vector<std::string> texts{""};
};

std::vector<std::string> keys(const std::vector<Finding>& findings) {
  std::vector<std::string> result;
  for (const Finding& f : findings) result.push_back(f.key);
  return result;
}

using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("every field finds its way from values to the specification") {
  Point p;
  p.put("workload.requests", 77);
  p.put("workload.rps_scaling", 5);
  p.choose("workload.predictor", "power_law");
  p.put("workload.prediction.exponent", 0.5);
  p.put("workload.prediction.sigma", 0.3);
  p.choose("workload.arrivals.kind", "mmpp");
  p.put("workload.arrivals.rate_per_s", 3);
  p.put("workload.arrivals.burst_fraction", 0.25);
  p.choose("workload.lengths.prompt.kind", "empirical");
  p.put_text("workload.lengths.prompt.trace", "p.csv");
  p.choose("workload.lengths.output.kind", "zipf");
  p.put("workload.lengths.output.exponent", 1.7);
  p.put("workload.lengths.output.max_tokens", 99);
  const WorkloadSpec s = p.spec();
  CHECK(s.source.requests == 77);
  CHECK(s.trace.empty());
  CHECK(s.load.rps_scaling == 5);
  CHECK(s.predictor.predictor == PredictorKind::kPowerLaw);
  CHECK(s.power_law.exponent == 0.5);
  CHECK(s.noise.sigma == 0.3);
  CHECK(s.arrivals.kind == ArrivalKind::kMmpp);
  CHECK(s.mean_rate.rate_per_s == 3);
  CHECK(s.mmpp.burst_fraction == 0.25);
  CHECK(s.prompt.choice.kind == LengthKind::kEmpirical);
  CHECK(s.prompt.trace == "p.csv");
  CHECK(s.output.choice.kind == LengthKind::kZipf);
  CHECK(s.output.zipf.exponent == 1.7);
  CHECK(s.output.bounds.max_tokens == 99);
  CHECK(s.prompt.bounds.max_tokens == LengthBounds{}.max_tokens);
}

TEST_CASE("a parameter is read only where it matters") {
  Point p;
  CHECK(p.reads("workload.arrivals.rate_per_s"));
  CHECK(p.reads("workload.lengths.prompt.mu"));
  CHECK_FALSE(p.reads("workload.arrivals.cv"));
  CHECK_FALSE(p.reads("workload.lengths.output.exponent"));
  CHECK_FALSE(p.reads("workload.keep_failed"));
  CHECK_FALSE(p.reads("workload.prediction.constant_tokens"));
  CHECK(p.reads("workload.prediction.factor"));

  p.choose("workload.arrivals.kind", "gamma");
  CHECK(p.reads("workload.arrivals.cv"));
  p.choose("workload.lengths.prompt.kind", "fixed");
  CHECK(p.reads("workload.lengths.prompt.tokens"));
  CHECK_FALSE(p.reads("workload.lengths.prompt.max_tokens"));
  p.choose("workload.predictor", "noisy_oracle");
  CHECK(p.reads("workload.prediction.sigma"));
  CHECK_FALSE(p.reads("workload.prediction.factor"));

  p.choose("workload.arrivals.kind", "burst");
  CHECK_FALSE(p.reads("workload.arrivals.rate_per_s"));
  p.choose("workload.preset", "production-mix");
  CHECK(p.reads("workload.arrivals.kind"));
  CHECK_FALSE(p.reads("workload.lengths.prompt.kind"));
  p.choose("workload.preset", "burstgpt-like");
  CHECK_FALSE(p.reads("workload.arrivals.kind"));
  CHECK_FALSE(p.reads("workload.arrivals.cv"));
  CHECK_FALSE(p.reads("workload.lengths.prompt.tokens"));
  p.choose("workload.preset", "none");
  p.put_text("workload.trace", "t.csv");
  CHECK_FALSE(p.reads("workload.arrivals.kind"));
  CHECK(p.reads("workload.keep_failed"));

  CHECK(p.reads("workload.rps_scaling"));
  p.put("workload.real_timestamps", 1);
  CHECK_FALSE(p.reads("workload.rps_scaling"));
  CHECK_FALSE(p.reads("workload.rps"));
}

TEST_CASE("contradictions are found") {
  Point p;
  CHECK(check_workload(p.spec()).empty());
  p.put_text("workload.trace", "t.csv");
  CHECK(check_workload(p.spec()).empty());
  p.choose("workload.preset", "burstgpt-like");
  CHECK(keys(check_workload(p.spec())) == Keys{"workload.preset"});

  p = Point();
  p.choose("workload.predictor", "trace");
  p.put("workload.rps", 3);
  p.put("workload.rps_scaling", 2);
  p.choose("workload.lengths.output.kind", "empirical");
  p.put("workload.lengths.prompt.min_tokens", 20);
  p.put("workload.lengths.prompt.max_tokens", 10);
  CHECK(keys(check_workload(p.spec())) == Keys{"workload.predictor", "workload.rps_scaling",
                                               "workload.lengths.prompt.min_tokens",
                                               "workload.lengths.output.trace"});
  CHECK(check_workload(p.spec())[1].message ==
        "invalid rps_scaling=2 (workload.rps=3 sets the rate) keep one of the two");

  p = Point();
  p.put("workload.prediction.min_tokens", 5000);
  CHECK(keys(check_workload(p.spec())) == Keys{"workload.prediction.min_tokens"});
}

TEST_CASE("the key tells requests apart, and nothing else") {
  Point p;
  const std::string key = workload_key(p.spec(), 42, 0);
  CHECK((workload_key(p.spec(), 43, 0) != key));
  CHECK((workload_key(p.spec(), 42, 1) != key));
  p.put("workload.rps_scaling", 9);
  p.put("workload.rps", 4);
  CHECK((workload_key(p.spec(), 42, 0) == key));
  p.put("workload.real_timestamps", 1);
  CHECK((workload_key(p.spec(), 42, 0) == key));
  p.put("workload.arrivals.rate_per_s", 2);
  CHECK((workload_key(p.spec(), 42, 0) != key));

  Point a, b;
  a.put_text("workload.trace", "a.csv");
  b.put_text("workload.lengths.prompt.trace", "unread.csv");
  b.put_text("workload.trace", "a.csv");
  CHECK((workload_key(a.spec(), 42, 0) == workload_key(b.spec(), 42, 0)));
  b.put_text("workload.trace", "b.csv");
  CHECK((workload_key(a.spec(), 42, 0) != workload_key(b.spec(), 42, 0)));
}
