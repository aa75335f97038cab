#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/statistics.hpp"
#include "host/workload/burstgpt_like.hpp"
#include "host/workload/production_mix.hpp"
#include "host/workload/workload_builder.hpp"
#include "tests/support/catch.hpp"

using namespace servesweep;

namespace {

constexpr std::uint64_t kSeed = 42;

Workload build(const WorkloadSpec& spec, std::uint64_t seed = kSeed, std::uint32_t replication = 0,
               const TraceProvider& traces = {}) {
  return build_workload(spec, traces, seed, replication);
}

WorkloadSpec generated(ArrivalKind kind, std::int64_t requests, double rate = 2.0) {
  WorkloadSpec spec;
  spec.source.requests = requests;
  spec.arrivals.kind = kind;
  spec.mean_rate.rate_per_s = rate;
  return spec;
}

std::vector<double> gaps_s(const Workload& w) {
  std::vector<double> gaps;
  for (std::size_t i = 1; i < w.size(); ++i)
    gaps.push_back(1e-9 * static_cast<double>(w.arrival_ns[i] - w.arrival_ns[i - 1]));
  return gaps;
}

std::vector<double> doubles(const std::vector<std::int32_t>& x) { return {x.begin(), x.end()}; }

bool equal(const Workload& a, const Workload& b) {
  return a.arrival_ns == b.arrival_ns && a.prompt_tokens == b.prompt_tokens &&
         a.output_tokens == b.output_tokens && a.predicted_tokens == b.predicted_tokens;
}

Workload first(const Workload& w, std::ptrdiff_t n) {
  const auto head = [n](const auto& x) {
    return std::decay_t<decltype(x)>(x.begin(), x.begin() + n);
  };
  return {head(w.arrival_ns), head(w.prompt_tokens), head(w.output_tokens),
          head(w.predicted_tokens)};
}

std::vector<double> ranks(const std::vector<std::int32_t>& x) {
  std::map<std::int32_t, double> position;  // mean rank of ties
  for (const auto v : x) position[v] += 1;
  double below = 0;
  for (auto& [value, count] : position) {
    const double n = count;
    count = below + n / 2;
    below += n;
  }
  std::vector<double> r;
  for (const auto v : x) r.push_back(position[v]);
  return r;
}

double correlation(const std::vector<double>& x, const std::vector<double>& y) {
  const double mx = mean(x), my = mean(y);
  double xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) xy += (x[i] - mx) * (y[i] - my);
  return xy / static_cast<double>(x.size() - 1) /
         std::sqrt(sample_variance(x) * sample_variance(y));
}

std::shared_ptr<Trace> small_trace() {
  auto trace = std::make_shared<Trace>();
  trace->arrival_ns = {0, 5, 5, 9};
  trace->prompt_tokens = {10, 20, 30, 40};
  trace->output_tokens = {1, 2, 3, 4};
  return trace;
}

constexpr ArrivalKind kArrivalKinds[] = {ArrivalKind::kPoisson, ArrivalKind::kDeterministic,
                                         ArrivalKind::kGamma, ArrivalKind::kMmpp,
                                         ArrivalKind::kDiurnal};

}  // namespace

TEST_CASE("arrivals start at 0, never fall, and have the mean rate") {
  for (const ArrivalKind kind : kArrivalKinds) {
    CAPTURE(static_cast<int>(kind));
    WorkloadSpec spec = generated(kind, 200000);
    spec.mmpp.mean_burst_s = 5;
    spec.diurnal.period_s = 1000;
    const Workload w = build(spec);
    REQUIRE(w.size() == 200000);
    CHECK(w.arrival_ns.front() == 0);
    CHECK(std::is_sorted(w.arrival_ns.begin(), w.arrival_ns.end()));
    // 4 standard errors of the burstiest process (mmpp, counts clustered in bursts of 5 s).
    CHECK(natural_rate_per_s(w) == Approx(2.0).epsilon(0.04));
  }
}

