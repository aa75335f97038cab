// The continuous engine against queueing theory. All worlds decode only: prompts of one token,
// whose prefill takes as long as a decode, so that an iteration of n sequences takes a + c n and a
// request of O tokens is in exactly O iterations.
//   - no limit of sequences: the number of requests in the system is negative binomial whatever the
//     law of the lengths, their time in it s (a + c) / (1 - lambda c s) for lengths of mean s;
//   - at most N sequences, geometric lengths: a birth-death chain;
//   - one sequence at a time: M/D/1, M/M/1, M/U(0,2)/1.
// Exact values: tests/data/golden/queueing/, and the negative binomial law for loads at which a
// server is also idle. They are for lengths so long that an iteration takes no time; a request
// waits for the end of one, which is seen with short lengths, where theory has it exactly
// (mean_time()).
//
// Every value must lie in the confidence interval of independent replications, and every interval
// must be narrow, as in test_queueing.cpp. Counted are the requests after the first eighth and
// before the last one: the system is then neither empty nor runs dry.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "host/base/random.hpp"
#include "host/base/statistics.hpp"
#include "host/results/replications.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/continuous_worlds.hpp"
#include "tests/support/queueing_oracles.hpp"

namespace servesweep {
namespace {

using nlohmann::json;

constexpr std::uint64_t kSeed = 50'505;
#ifdef SERVESWEEP_BRIEF_TESTS
constexpr std::uint32_t kReplications = 4;
constexpr std::int64_t kRequests = 5'000;
constexpr bool kNarrow = false;
#else
constexpr std::uint32_t kReplications = 24;
constexpr std::int64_t kRequests = 40'000;
constexpr bool kNarrow = true;  // the intervals
#endif
constexpr double kLevel = 0.999;  // of all intervals together
// Lengths of the oracles times this, coefficients divided by it: nearly no time for an iteration.
constexpr double kFiner = 40;

enum class Law { kFixed, kGeometric, kTwoPoint, kUniform };

struct Figure {
  std::string name;
  double exact = 0;
  double widest = 0;  // half width of an interval that still proves something, of its mean
  std::vector<double> replications = {};
};

struct Case {
  std::string label;
  Law law = Law::kGeometric;
  double arrivals_per_s = 1;
  double mean_tokens = 1;
  double a_s = 0;
  double c_s = 0;
  std::int32_t slots = 4096;
  std::vector<Figure> figures = {};
};

// -- theory ---------------------------------------------------------------------------------------

Case case_of(const json& oracle, Law law) {
  const json& p = oracle["params"];
  Case c;
  c.label = oracle["model"].get<std::string>() + " " + p.dump();
  c.law = law;
  c.arrivals_per_s = p["lam"];
  return c;
}

void add(Case& c, const json& oracle, const char* name, const char* of_oracle, double widest) {
  c.figures.push_back({name, oracle[of_oracle], widest});
}

std::vector<Case> unlimited() {
  std::vector<Case> cases;
  for (const json& oracle : testing::queueing_oracles(
           "continuous batching decode-only, iteration=a+c*n, unlimited slots")) {
    const double load = oracle["rho"];
    if (load > 0.8) continue;  // 900 requests in the system: too long correlated
    for (const Law law : {Law::kFixed, Law::kGeometric, Law::kTwoPoint}) {
      Case c = case_of(oracle, law);
      c.mean_tokens = oracle["params"]["ES"].get<double>() * kFiner;
      c.a_s = oracle["params"]["a"].get<double>() / kFiner;
      c.c_s = oracle["params"]["c"].get<double>() / kFiner;
      add(c, oracle, "W", "W", 0.01 / (1 - load));
      add(c, oracle, "N", "EN", 0.01 / (1 - load));
      cases.push_back(std::move(c));
    }
  }
  return cases;
}

// Probabilities of 0, 1, .. requests in the system with a s = 1 and c s = 2: a birth-death chain of
// ratios lambda s (a + c n) / n.
std::vector<double> negative_binomial(double arrivals_per_s) {
  std::vector<double> p = {1};
  double sum = 1;
  for (int n = 1; p.back() > 1e-18; ++n) {
    p.push_back(p.back() * arrivals_per_s * (1 + 2.0 * n) / n);
    sum += p.back();
  }
  for (double& value : p) value /= sum;
  return p;
}

std::vector<Case> often_idle() {
  std::vector<Case> cases;
  for (const double load : {0.3, 0.6}) {
    for (const Law law : {Law::kFixed, Law::kGeometric, Law::kTwoPoint}) {
      Case c;
      c.label = "unlimited, a/c = 1/2, load " + std::to_string(load);
      c.law = law;
      c.arrivals_per_s = load / 2;
      c.mean_tokens = 200 * kFiner;
      c.a_s = 1 / c.mean_tokens;
      c.c_s = 2 / c.mean_tokens;
      const std::vector<double> p = negative_binomial(c.arrivals_per_s);
      c.figures = {{"W", 3 / (1 - load), 0.02 / (1 - load)},
                   {"N", c.arrivals_per_s * 3 / (1 - load), 0.02 / (1 - load)},
                   {"P(N=0)", p[0], 0.025},
                   {"P(N=1)", p[1], 0.02},
                   {"P(N=3)", p[3], 0.04}};
      cases.push_back(std::move(c));
    }
  }
  return cases;
}

std::vector<Case> limited() {
  std::vector<Case> cases;
  for (const json& oracle :
       testing::queueing_oracles("continuous batching decode-only, iteration=a+c*n, Nmax slots")) {
    const json& p = oracle["params"];
    Case c = case_of(oracle, Law::kGeometric);
    c.mean_tokens = p["ES"].get<double>() * kFiner;
    c.a_s = p["a"].get<double>() / kFiner;
    c.c_s = p["c"].get<double>() / kFiner;
    c.slots = p["Nmax"];
    const double load = p["load"];
    add(c, oracle, "W", "W", 0.015 / (1 - load));
    add(c, oracle, "N", "EN", 0.015 / (1 - load));
    add(c, oracle, "running", "mean_running", 0.05);
    // Few wait elsewhere: too rare to be measured.
    if (oracle["Wq"].get<double>() > 0.02 * oracle["W"].get<double>()) {
      add(c, oracle, "Wq", "Wq", 0.05 / (1 - load));
      add(c, oracle, "Nq", "ENq", 0.05 / (1 - load));
    }
    cases.push_back(std::move(c));
  }
  return cases;
}

std::vector<Case> one_at_a_time() {
  std::vector<Case> cases;
  const std::pair<const char*, Law> models[] = {
      {"M/D/1", Law::kFixed},
      {"M/M/1", Law::kGeometric},
      {"M/U(0,2)/1 (Pollaczek-Khinchine)", Law::kUniform}};
  for (const auto& [model, law] : models) {
    for (const json& oracle : testing::queueing_oracles(model)) {
      if (oracle["model"] != model || oracle["params"]["lam"] > 0.81) continue;
      Case c = case_of(oracle, law);
      c.slots = 1;
      c.mean_tokens = 200 * kFiner;
      c.a_s = 0.7 / c.mean_tokens;
      c.c_s = 0.3 / c.mean_tokens;
      const double load = c.arrivals_per_s;
      add(c, oracle, "W", "W", 0.015 / (1 - load));
      add(c, oracle, "Wq", "Wq", 0.02 / (1 - load));
      c.figures.push_back({"N", load * c.figures[0].exact, 0.015 / (1 - load)});  // Little
      c.figures.push_back({"Nq", load * c.figures[1].exact, 0.025 / (1 - load)});
      c.figures.push_back({"P(N=0)", 1 - load, 0.01 / (1 - load)});
      cases.push_back(std::move(c));
    }
  }
  return cases;
}

// Geometric lengths, a server that is never idle: of n sequences each goes on with probability
// 1 - 1/s, and Poisson(lambda (a + c n)) join at the iteration's end. So mean and variance of n
// over iterations; over time, iterations count by what they take. A request waits for the end of
// the iteration in which it comes.
double mean_time(const Case& c) {
  const double end = 1 / c.mean_tokens;
  const double grow = c.arrivals_per_s * c.c_s;
  const double n = c.arrivals_per_s * c.a_s / (end - grow);
  const double variance = n * end * (2 - end) / (1 - (1 - end + grow) * (1 - end + grow));
  const double time_s = c.a_s + c.c_s * n;
  const double running = (c.a_s * n + c.c_s * (variance + n * n)) / time_s;
  const double wait_s = (c.c_s * c.c_s * variance + time_s * time_s) / (2 * time_s);
  return running / c.arrivals_per_s + wait_s;
}

std::vector<Case> short_lengths() {
  std::vector<Case> cases;
  for (const double load : {0.3, 0.6}) {
    Case c;
    c.label = "unlimited, 20 tokens, load " + std::to_string(load);
    c.mean_tokens = 20;
    c.a_s = 0.02;
    c.c_s = 0.0005;
    c.arrivals_per_s = load / (c.c_s * c.mean_tokens);
    c.figures = {{"W", mean_time(c), 0.01 / (1 - load)}};
    const double limit = c.mean_tokens * (c.a_s + c.c_s) / (1 - load);
    REQUIRE(mean_time(c) / limit == Approx(1 + 1 / (2 * c.mean_tokens)).epsilon(0.002));
    cases.push_back(std::move(c));
  }
  return cases;
}

// -- simulation -----------------------------------------------------------------------------------

// What all worlds of a replication have in common: arrivals, one a second, and a draw for a length.
struct Draws {
  std::vector<std::int64_t> arrival_ns;
  std::vector<double> length;

