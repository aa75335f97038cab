// The continuous engine against the measurements of the tuning reference: a public vLLM benchmark
// of Qwen2.5-7B-Instruct on one GPU (QwenInferenceOptimization, week 2), whose client sends
// blocking batches. The server's preset is from its tables of single requests and batches
// (tests/support/tuning_server.hpp); everything else here is a prediction of the engine. Where the
// benchmark's lengths are not known, the measured figure has to be a likely one among worlds with
// lengths drawn from its mix. The table is printed.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "host/base/statistics.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/continuous_worlds.hpp"
#include "tests/support/tuning_server.hpp"

namespace servesweep {
namespace {

constexpr std::uint64_t kSeed = 11'000'000;
#ifdef SERVESWEEP_BRIEF_TESTS
constexpr int kDraws = 200;
#else
constexpr int kDraws = 1000;
#endif

struct Outcome {
  std::vector<double> latency_s, queue_s;  // ascending
  std::vector<double> ends_s;              // ascending, each once
  double total_queue_share = 0, mean_queue_share = 0;

  double makespan_s() const { return ends_s.back(); }
  double requests_per_s() const { return static_cast<double>(latency_s.size()) / makespan_s(); }
};

// A percentile as the benchmark takes it: an order statistic, without interpolation.
double percentile(const std::vector<double>& sorted, double q) {
  return sorted[static_cast<std::size_t>(static_cast<double>(sorted.size()) * q)];
}

struct Keep {
  static constexpr bool kSeesSequences = false;
  Outcome& out;
  void ran(const IterationRun&) {}
  void request(const CompletedRequest& q) {
    out.latency_s.push_back(ns_of(q.end - q.arrival) * 1e-9);
    out.queue_s.push_back(ns_of(q.first_scheduled - q.arrival) * 1e-9);
    out.ends_s.push_back(ns_of(q.end) * 1e-9);
  }
};

// Requests with these outputs, one every gap_s from 0 on.
Outcome serve(const ContinuousParams& p, const std::vector<std::int32_t>& outputs, double gap_s) {
  testing::ContinuousCase c;
  const auto count = static_cast<std::int64_t>(outputs.size());
  c.world = lower(p, count);
  c.output = outputs;
  c.prompt.assign(outputs.size(), 10);
  for (std::int64_t i = 0; i < count; ++i) {
    c.arrival_ns.push_back(std::llround(static_cast<double>(i) * gap_s * 1e9));
  }
  const ContinuousWorld world = c.view();
  testing::ContinuousMemory memory(world);
  Outcome out;
  Keep keep{out};
  run_continuous(OneLane(), world, keep, memory);
  const ReplicaTally& t = memory.state.result->tally;
  REQUIRE(t.completed == count);
  out.total_queue_share = ns_of(t.queue_sum) / ns_of(t.e2e_sum);
  out.mean_queue_share =
      static_cast<double>(t.queue_share_sum) * kShareUnit / static_cast<double>(count);
  std::sort(out.latency_s.begin(), out.latency_s.end());
  std::sort(out.queue_s.begin(), out.queue_s.end());
  std::sort(out.ends_s.begin(), out.ends_s.end());
  out.ends_s.erase(std::unique(out.ends_s.begin(), out.ends_s.end()), out.ends_s.end());
  return out;
}

ContinuousParams client_of(std::int32_t batch, double flush_s) {
  ContinuousParams p = testing::tuning_server();
  p.client.client_batch = batch;
  p.client.flush_s = flush_s;
  return p;
}

// Output tokens drawn from the benchmark's mix, uniform within a kind of request.
std::vector<std::int32_t> mix(int count, std::uint64_t seed) {
  struct Kind {
    int percent, from, to;
  };
  constexpr Kind kKinds[] = {{30, 10, 30},  {25, 50, 150}, {10, 200, 500},
                             {15, 50, 200}, {10, 30, 100}, {10, 5, 20}};
  testing::Dice dice(seed);
  std::vector<std::int32_t> outputs;
  for (int i = 0; i < count; ++i) {
    int draw = dice.roll(1, 100);
    const Kind* kind = kKinds;
    while (draw > kind->percent) draw -= (kind++)->percent;
    outputs.push_back(dice.roll(kind->from, kind->to));
  }
  return outputs;
}

class Table {
 public:
  void row(const std::string& what, double measured, double simulated) {
    line("%-34s %9.4f %9.4f %+7.2f %%", what, measured, simulated,
         100 * (simulated / measured - 1));
  }
  void row(const std::string& what, double measured, const std::vector<double>& sorted, double low,
           double high) {
    line("%-34s %9.4f %9.4f in %.4f .. %.4f", what, measured, mean(sorted), low, high);
  }
  const std::string& text() const { return text_; }