TEST_CASE("gaps have the coefficient of variation of their process") {
  CHECK(coefficient_of_variation(gaps_s(build(generated(ArrivalKind::kPoisson, 200000)))) ==
        Approx(1).epsilon(0.01));
  CHECK(coefficient_of_variation(gaps_s(build(generated(ArrivalKind::kDeterministic, 1000)))) <
        1e-8);
  for (const double cv : {0.2, 1.0, 2.0, 5.0}) {
    WorkloadSpec spec = generated(ArrivalKind::kGamma, 400000);
    spec.gamma.cv = cv;
    CHECK(coefficient_of_variation(gaps_s(build(spec))) == Approx(cv).epsilon(0.03));
  }
}

TEST_CASE("gamma gaps of cv 1 are exponential") {
  WorkloadSpec spec = generated(ArrivalKind::kGamma, 100000, 1.0);
  spec.gamma.cv = 1;
  const auto gaps = gaps_s(build(spec));
  for (const double t : {0.1, 0.5, 1.0, 3.0}) {
    const auto above = std::count_if(gaps.begin(), gaps.end(), [t](double g) { return g > t; });
    CHECK(std::fabs(static_cast<double>(above) / 1e5 - std::exp(-t)) < 4 * 0.5 / std::sqrt(1e5));
  }
}

TEST_CASE("mmpp gaps have the moments of matrix theory") {
  WorkloadSpec spec = generated(ArrivalKind::kMmpp, 1000000, 2.0);
  spec.mmpp = {20.0, 0.1, 3.0};
  // Rates of arrival a (calm), b (burst); of leaving the phase: u, v. With p the phase seen by
  // arrivals and D = diag(a, b) - Q: E[T] = p D^-1 1, E[T^2] = 2 p D^-2 1.
  const double a = 2.0 / (0.1 * 20 + 0.9), b = 20 * a, v = 1 / 3.0, u = v * 0.1 / 0.9;
  const double p0 = 0.9 * a / 2, p1 = 0.1 * b / 2, det = (a + u) * (b + v) - u * v;
  const auto solve = [&](double x, double y) {  // D^-1 (x, y)
    return std::pair{((b + v) * x + u * y) / det, (v * x + (a + u) * y) / det};
  };
  const auto [x1, y1] = solve(1, 1);
  const auto [x2, y2] = solve(x1, y1);
  const double m1 = p0 * x1 + p1 * y1, m2 = 2 * (p0 * x2 + p1 * y2);
  CHECK(m1 == Approx(0.5));
  CHECK(coefficient_of_variation(gaps_s(build(spec))) ==
        Approx(std::sqrt(m2 / (m1 * m1) - 1)).epsilon(0.02));
}

TEST_CASE("diurnal arrivals follow the cosine") {
  WorkloadSpec spec = generated(ArrivalKind::kDiurnal, 400000, 2.0);
  spec.diurnal = {1.0, 100.0, 30.0};
  const Workload w = build(spec);
  CHECK(w.arrival_ns[1] < 10000000000);  // the clock starts with the first request
  std::vector<double> phase(10, 0.0);
  for (const auto t : w.arrival_ns) phase[static_cast<std::size_t>(t / 10000000000 % 10)] += 1;
  const double n = static_cast<double>(w.size()), tau = 2 * M_PI;
  for (std::size_t k = 0; k < 10; ++k) {
    const double from = (10.0 * static_cast<double>(k) - 30) / 100, to = from + 0.1;
    const double share = 0.1 + (std::sin(tau * to) - std::sin(tau * from)) / tau;
    CHECK(std::fabs(phase[k] / n - share) < 4 * std::sqrt(0.2 / n));
  }
}

TEST_CASE("a rate too low for the clock is an error, not an overflow") {
  CHECK_THROWS_AS(build(generated(ArrivalKind::kDeterministic, 10001, 1e-6)), InputError);
}

