// The engine equals the naive simulator of tests/reference exactly, over thousands of random small
// specifications: every scheduler, bin choice and dispatch, ties in arrival times, rejected
// requests, time limits, explicit bins, drawn service.
#include <catch2/catch.hpp>
#include <algorithm>
#include <cmath>
#include <random>
#include <string>

#include "tests/reference/naive_statistics.hpp"
#include "tests/support/batch_worlds.hpp"

namespace servesweep {
namespace {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  // Whole numbers from..to, all equally likely.
  int roll(int from, int to) { return from + static_cast<int>(engine_() % (to - from + 1)); }
  bool chance(int percent) { return roll(1, 100) <= percent; }
  template <class T>
  T pick(std::initializer_list<T> list) {
    return list.begin()[roll(0, static_cast<int>(list.size()) - 1)];
  }

 private:
  std::mt19937_64 engine_;
};

struct Spec {
  BatchParams params;
  Workload workload;
  std::vector<double> draws;
};

Spec random_spec(std::uint64_t seed) {
  Dice dice(seed);
  Spec spec;
  const int count = dice.roll(1, dice.chance(20) ? 400 : 60);
  const int longest = dice.pick({3, 40, 400, 3000});
  const std::int64_t gap_ns = dice.pick<std::int64_t>({1, 1'000'000, 300'000'000, 4'000'000'000});
  std::int64_t now_ns = 0;
  for (int i = 0; i < count; ++i) {
    if (i > 0 && !dice.chance(35)) now_ns += gap_ns * dice.roll(1, 9);  // else a tie
    spec.workload.arrival_ns.push_back(now_ns);
    spec.workload.prompt_tokens.push_back(dice.roll(0, longest));
    spec.workload.output_tokens.push_back(dice.roll(0, longest));
    spec.workload.predicted_tokens.push_back(dice.chance(5) ? dice.roll(9000, 12000)
                                                            : dice.roll(1, longest));
    spec.draws.push_back(dice.roll(0, 4000) * 0.25e-3);
  }

  BatchParams& p = spec.params;
  p.scheduler.kind = static_cast<SchedulerKind>(dice.roll(0, 3));
  p.scheduler.dispatch = dice.chance(30) ? Dispatch::kFull : Dispatch::kGreedy;
  p.scheduler.max_candidates = dice.pick({1, 3, 7, 1024, 1024});
  p.static_fifo.fixed_batch_size = dice.roll(1, 9);
  p.multi_bin_only.b_fixed = dice.roll(1, 12);
  p.bins.bin_choice = dice.pick({BinChoice::kRoundRobin, BinChoice::kLongestQueue});
  p.equal_mass.k_bins = dice.pick({1, 2, 3, 4, 5, 7, 8, 16, 32});
  if (dice.chance(15)) p.bin_edges = {dice.roll(0, 2), dice.roll(3, 30), dice.roll(31, 9500)};
  p.dynamic.b_max = dice.pick({1, 2, 8, 48, 128});
  p.dynamic.b_min = dice.roll(1, std::min(4, p.dynamic.b_max));
  p.dynamic.expand_step = dice.roll(0, 6);
  p.dynamic.shrink_step = dice.roll(0, 4);
  p.dynamic.min_updates = dice.roll(0, 4);
  p.dynamic.smoothing = dice.pick({0.2, 0.2, 0.5, 1.0});
  p.dynamic.memory_reserve = dice.pick({0.1, 0.0, 0.5});
  p.cluster.num_gpus = dice.pick({1, 1, 2, 3, 5, 8, 65, 100});
  p.cluster.gpu_memory_gb = dice.pick({12.0, 5.2, 5.02, 6.0});
  p.cluster.time_limit_s = dice.chance(20) ? dice.roll(1, 400) * 0.5 : 0.0;
  p.sla.token_ms = dice.pick({10.0, 6.2, 7.0, 5.0});
  p.sla.request_s = dice.pick({20.0, 1.0, 5.0});
  p.sla_controller.epsilon_ms = dice.pick({1.0, 0.1, 0.01, 0.0});
  p.workload.load.rps_scaling = dice.pick({1.0, 10.0, 0.7, 200.0});
  if (dice.chance(20)) {
    p.service.model = ServiceKind::kExponential;
    p.exponential.mean_ms = dice.pick({1000.0, 1.0});
  } else if (dice.chance(30)) {
    p.affine = {dice.pick({0.0, 59.0}), dice.pick({0.5, 5.75}), dice.pick({0.0, 0.3156, 2.0}), 1.0};
  }
  return spec;
}

reference::Params reference_params(const BatchParams& p) {
  reference::Params r;
  r.scheduler = static_cast<reference::Scheduler>(
      p.scheduler.kind == SchedulerKind::kStaticFifo      ? reference::Scheduler::kStaticFifo
      : p.scheduler.kind == SchedulerKind::kMultiBinOnly  ? reference::Scheduler::kMultiBinOnly
      : p.scheduler.kind == SchedulerKind::kDynamicNoBins ? reference::Scheduler::kDynamicNoBins
                                                          : reference::Scheduler::kMultiBinDynamic);
  r.longest_queue = p.bins.bin_choice == BinChoice::kLongestQueue;
  r.full_dispatch = p.scheduler.dispatch == Dispatch::kFull;
  r.k_bins = p.num_bins();
  r.bin_edges.assign(p.bin_edges.begin(), p.bin_edges.end());
  r.num_gpus = static_cast<std::size_t>(p.cluster.num_gpus);
  r.rps_scaling = p.workload.load.rps_scaling;
  r.time_limit_ns = std::llround(p.cluster.time_limit_s * 1e9);
  r.fixed_batch_size = p.static_fifo.fixed_batch_size;
  r.b_fixed = p.multi_bin_only.b_fixed;
  r.b_min = p.dynamic.b_min;
  r.b_max = p.dynamic.b_max;
  r.max_candidates = p.scheduler.max_candidates;
  r.gpu_memory_gb = p.cluster.gpu_memory_gb;
  r.model_memory_gb = p.cluster.model_memory_gb;
  r.memory_margin_gb = p.cluster.memory_margin_gb;
  r.kv_gb_per_token = p.cluster.kv_gb_per_token;
  r.memory_reserve = p.dynamic.memory_reserve;
  r.d_token_ms = p.sla.token_ms;
  r.epsilon_ms = p.sla_controller.epsilon_ms;
  r.d_request_s = p.sla.request_s;
  r.sla_expand = p.dynamic.expand_step;
  r.sla_shrink = p.dynamic.shrink_step;
  r.sla_min_updates = p.dynamic.min_updates;
  r.smoothing = p.dynamic.smoothing;
  r.drawn_service = p.service.model != ServiceKind::kAffine;
  r.alpha_ms = p.affine.alpha_ms;
  r.beta_ms_per_token = p.affine.beta_ms_per_token;
  r.gamma = p.affine.gamma;
  r.min_service_ms = p.affine.min_service_ms;
  return r;
}

std::vector<reference::Request> reference_requests(const Spec& spec) {
  std::vector<reference::Request> requests;
  for (std::size_t i = 0; i < spec.workload.size(); ++i) {
    const double ms = std::max(1e-6, spec.params.exponential.mean_ms * spec.draws[i]);
    requests.push_back({spec.workload.arrival_ns[i], spec.workload.prompt_tokens[i],
                        spec.workload.output_tokens[i], spec.workload.predicted_tokens[i],
                        std::llround(ms * 1e6)});
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
  CHECK((r.service_sum_ns == reference::sum(s.service_ns)));
  CHECK((r.latency_sum_ns - r.service_sum_ns == reference::sum(s.queueing_ns)));
  CHECK((r.ttft_sum_ps == reference::sum(s.ttft_ps)));
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
  constexpr std::uint64_t kSpecs = 20000;
  std::vector<Spec> specs;
  for (std::uint64_t seed = 0; seed < kSpecs; ++seed) specs.push_back(random_spec(seed));
  std::vector<testing::WorldCase> cases;
  for (const Spec& spec : specs) {
    const bool drawn = spec.params.service.model != ServiceKind::kAffine;
    cases.push_back({spec.params, &spec.workload, drawn ? &spec.draws : nullptr});
  }
  const testing::PreparedWorlds prepared(cases);
  WaveOptions options;
  options.save_details = true;
  options.exact_percentiles = true;
  options.exact_bytes = 16 << 20;
  const WaveResult wave = prepared.run(options);

  std::size_t gpu = 0;
  std::size_t bin = 0;
  std::int64_t with_rejected = 0, with_unfinished = 0;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    INFO("seed " << i);
    const reference::Params params = reference_params(specs[i].params);
    const std::vector<reference::Request> requests = reference_requests(specs[i]);
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
  CHECK(with_rejected > 100);    // the specifications reach
  CHECK(with_unfinished > 100);  // what they are for
}

}  // namespace servesweep