 private:
  template <class... Values>
  void line(const char* format, const std::string& what, Values... values) {
    char row[160];
    std::snprintf(row, sizeof row, format, what.c_str(), values...);
    text_ += std::string(row) + "\n";
  }
  std::string text_ = "\nfigure                              measured simulated\n";
};

struct Figure {
  std::string what;
  double measured;
  std::function<double(const Outcome&)> of;
};

Figure latency(const std::string& what, double measured, double q) {
  return {what, measured, [q](const Outcome& o) { return percentile(o.latency_s, q); }};
}
Figure queue_time(const std::string& what, double measured, double q) {
  return {what, measured, [q](const Outcome& o) { return percentile(o.queue_s, q); }};
}

// What holds 99 % of the draws holds what was measured.
void check_likely(const std::vector<Figure>& figures, const std::vector<Outcome>& draws) {
  Table table;
  for (const Figure& f : figures) {
    std::vector<double> values;
    for (const Outcome& draw : draws) values.push_back(f.of(draw));
    std::sort(values.begin(), values.end());
    const double low = quantile_sorted(values, 0.005);
    const double high = quantile_sorted(values, 0.995);
    table.row(f.what, f.measured, values, low, high);
    INFO(f.what);
    CHECK(low <= f.measured);
    CHECK(f.measured <= high);
  }
  WARN(table.text());
}

}  // namespace

TEST_CASE("single requests and batches take what was measured") {
  Table table;
  for (const testing::MeasuredTime& m : testing::kSingleRequests) {
    const double simulated = serve(client_of(1, 0), {m.count}, 0).makespan_s();
    table.row("one request of " + std::to_string(m.count) + " tokens [s]", m.seconds, simulated);
    CHECK(simulated == Approx(m.seconds).epsilon(0.02));
  }
  for (const testing::MeasuredTime& m : testing::kBatches) {
    const std::vector<std::int32_t> outputs(static_cast<std::size_t>(m.count),
                                            testing::kBatchTokens);
    const double simulated = serve(client_of(m.count, 0), outputs, 0).makespan_s();
    table.row("batch of " + std::to_string(m.count) + ", 50 tokens [s]", m.seconds, simulated);
    CHECK(simulated == Approx(m.seconds).epsilon(0.02));
  }
  WARN(table.text());
}

TEST_CASE(
    "the burst's batches end when they did, and its latencies and queue times are as measured") {
  // The first request of each batch has the batch's largest output, the others any below it.
  std::vector<std::int32_t> outputs(100, 5);
  const std::int32_t largest[] = {412, 129, 460, 170, 418, 345, 134};
  for (std::size_t i = 0; i < 7; ++i) outputs[16 * i] = largest[i];
  const Outcome burst = serve(client_of(16, 0), outputs, 0);
  REQUIRE(burst.ends_s.size() == 7);

  std::vector<Figure> figures;
  double end_s = 0;
  const double batch_s[] = {4.309, 1.347, 4.809, 1.783, 4.363, 3.601, 1.380};
  for (std::size_t i = 0; i < 7; ++i) {
    end_s += batch_s[i];
    figures.push_back({"batch " + std::to_string(i + 1) + " ends [s]", end_s,
                       [i](const Outcome& o) { return o.ends_s[i]; }});
  }
  figures.insert(
      figures.end(),
      {{"makespan [s]", 21.597, [](const Outcome& o) { return o.makespan_s(); }},
       {"requests per second", 4.630, [](const Outcome& o) { return o.requests_per_s(); }},
       latency("latency p50 [s]", 12.251, 0.5),
       latency("latency p95 [s]", 20.216, 0.95),
       latency("latency p99 [s]", 21.597, 0.99),
       {"latency mean [s]", 11.987, [](const Outcome& o) { return mean(o.latency_s); }},
       queue_time("queue time p50 [s]", 10.468, 0.5),
       queue_time("queue time p95 [s]", 16.615, 0.95),
       {"queue time mean [s]", 8.697, [](const Outcome& o) { return mean(o.queue_s); }},
       {"share of queueing, of totals", 0.7256,
        [](const Outcome& o) { return o.total_queue_share; }},
       {"share of queueing, of medians", 0.854,
        [](const Outcome& o) { return percentile(o.queue_s, 0.5) / percentile(o.latency_s, 0.5); }},
       {"share of queueing, mean", 0.632, [](const Outcome& o) { return o.mean_queue_share; }}});
  Table table;
  for (const Figure& f : figures) {
    INFO(f.what);
    table.row(f.what, f.measured, f.of(burst));
    CHECK(f.of(burst) == Approx(f.measured).epsilon(0.01));
  }
  WARN(table.text());
}

TEST_CASE("bursts with lengths drawn from the mix are like the one measured") {
  std::vector<Outcome> draws;
  for (int i = 0; i < kDraws; ++i) draws.push_back(serve(client_of(16, 0), mix(100, kSeed + i), 0));
  check_likely(
      {{"burst: makespan [s]", 21.597, [](const Outcome& o) { return o.makespan_s(); }},
       {"burst: requests per second", 4.630, [](const Outcome& o) { return o.requests_per_s(); }},
       latency("burst: latency p50 [s]", 12.251, 0.5),
       latency("burst: latency p95 [s]", 20.216, 0.95),
       {"burst: share of queueing, of totals", 0.7256,
        [](const Outcome& o) { return o.total_queue_share; }}},
      draws);
  // What the reference expects of this client.
  double requests_per_s = 0;
  double queue_share = 0;
  for (const Outcome& draw : draws) {
    requests_per_s += draw.requests_per_s() / kDraws;
    queue_share += draw.total_queue_share / kDraws;
  }
  CHECK(requests_per_s == Approx(4.3).epsilon(0.03));
  CHECK(queue_share == Approx(0.73).epsilon(0.01));
  std::vector<Outcome> fours;
  for (int i = 0; i < kDraws; ++i) fours.push_back(serve(client_of(4, 0), mix(50, kSeed + i), 0));
  check_likely({latency("50 in batches of 4: p95 [s]", 17.27, 0.95)}, fours);
}

TEST_CASE("a sustained load is like the one measured") {
  std::vector<Outcome> draws;
  for (int i = 0; i < kDraws; ++i) {
    draws.push_back(serve(client_of(8, 0.5), mix(300, kSeed + i), 0.2));
  }
  check_likely(
      {{"sustained: makespan [s]", 108.79, [](const Outcome& o) { return o.makespan_s(); }},
       {"sustained: requests per second", 2.758,
        [](const Outcome& o) { return o.requests_per_s(); }},
       {"sustained: latency mean [s]", 26.49, [](const Outcome& o) { return mean(o.latency_s); }},
       latency("sustained: latency p50 [s]", 22.51, 0.5),
       latency("sustained: latency p95 [s]", 49.18, 0.95),
       {"sustained: latency max [s]", 50.64, [](const Outcome& o) { return o.latency_s.back(); }}},
      draws);
}

TEST_CASE("the mix one request at a time is like the one measured, and no request waits") {
  std::vector<Outcome> draws;
  for (int i = 0; i < kDraws; ++i) {
    // Longer than the longest request takes: what a client that waits for each sees.
    draws.push_back(serve(client_of(1, 0), mix(100, kSeed + i), 10));
    REQUIRE(draws.back().queue_s.back() == 0);
  }
  check_likely({latency("one at a time: latency p50 [s]", 0.850, 0.5),
                latency("one at a time: latency p90 [s]", 2.329, 0.9),
                latency("one at a time: latency p95 [s]", 2.544, 0.95),
                latency("one at a time: latency p99 [s]", 4.396, 0.99)},
               draws);
}

}  // namespace servesweep