TEST_CASE("lengths have the moments of their distributions") {
  WorkloadSpec spec = generated(ArrivalKind::kDeterministic, 200000);
  spec.prompt.choice.kind = LengthKind::kLognormal;
  spec.prompt.lognormal = {6.0, 0.5};
  spec.output.choice.kind = LengthKind::kUniform;
  spec.output.bounds = {3, 7};
  const Workload w = build(spec);
  const double sd = std::exp(6.125) * std::sqrt(std::expm1(0.25));
  CHECK(std::fabs(mean(doubles(w.prompt_tokens)) - std::exp(6.125)) < 4 * sd / std::sqrt(2e5));
  CHECK(std::fabs(correlation(doubles(w.prompt_tokens), doubles(w.output_tokens))) < 0.01);
  std::map<int, int> count;
  for (const int o : w.output_tokens) ++count[o];
  CHECK(count.size() == 5);
  for (const auto& [tokens, n] : count) {
    CAPTURE(tokens);
    CHECK(std::abs(n - 40000) < 4 * std::sqrt(200000 * 0.2 * 0.8));
  }

  spec.prompt.choice.kind = LengthKind::kFixed;
  spec.prompt.fixed.tokens = 17;
  CHECK(build(spec).prompt_tokens == std::vector<std::int32_t>(200000, 17));
}

TEST_CASE("lengths are clamped to their bounds") {
  WorkloadSpec spec = generated(ArrivalKind::kDeterministic, 10000);
  spec.prompt.lognormal = {5.0, 2.0};
  spec.prompt.bounds = {100, 300};
  const Workload w = build(spec);
  const auto [least, greatest] =
      std::minmax_element(w.prompt_tokens.begin(), w.prompt_tokens.end());
  CHECK(*least == 100);
  CHECK(*greatest == 300);
}

TEST_CASE("zipf lengths have zipf's probabilities") {
  for (const double exponent : {0.0, 0.5, 1.0, 1.2, 3.0, 20.0}) {
    for (const LengthBounds bounds : {LengthBounds{1, 50}, LengthBounds{7, 9}}) {
      CAPTURE(exponent, bounds.min_tokens);
      WorkloadSpec spec = generated(ArrivalKind::kDeterministic, 100000);
      spec.prompt.choice.kind = LengthKind::kZipf;
      spec.prompt.zipf.exponent = exponent;
      spec.prompt.bounds = bounds;
      std::map<int, double> count;
      for (const int p : build(spec).prompt_tokens) count[p] += 1;
      double norm = 0, chi2 = 0, cells = 0;
      for (int k = bounds.min_tokens; k <= bounds.max_tokens; ++k) norm += std::pow(k, -exponent);
      for (int k = bounds.min_tokens; k <= bounds.max_tokens; ++k) {
        const double expected = 1e5 * std::pow(k, -exponent) / norm;
        if (expected < 5) continue;
        chi2 += (count[k] - expected) * (count[k] - expected) / expected;
        cells += 1;
      }
      CHECK(chi2 < cells + 4 * std::sqrt(2 * cells) + 4);
      CHECK(count.begin()->first >= bounds.min_tokens);
      CHECK(count.rbegin()->first <= bounds.max_tokens);
    }
  }
}

TEST_CASE("empirical lengths come from the trace, in pairs if both do") {
  const TraceProvider traces = [](const std::string& path, const TraceOptions& options) {
    CHECK(path == "t.csv");
    CHECK_FALSE(options.keep_failed);
    CHECK(options.lengths_only);
    return small_trace();
  };
  WorkloadSpec spec = generated(ArrivalKind::kPoisson, 40000);
  spec.prompt.choice.kind = LengthKind::kEmpirical;
  spec.prompt.trace = "t.csv";
  spec.output.choice.kind = LengthKind::kEmpirical;
  spec.output.trace = "t.csv";
  const Workload pairs = build(spec, kSeed, 0, traces);
  std::map<int, int> count;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    REQUIRE(pairs.prompt_tokens[i] == 10 * pairs.output_tokens[i]);
    ++count[pairs.output_tokens[i]];
  }
  CHECK(count.size() == 4);
  for (const auto& [tokens, n] : count) {
    CAPTURE(tokens);
    CHECK(std::abs(n - 10000) < 4 * std::sqrt(40000 * 0.25 * 0.75));
  }
  spec.prompt.choice.kind = LengthKind::kFixed;
  const Workload single = build(spec, kSeed, 0, traces);
  CHECK(std::fabs(mean(doubles(single.output_tokens)) - 2.5) < 4 * 1.12 / std::sqrt(4e4));
}

