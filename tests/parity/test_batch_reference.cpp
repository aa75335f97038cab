// The engine equals the naive simulator of tests/reference exactly, over thousands of random small
// worlds (tests/support/random_worlds.hpp).
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "tests/reference/naive_statistics.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/random_worlds.hpp"
#include "tests/support/reference_params.hpp"

namespace servesweep {
namespace {

// The service time of a request that runs alone, where it is drawn.
double service_ms(const BatchParams& p, double draw) {
  const std::string model = name_of(p.service.model);
  if (model == "affine") return 0.0;  // knows no draws
  if (model == "deterministic") return p.deterministic.time_ms;
  if (model == "exponential") return p.exponential.mean_ms * draw;
  if (model == "uniform") {
    return p.uniform.shortest_ms + (p.uniform.longest_ms - p.uniform.shortest_ms) * draw;
  }
  throw std::invalid_argument("the naive simulator has no rule for service model " + model);
}

std::vector<reference::Request> reference_requests(const testing::RandomWorld& world) {
  const Workload& w = world.workload;
  std::vector<reference::Request> requests;
  for (std::size_t i = 0; i < w.size(); ++i) {
    const double ms = std::max(1e-6, service_ms(world.params, world.draws[i]));
    requests.push_back({w.arrival_ns[i], w.prompt_tokens[i], w.output_tokens[i],
                        w.predicted_tokens[i], std::llround(ms * 1e6)});
  }
  return requests;
}

double quantile_ns(const std::vector<reference::Int>& sorted, double percent, double unit_ns) {
  return sorted.empty() ? 0.0 : reference::percentile(sorted, percent) * unit_ns;
}

void check_equal(const BatchResult& r, const reference::Log& log, const reference::Statistics& s) {
  CHECK(r.arrived == log.arrived);
  CHECK(r.rejected == log.rejected);
  CHECK(r.completed == s.completed);
  CHECK(r.unfinished == s.unfinished);
  CHECK(r.arrived == r.completed + r.rejected + r.unfinished);
  CHECK(r.batches == s.batches);
  CHECK(r.largest_batch == s.largest_batch);
  CHECK(r.token_sla_violations == s.token_violations);
  CHECK(r.request_sla_violations == s.request_violations);
  CHECK(r.total_tokens == s.prompt_tokens + s.output_tokens);
  CHECK(r.output_tokens == s.output_tokens);
  CHECK(r.last_completion_ns == s.makespan_ns);
  CHECK(r.max_latency_ns == (s.latency_ns.empty() ? 0 : s.latency_ns.back()));
  CHECK((r.latency_sum_ns == reference::sum(s.latency_ns)));
  CHECK((r.unfinished_sum_ns == s.unfinished_ns));
  CHECK((r.service_sum_ns == reference::sum(s.service_ns)));
  CHECK((r.latency_sum_ns - r.service_sum_ns == reference::sum(s.queueing_ns)));
  CHECK((r.prefill_sum_ps == reference::sum(s.prefill_ps)));
  CHECK((r.tbt_sum_ps == reference::sum(s.tbt_ps)));
  CHECK((r.decode_sum_ps == reference::sum(s.decode_tbt_ps)));
  const double latency[] = {50, 90, 95, 99, 99.9};
  const double token[] = {50, 95, 99};
  for (int i = 0; i < kNumLatencyQuantiles; ++i) {
    CHECK(r.latency_quantiles_ns[i] ==
          Approx(quantile_ns(s.latency_ns, latency[i], 1)).epsilon(1e-12));
  }
  for (int i = 0; i < kNumTokenQuantiles; ++i) {
    CHECK(r.tbt_quantiles_ns[i] == Approx(quantile_ns(s.tbt_ps, token[i], 1e-3)).epsilon(1e-12));
    CHECK(r.decode_quantiles_ns[i] ==
          Approx(quantile_ns(s.decode_tbt_ps, token[i], 1e-3)).epsilon(1e-12));
  }
}

}  // namespace

TEST_CASE("random small worlds equal the naive simulator") {
  constexpr std::uint64_t kWorlds = 20000;
  std::vector<testing::RandomWorld> worlds;
  for (std::uint64_t seed = 0; seed < kWorlds; ++seed) {
    worlds.push_back(testing::random_world(seed));
  }
  testing::PreparedWorlds prepared(testing::cases_of(worlds));
  WaveOptions options;
  options.save_details = true;
  options.exact_percentiles = true;
  const BatchWaveResult wave = prepared.run(options);

  std::size_t gpu = 0;
  std::size_t bin = 0;
  std::int64_t with_rejected = 0, with_unfinished = 0;
  for (std::size_t i = 0; i < worlds.size(); ++i) {
    INFO("seed " << i);
    const reference::Params params = reference_params(worlds[i].params);
    const std::vector<reference::Request> requests = reference_requests(worlds[i]);
    const reference::Log log = reference::NaiveBatch(params, requests).run();
    const reference::Statistics s = reference::statistics(params, requests, log);
    check_equal(wave.worlds[i], log, s);
    if (!prepared.worlds[i].is_dynamic()) {
      CHECK(wave.worlds[i].memory_overcommits == s.memory_overcommits);
    }
    for (const reference::GpuStatistics& use : s.gpus) {
      CHECK(wave.gpus[gpu].batches == use.batches);
      CHECK(wave.gpus[gpu].busy_ns == use.busy_ns);
      ++gpu;
    }
    for (const reference::BinStatistics& use : s.bins) {
      CHECK(wave.bins[bin].batches == use.batches);
      CHECK(wave.bins[bin].requests == use.requests);
      CHECK(wave.bins[bin].output_range == use.range);
      CHECK(wave.bins[bin].output_variance == Approx(use.variance).epsilon(1e-9).margin(1e-9));
      ++bin;
    }
    with_rejected += wave.worlds[i].rejected > 0;
    with_unfinished += wave.worlds[i].unfinished > 0;
  }
  CHECK(with_rejected > 100);    // the worlds reach what
  CHECK(with_unfinished > 100);  // they are for
}

}  // namespace servesweep