  explicit Draws(std::uint32_t replication) {
    const RandomStream arrivals(kSeed, replication, StreamId::kArrivals);
    const RandomStream lengths(kSeed, replication, StreamId::kOutputLength);
    double now_s = 0;
    for (std::uint64_t i = 0; i < kRequests; ++i) {
      now_s += arrivals.exponential(i);
      arrival_ns.push_back(std::llround(now_s * 1e9));
      length.push_back(lengths.uniform(i));
    }
  }
};

std::int32_t tokens_of(Law law, double mean, double draw) {
  switch (law) {
    case Law::kFixed:
      break;
    case Law::kGeometric:
      return 1 + static_cast<std::int32_t>(std::log1p(-draw) / std::log1p(-1 / mean));
    case Law::kTwoPoint:
      return static_cast<std::int32_t>(draw < 2.0 / 3 ? mean / 2 : mean * 2);
    case Law::kUniform:
      return 1 + static_cast<std::int32_t>(draw * (2 * mean - 1));
  }
  return static_cast<std::int32_t>(mean);
}

testing::ContinuousCase world_of(const Case& c, const Draws& draws) {
  testing::ContinuousCase world;
  ContinuousWorld& w = world.world;
  world.arrival_ns = draws.arrival_ns;
  for (const double draw : draws.length) {
    world.output.push_back(tokens_of(c.law, c.mean_tokens, draw));
  }
  world.prompt.assign(draws.length.size(), 1);
  w.load_scaling = c.arrivals_per_s;
  w.max_sequences = c.slots;
  w.max_batched_tokens = 8192;
  w.block_size = 16;
  w.num_blocks = 1'000'000'000;
  w.groups[0].end_replica = 1;
  AffineRegime& service = w.groups[0].service.as<AffineIteration>().regimes[0];
  service.base = testing::ticks_of_us(c.a_s * 1e6);
  service.per_sequence = testing::ticks_of_us(c.c_s * 1e6);
  service.per_prompt_token = service.per_sequence;
  return world;
}

// Averages over the requests begin .. end - 1 of a world, and over the time from the first to the
// last request.
class Averages {
 public:
  static constexpr bool kSeesSequences = false;
  static constexpr std::uint32_t kBegin = kRequests / 8;
  static constexpr std::uint32_t kEnd = kRequests - kBegin;