TEST_CASE("equal arguments give equal requests; seed and replication change them") {
  WorkloadSpec spec;
  spec.source.preset = WorkloadPreset::kBurstGptLike;
  spec.source.requests = 2000;
  const Workload w = build(spec);
  CHECK(equal(w, build(spec)));
  CHECK_FALSE(equal(w, build(spec, kSeed + 1)));
  CHECK_FALSE(equal(w, build(spec, kSeed, 1)));
  WorkloadSpec faster = spec;
  faster.load.rps_scaling = 50;
  CHECK(equal(w, build(faster)));
  // Another predictor draws nothing away from the requests, nor do other lengths from arrivals.
  WorkloadSpec noisy = spec;
  noisy.predictor.predictor = PredictorKind::kNoisyOracle;
  CHECK(build(noisy).arrival_ns == w.arrival_ns);
  CHECK(build(noisy).output_tokens == w.output_tokens);
  WorkloadSpec gamma = generated(ArrivalKind::kGamma, 2000);
  const Workload lognormal = build(gamma);
  gamma.prompt.choice.kind = LengthKind::kZipf;
  CHECK(build(gamma).arrival_ns == lognormal.arrival_ns);
  CHECK(build(gamma).output_tokens == lognormal.output_tokens);
}

TEST_CASE("the first requests of a longer workload are those of a shorter one") {
  for (const ArrivalKind kind : kArrivalKinds) {
    CAPTURE(static_cast<int>(kind));
    WorkloadSpec spec = generated(kind, 3000);
    spec.output.choice.kind = LengthKind::kZipf;
    const Workload longer = build(spec);
    spec.source.requests = 1000;
    CHECK(equal(build(spec), first(longer, 1000)));
  }
  WorkloadSpec spec;
  spec.source.preset = WorkloadPreset::kBurstGptLike;
  spec.source.requests = 3000;
  const Workload longer = build(spec);
  spec.source.requests = 1000;
  CHECK(equal(build(spec), first(longer, 1000)));
}

TEST_CASE("a burst arrives at time 0, whatever the rate") {
  const Workload w = build(generated(ArrivalKind::kBurst, 1000));
  CHECK(std::count(w.arrival_ns.begin(), w.arrival_ns.end(), 0) == 1000);
  CHECK(equal(w, build(generated(ArrivalKind::kBurst, 1000, 7))));
  const Workload poisson = build(generated(ArrivalKind::kPoisson, 1000));
  CHECK(w.output_tokens == poisson.output_tokens);
}

TEST_CASE("production-mix has the shares and lengths of its categories, and any arrivals") {
  WorkloadSpec spec = generated(ArrivalKind::kBurst, 100000);
  spec.source.preset = WorkloadPreset::kProductionMix;
  const Workload w = build(spec);
  CHECK(w.arrival_ns.back() == 0);
  const production_mix::Lengths lengths(RandomSource{kSeed, 0});
  std::map<std::string, std::vector<double>> prompts, outputs;
  for (std::size_t i = 0; i < w.size(); ++i) {
    const std::string category = lengths.category(i).name;
    prompts[category].push_back(w.prompt_tokens[i]);
    outputs[category].push_back(w.output_tokens[i]);
  }
  double mean_output = 0;
  for (const production_mix::Category& c : production_mix::kCategories) {
    CAPTURE(c.name);
    const std::vector<double>& output = outputs[c.name];
    const auto n = static_cast<double>(output.size());
    CHECK(std::fabs(n - 1e5 * c.share) < 4 * std::sqrt(1e5 * c.share * (1 - c.share)));
    const auto [least, most] = std::minmax_element(output.begin(), output.end());
    CHECK(*least == c.min_output_tokens);
    CHECK(*most == c.max_output_tokens);
    const double range = c.max_output_tokens - c.min_output_tokens + 1;
    const double middle = 0.5 * (c.min_output_tokens + c.max_output_tokens);
    CHECK(std::fabs(mean(output) - middle) < 4 * range / std::sqrt(12 * n));
    mean_output += c.share * middle;
    const std::set<double> seen(prompts[c.name].begin(), prompts[c.name].end());
    std::set<double> expected;
    for (int words = c.min_words; words <= c.max_words; words += c.word_step) {
      expected.insert(std::round(words / 0.766));
    }
    CHECK(seen == expected);
  }
  CHECK(mean_output == Approx(92.5));
  // Other arrivals do not change the requests.
  spec.arrivals.kind = ArrivalKind::kPoisson;
  CHECK(build(spec).output_tokens == w.output_tokens);
  CHECK(build(spec).arrival_ns.back() > 0);
  spec.source.requests = 1000;
  const Workload shorter = build(spec);
  CHECK(std::equal(shorter.output_tokens.begin(), shorter.output_tokens.end(),
                   w.output_tokens.begin()));
}

