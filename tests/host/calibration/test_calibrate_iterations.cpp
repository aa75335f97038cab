#include <nlohmann/json.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/random.hpp"
#include "host/calibration/calibrate_iterations.hpp"
#include "io/measured/iteration_reader.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/source_folder.hpp"

using namespace servesweep;

namespace {

constexpr AffineRegimeParams kTruth = {20.5, 0.14, 8e-6, 0.06, 6e-4};

double time_ms(const AffineRegimeParams& c, const MeasuredIteration& r) {
  return c.base_ms + c.per_prompt_token_ms * r.prefill_tokens +
         c.per_prompt_token_pair_ms * r.prefill_pair_tokens + c.per_sequence_ms * r.sequences +
         c.per_context_token_ms * r.context_tokens;
}

// Prefills, decodes and both, as far as a default run goes. sigma: of the relative noise.
MeasuredIterations measured(const AffineRegimeParams& c = kTruth, double sigma = 0,
                            std::uint64_t seed = 0) {
  const RandomStream stream(seed, 0, StreamId::kService);
  MeasuredIterations m;
  m.has_pairs = true;
  for (const double prompt : {0, 16, 300, 2048}) {
    for (const double sequences : {0, 1, 20, 256}) {
      for (const double context : {50, 1300}) {
        if (prompt == 0 && sequences == 0) continue;
        m.rows.push_back({prompt, prompt * (prompt + context), sequences, sequences * context, 0});
        m.rows.back().time_ms =
            time_ms(c, m.rows.back()) * (1 + sigma * stream.normal(m.rows.size()));
      }
    }
  }
  return m;
}

bool warns(const IterationFit& fit, const std::string& part) {
  for (const std::string& warning : fit.warnings) {
    if (warning.find(part) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("noise-free iterations give their coefficients back") {
  const IterationFit both = calibrate_iterations(measured());
  REQUIRE(both.prefill);
  CHECK(both.prefill->rows.size() == 6);
  CHECK(both.prefill->coefficients.base_ms == Approx(kTruth.base_ms).epsilon(1e-10));
  CHECK(both.prefill->coefficients.per_prompt_token_pair_ms ==
        Approx(kTruth.per_prompt_token_pair_ms).epsilon(1e-9));
  const RegimeFit& fit = both.regime;
  CHECK(fit.coefficients.base_ms == Approx(kTruth.base_ms).epsilon(1e-10));
  CHECK(fit.coefficients.per_prompt_token_ms == Approx(kTruth.per_prompt_token_ms).epsilon(1e-10));
  CHECK(fit.coefficients.per_prompt_token_pair_ms ==
        Approx(kTruth.per_prompt_token_pair_ms).epsilon(1e-10));
  CHECK(fit.coefficients.per_sequence_ms == Approx(kTruth.per_sequence_ms).epsilon(1e-10));
  CHECK(fit.coefficients.per_context_token_ms ==
        Approx(kTruth.per_context_token_ms).epsilon(1e-10));
  CHECK(fit.quality.r_squared == Approx(1));
  CHECK(distribution_of(fit.quality.errors).largest < 1e-12);
  CHECK(distribution_of(fit.quality.held_out_errors).largest < 1e-11);
  // Contexts of 332,800 tokens are more than the default KV cache has.
  CHECK(both.warnings.empty());
}

TEST_CASE("noisy iterations give them back within their standard errors") {
  double sum = 0, squares = 0;
  const int trials = 400;
  for (int t = 0; t < trials; ++t) {
    const RegimeFit fit =
        calibrate_iterations(measured(kTruth, 0.01, static_cast<std::uint64_t>(t))).regime;
    const double pull = (fit.coefficients.per_prompt_token_ms - kTruth.per_prompt_token_ms) /
                        fit.errors.per_prompt_token_ms;
    sum += pull;
    squares += pull * pull;
  }
  CHECK(std::fabs(sum / trials) < 4 / std::sqrt(trials));
  CHECK(std::sqrt(squares / trials) == Approx(1.05).epsilon(0.15));  // Student's t, 19 d.o.f.
}

TEST_CASE("what may not be negative is held at 0, and the rest is the best for that") {
  AffineRegimeParams c = kTruth;
  c.per_sequence_ms = -0.02;
  const MeasuredIterations m = measured(c);
  const IterationFit all = calibrate_iterations(m);
  const RegimeFit& fit = all.regime;
  CHECK(fit.coefficients.per_sequence_ms == 0);
  CHECK(std::isnan(fit.errors.per_sequence_ms));
  CHECK(warns(all, "per_sequence_ms came out negative"));
  // Residuals, each over its time squared, are orthogonal to the terms that are fitted.
  double with_one = 0, with_tokens = 0;
  for (std::size_t i = 0; i < fit.rows.size(); ++i) {
    const MeasuredIteration& row = m.rows[fit.rows[i]];
    const double weighted = fit.quality.residuals_ms[i] / (row.time_ms * row.time_ms);
    with_one += weighted;
    with_tokens += weighted * row.prefill_tokens;
  }
  CHECK(with_one == Approx(0).margin(1e-12));
  CHECK(with_tokens == Approx(0).margin(1e-9));

  c = kTruth;
  c.per_prompt_token_pair_ms = -2e-6;
  CHECK(calibrate_iterations(measured(c)).regime.coefficients.per_prompt_token_pair_ms == 0);
}

TEST_CASE("prefills of seconds do not drown decodes of 30 ms") {
  // Prefills of a base of their own, and with a structure that the model cannot follow.
  MeasuredIterations m;
  m.has_pairs = true;
  for (const double n : {1, 4, 16, 64, 256}) {
    for (const double context : {100, 1000}) {
      m.rows.push_back({0, 0, n, n * context, 0});
      m.rows.back().time_ms = time_ms(kTruth, m.rows.back());
    }
  }
  for (const double prompt : {512, 2048, 4096, 8192, 16384}) {
    const double bend = prompt == 2048 ? 1.3 : 1;
    m.rows.push_back({prompt, prompt * prompt, 0, 0, (80 + 0.3 * prompt) * bend});
  }
  const IterationFit fit = calibrate_iterations(m);
  CHECK(fit.regime.coefficients.base_ms == Approx(kTruth.base_ms).epsilon(1e-9));
  CHECK(distribution_of(fit.regime.quality.held_out_errors).largest < 1e-9);
  REQUIRE(fit.prefill);
  CHECK(distribution_of(fit.prefill->quality.errors).largest > 0.05);
  // Nothing says what a prompt token costs beside decodes.
  CHECK(fit.regime.coefficients.per_prompt_token_ms ==
        fit.prefill->coefficients.per_prompt_token_ms);
  CHECK(warns(fit, "are those of prefills alone"));
}

TEST_CASE("a fit that a run would not take is refused") {
  MeasuredIterations m = measured();
  for (MeasuredIteration& row : m.rows) row.time_ms *= 1e300;
  CHECK_THROWS_WITH(calibrate_iterations(m),
                    Catch::Matchers::ContainsSubstring("which a run takes in"));
}

TEST_CASE("columns that tell nothing are named") {
  MeasuredIterations decodes;
  for (const double n : {1, 2, 4, 8, 16, 32}) {
    decodes.rows.push_back({0, 0, n, 100 * n, 10 + 0.05 * n + 0.001 * 100 * n});
  }
  const IterationFit fit = calibrate_iterations(decodes);
  CHECK(warns(fit, "prefill_tokens is 0 in every row: per_prompt_token_ms cannot be told"));
  CHECK(warns(fit, "context_tokens is a fixed combination of 1, sequences in these rows"));
  CHECK_FALSE(fit.prefill);
  CHECK(fit.regime.coefficients.per_sequence_ms == Approx(0.15));
  CHECK(fit.regime.coefficients.per_context_token_ms == 0);
  CHECK(warns(fit, "no row is of prefills alone"));
  CHECK(warns(fit, "no row is of prefills and decodes"));
  CHECK_FALSE(warns(fit, "no row is of decodes alone"));
  CHECK(
      warns(fit, "sequences reach 32: iterations with more, up to the default max_num_seqs (256)"));
  CHECK(warns(fit,
              "context_tokens reach 3200: iterations with more, up to the default KV cache's "
              "tokens (327840), are"));

  CHECK_THROWS_AS(calibrate_iterations({{{5, 0, 1, 9, 3}, {5, 0, 1, 9, 4}}, false}), InputError);
  CHECK_THROWS_WITH(calibrate_iterations({{{5, 0, 1, 9, 3}}, false}),
                    Catch::Matchers::ContainsSubstring("to 1 row (no column"));
}

TEST_CASE("the text holds the TOML with every digit, JSON every row") {
  const MeasuredIterations m = measured(kTruth, 0.01, 7);
  const IterationFit fit = calibrate_iterations(m);
  const std::string text = iteration_fit_text(m, fit, 2);
  const auto value = [&text](const std::string& key) {
    const auto at = text.find("\n" + key + " = ");
    REQUIRE(at != std::string::npos);
    return std::stod(text.substr(at + key.size() + 4));
  };
  const AffineRegimeParams& coefficients = fit.regime.coefficients;
  CHECK(value("base_ms") == coefficients.base_ms);
  CHECK(value("per_prompt_token_pair_ms") == coefficients.per_prompt_token_pair_ms);
  CHECK(value("per_context_token_ms") == coefficients.per_context_token_ms);
  CHECK(text.find("prefill_regime = true\n") != std::string::npos);
  CHECK(text.find("[service.prefill]\nbase_ms = ") != std::string::npos);
  CHECK(text.find("(sequences 1 to 256)") != std::string::npos);
  const auto json = nlohmann::json::parse(iteration_fit_json(m, fit));
  CHECK(json.at("service").at("per_sequence_ms") == coefficients.per_sequence_ms);
  REQUIRE(fit.prefill);
  CHECK(json.at("service.prefill").at("base_ms") == fit.prefill->coefficients.base_ms);
  CHECK(json.at("errors").at("decodes alone").at("held_out").at("median") > 0);
  REQUIRE(json.at("rows").size() == m.rows.size());
  CHECK(json.at("rows")[fit.regime.rows[3]].at("residual_ms") ==
        fit.regime.quality.residuals_ms[3]);
  CHECK(json.at("rows")[3].at("time_ms") == m.rows[3].time_ms);
}

TEST_CASE("the example's rows give its coefficients back, but for what it says of itself") {
  const std::string path = testing::in_source_folder("examples/iterations.csv");
  CHECK(has_iterations(path));
  const IterationFit fit = calibrate_iterations(read_iterations(path));
  CHECK(fit.regime.coefficients.base_ms == Approx(21).epsilon(0.03));
  REQUIRE(fit.prefill);
  CHECK(fit.prefill->coefficients.per_prompt_token_ms == Approx(0.09).epsilon(0.05));
  CHECK(distribution_of(fit.regime.quality.errors).largest < 0.05);
  CHECK(distribution_of(fit.prefill->quality.errors).largest < 0.05);
}