  explicit Averages(const ContinuousWorld& w)
      : from_(ticks_of_ns(w.arrival_ns(kBegin))), to_(ticks_of_ns(w.arrival_ns(kEnd))) {}

  void request(const CompletedRequest& q) {
    waiting_s_ += shared_s(q.arrival, q.first_scheduled);
    running_s_ += shared_s(q.first_scheduled, q.end);
    if (q.request < kBegin || q.request >= kEnd) return;
    wait_s_ += seconds(q.first_scheduled - q.arrival);
    time_s_ += seconds(q.end - q.arrival);
  }
  void ran(const IterationRun& f) {
    const double span_s = shared_s(f.start, f.end);
    busy_s_ += span_s;
    const auto n = static_cast<std::size_t>(f.decodes + f.chunks);
    if (n < kCounted) with_n_s_[n] += span_s;
  }

  double value_of(const std::string& name) const {
    const double all_s = seconds(to_ - from_);
    if (name == "W") return time_s_ / (kEnd - kBegin);
    if (name == "Wq") return wait_s_ / (kEnd - kBegin);
    if (name == "N") return (waiting_s_ + running_s_) / all_s;
    if (name == "Nq") return waiting_s_ / all_s;
    if (name == "running") return running_s_ / all_s;
    if (name == "P(N=0)") return 1 - busy_s_ / all_s;
    if (name == "P(N=1)") return with_n_s_[1] / all_s;
    REQUIRE(name == "P(N=3)");
    return with_n_s_[3] / all_s;
  }