TEST_CASE("burstgpt-like has the figures of BurstGPT") {
  WorkloadSpec spec;
  spec.source.preset = WorkloadPreset::kBurstGptLike;
  spec.source.requests = 1000000;
  const Workload w = build(spec);

  auto prompt = w.prompt_tokens, output = w.output_tokens;
  std::sort(prompt.begin(), prompt.end());
  std::sort(output.begin(), output.end());
  const double prompt_mean = mean(doubles(prompt)), output_mean = mean(doubles(output));
  const double cv = coefficient_of_variation(gaps_s(w));
  const double rank_correlation = correlation(ranks(w.prompt_tokens), ranks(w.output_tokens));
  std::printf(
      "burstgpt-like, 1M requests, seed %d: %.4f req/s, gap CV %.2f, rank correlation %.3f\n",
      static_cast<int>(kSeed), natural_rate_per_s(w), cv, rank_correlation);
  for (const auto& [name, x, m] :
       {std::tuple{"prompt", &prompt, prompt_mean}, std::tuple{"output", &output, output_mean}}) {
    std::printf("  %s mean %.1f p50 %.0f p90 %.0f p95 %.0f p99 %.0f max %d\n", name, m,
                quantile_sorted(*x, 0.5), quantile_sorted(*x, 0.9), quantile_sorted(*x, 0.95),
                quantile_sorted(*x, 0.99), x->back());
  }

  CHECK(prompt_mean == Approx(374).epsilon(0.02));
  CHECK(output_mean == Approx(122).epsilon(0.02));
  const auto check = [](const std::vector<std::int32_t>& x, double q, double tokens) {
    CHECK(quantile_sorted(x, q) == Approx(tokens).epsilon(0.01).margin(0.5));
  };
  check(prompt, 0.50, 74);
  check(prompt, 0.90, 1291);
  check(prompt, 0.95, 1697);
  check(prompt, 0.99, 3023);
  check(output, 0.50, 14);
  check(output, 0.90, 401);
  check(output, 0.95, 510);
  check(output, 0.99, 757);
  CHECK(prompt.front() >= 1);
  CHECK(output.front() >= 1);
  CHECK(prompt.back() <= 6142);
  CHECK(output.back() <= 7315);
  CHECK(rank_correlation == Approx(0.28).margin(0.01));
  CHECK(natural_rate_per_s(w) == Approx(0.2713).epsilon(0.2));
  CHECK(cv > 10);
  CHECK(cv < 16);

  std::vector<double> hours(24, 0.0);
  for (const auto t : w.arrival_ns) hours[static_cast<std::size_t>(t / 3600000000000 % 24)] += 1;
  const double night = hours[3] + hours[4] + hours[5] + hours[6] + hours[7];
  const double day = hours[10] + hours[11] + hours[15] + hours[16] + hours[17];
  CHECK(day > 5 * night);
}

