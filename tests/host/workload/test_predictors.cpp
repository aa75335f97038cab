#include <cmath>
#include <memory>
#include <vector>

#include "host/base/error.hpp"
#include "host/workload/predictors.hpp"
#include "host/workload/workload_builder.hpp"
#include "tests/support/catch.hpp"

using namespace servesweep;

namespace {

const RandomStream kStream(42, 0, StreamId::kPredictor);

std::vector<std::int32_t> predictions(PredictorKind kind, bool trace_predicts) {
  WorkloadSpec spec;
  spec.trace = "t.csv";
  spec.predictor.predictor = kind;
  auto trace = std::make_shared<Trace>();
  trace->arrival_ns = {0, 1, 2};
  trace->prompt_tokens = {10, 100, 1000};
  trace->output_tokens = {5, 50, 500};
  if (trace_predicts) trace->predicted_tokens = {6, 60, 600};
  const auto traces = [&](const std::string&, const TraceOptions&) { return trace; };
  return build_workload(spec, traces, 42, 0).predicted_tokens;
}

using Tokens = std::vector<std::int32_t>;

}  // namespace

TEST_CASE("power_law without noise is floor(1.5 * p^0.7), clamped to 1..4096") {
  const PowerLawPredictor predictor{{}, {0.0}, kStream};
  CHECK(predictor.predict(0, 0, 9) == 1);
  CHECK(predictor.predict(0, 1, 9) == 1);         // 1.5
  CHECK(predictor.predict(0, 2, 9) == 2);         // 2.437
  CHECK(predictor.predict(0, 100, 9) == 37);      // 37.678
  CHECK(predictor.predict(0, 1000, 9) == 188);    // 188.839
  CHECK(predictor.predict(0, 80000, 9) == 4057);  // 4057.5
  CHECK(predictor.predict(0, 90000, 9) == 4096);  // 4406.2
  const PowerLawPredictor other{{2.0, 1.0, 50, 60}, {0.0}, kStream};
  CHECK(other.predict(0, 10, 9) == 50);
  CHECK(other.predict(0, 27, 9) == 54);
  CHECK(other.predict(0, 40, 9) == 60);
}

TEST_CASE("power_law's noise is lognormal(0, sigma), drawn per request") {
  const PowerLawPredictor predictor{{1.0, 1.0, 1, 100000000}, {0.1}, kStream};
  double sum = 0, squares = 0;
  const int n = 100000;
  for (int i = 0; i < n; ++i) {
    const auto request = static_cast<std::uint64_t>(i);
    const double x = std::log(predictor.predict(request, 10000000, 1) / 1e7);
    REQUIRE(x == Approx(0.1 * kStream.normal(request)).margin(2e-7));
    sum += x;
    squares += x * x;
  }
  CHECK(std::fabs(sum / n) < 4 * 0.1 / std::sqrt(n));
  CHECK(std::sqrt(squares / n) == Approx(0.1).epsilon(0.01));
}

TEST_CASE("oracles and the constant") {
  CHECK(OraclePredictor{}.predict(3, 10, 77) == 77);
  const NoisyOraclePredictor exact{{0.0}, kStream}, noisy{{0.5}, kStream};
  CHECK(exact.predict(3, 10, 77) == 77);
  CHECK(exact.predict(3, 10, 0) == 1);
  for (std::uint64_t i = 0; i < 100; ++i)
    CHECK(noisy.predict(i, 1, 1000) == std::lround(1000 * std::exp(0.5 * kStream.normal(i))));
  CHECK(ConstantPredictor{{33}}.predict(3, 10, 77) == 33);
}

TEST_CASE("the predictor of a workload") {
  CHECK(predictions(PredictorKind::kAuto, true) == Tokens{6, 60, 600});
  CHECK(predictions(PredictorKind::kTrace, true) == Tokens{6, 60, 600});
  CHECK(predictions(PredictorKind::kOracle, true) == Tokens{5, 50, 500});
  CHECK(predictions(PredictorKind::kConstant, true) == Tokens{200, 200, 200});
  const Tokens power_law = predictions(PredictorKind::kPowerLaw, true);
  CHECK(predictions(PredictorKind::kAuto, false) == power_law);
  for (std::size_t i = 0; i < 3; ++i) {
    const double prompt = std::pow(10.0, static_cast<double>(i + 1));
    CHECK(power_law[i] ==
          std::floor(1.5 * std::pow(prompt, 0.7) * std::exp(0.1 * kStream.normal(i))));
  }
  CHECK_THROWS_AS(predictions(PredictorKind::kTrace, false), InputError);
}