 private:
  static constexpr std::size_t kCounted = 4;
  static double seconds(Ticks span) { return ns_of(span) * 1e-9; }
  double shared_s(Ticks begin, Ticks end) const {
    return seconds(std::max<Ticks>(0, std::min(end, to_) - std::max(begin, from_)));
  }

  Ticks from_, to_;
  double wait_s_ = 0, time_s_ = 0, waiting_s_ = 0, running_s_ = 0, busy_s_ = 0;
  double with_n_s_[kCounted] = {};
};

void simulate(Case& c, const Draws& draws) {
  const testing::ContinuousCase requests = world_of(c, draws);
  const ContinuousWorld world = requests.view();
  testing::ContinuousMemory memory(world);
  Averages averages(world);
  run_continuous(OneLane(), world, averages, memory);
  REQUIRE(memory.state.result->tally.completed == kRequests);
  for (Figure& figure : c.figures) figure.replications.push_back(averages.value_of(figure.name));
}

}  // namespace

TEST_CASE("decode-only worlds agree with queueing theory") {
  std::vector<Case> cases;
  for (auto&& group : {unlimited(), often_idle(), limited(), one_at_a_time(), short_lengths()}) {
    cases.insert(cases.end(), group.begin(), group.end());
  }
  std::size_t num_figures = 0;
  for (const Case& c : cases) num_figures += c.figures.size();
  REQUIRE(num_figures > 140);
  const double level = 1 - (1 - kLevel) / static_cast<double>(num_figures);

  for (std::uint32_t i = 0; i < kReplications; ++i) {
    const Draws draws(i);
    for (Case& c : cases) simulate(c, draws);
  }
  double farthest = 0;  // in standard errors
  for (const Case& c : cases) {
    for (const Figure& f : c.figures) {
      const MeanInterval interval = mean_interval(f.replications, level);
      INFO(c.label << ", law " << static_cast<int>(c.law) << ": " << f.name << " is " << f.exact
                   << ", simulated " << interval.mean << " +- " << interval.half_width);
      CHECK(interval.contains(f.exact));
      if (kNarrow) CHECK(interval.half_width <= f.widest * interval.mean);
      const double error = std::sqrt(sample_variance(f.replications) / kReplications);
      farthest = std::max(farthest, std::fabs(interval.mean - f.exact) / error);
    }
  }
  WARN(num_figures << " exact values, the farthest " << farthest << " standard errors off");
}

}  // namespace servesweep