TEST_CASE("a trace gives its first requests") {
  WorkloadSpec spec;
  spec.trace = "t.csv";
  auto trace = small_trace();
  trace->predicted_tokens = {7, 8, 9, 10};
  const TraceProvider traces = [&](const std::string&, const TraceOptions& options) {
    CHECK(options.keep_failed);
    CHECK(options.on_bad_row == OnBadRow::kSkip);
    CHECK(options.time_unit == TimeUnit::kSeconds);
    CHECK(options.hash_block_tokens == 16);
    CHECK_FALSE(options.lengths_only);
    return trace;
  };
  spec.trace_options = {true, OnBadRow::kSkip, TimeUnit::kSeconds, 16};
  CHECK(build(spec, 1, 0, traces).arrival_ns == trace->arrival_ns);
  spec.source.requests = 3;
  const Workload w = build(spec, 1, 0, traces);
  CHECK(w.arrival_ns == std::vector<std::int64_t>{0, 5, 5});
  CHECK(w.prompt_tokens == std::vector<std::int32_t>{10, 20, 30});
  CHECK(w.output_tokens == std::vector<std::int32_t>{1, 2, 3});
  CHECK(w.predicted_tokens == std::vector<std::int32_t>{7, 8, 9});
  spec.source.requests = 5;
  CHECK_THROWS_WITH(build(spec, 1, 0, traces),
                    Catch::Matchers::ContainsSubstring("t.csv has 4 requests"));
  trace = std::make_shared<Trace>();
  spec.source.requests = 0;
  CHECK_THROWS_WITH(build(spec, 1, 0, traces),
                    Catch::Matchers::ContainsSubstring("holds no requests"));
}

TEST_CASE("what does not say when its requests come is of use for lengths only") {
  WorkloadSpec spec;
  spec.trace = "t.csv";
  auto trace = small_trace();
  trace->path = "folder/t.csv";
  trace->format = "vidur";
  const TraceProvider traces = [&](const std::string&, const TraceOptions&) { return trace; };
  trace->delay_ns = {-1, -1, 3, -1};
  CHECK_THROWS_WITH(build(spec, 1, 0, traces),
                    Catch::Matchers::ContainsSubstring("trace folder/t.csv has sessions (1 "
                                                       "request with a delay after"));
  spec.source.requests = 2;
  CHECK(build(spec, 1, 0, traces).size() == 2);
  trace->delay_ns.clear();
  trace->time_unit = TimeUnit::kAuto;
  CHECK_THROWS_WITH(
      build(spec, 1, 0, traces),
      Catch::Matchers::ContainsSubstring("trace folder/t.csv has no arrival times (the format "
                                         "vidur without its column of times) use it for lengths"));
}

TEST_CASE("arrivals beyond the clock are counted after those that are left out") {
  WorkloadSpec spec;
  spec.trace = "t.csv";
  auto trace = small_trace();
  trace->arrival_ns = {0, 51'000'000'000, 60'000'000'000, 9'503'873'000'000'000};
  const TraceProvider traces = [&](const std::string&, const TraceOptions&) { return trace; };
  const Workload all = build(spec, 1, 0, traces);
  CHECK_THROWS_WITH(load_scaling(spec, all),
                    Catch::Matchers::ContainsSubstring(
                        "arrivals span 9503873 s (at most 9007199 s, 104 days, keep the clock "
                        "exact; the first 3 of 4 requests do) set workload.requests = 3 or less"));
  spec.load.rps_scaling = 200;
  CHECK(load_scaling(spec, all) == 200);
  spec.load.rps_scaling = 1;
  spec.source.requests = 3;
  CHECK(load_scaling(spec, build(spec, 1, 0, traces)) == 1);
}

TEST_CASE("load scaling: by factor, to a rate, or none") {
  WorkloadSpec spec = generated(ArrivalKind::kDeterministic, 101, 4.0);
  const Workload w = build(spec);
  CHECK(natural_rate_per_s(w) == Approx(4).epsilon(1e-12));
  CHECK(load_scaling(spec, w) == 1);
  spec.load.rps_scaling = 25;
  CHECK(load_scaling(spec, w) == 25);
  spec.load = {1.0, 10.0};
  CHECK(load_scaling(spec, w) == Approx(2.5).epsilon(1e-12));
  spec.clock.real_timestamps = true;
  CHECK(load_scaling(spec, w) == 1);

  spec.clock.real_timestamps = false;
  Workload together = w;
  std::fill(together.arrival_ns.begin(), together.arrival_ns.end(), 0);
  CHECK_THROWS_AS(load_scaling(spec, together), InputError);
  spec.source.requests = 1;
  CHECK(load_scaling(spec, build(spec)) == 1);
}
