// Random valid worlds of the batch engine, a pure function of a seed: every scheduler, bin choice
// and dispatch, ties in arrival times, rejected requests, time limits, explicit bins, drawn
// service.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <random>
#include <vector>

#include "tests/support/batch_worlds.hpp"

namespace servesweep::testing {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  // Whole numbers from..to, all equally likely.
  int roll(int from, int to) {
    return from + static_cast<int>(engine_() % (static_cast<std::uint64_t>(to - from) + 1));
  }
  // A value of an enum with names (a registry's models), all equally likely.
  template <class Enum>
  Enum draw() {
    return static_cast<Enum>(roll(0, static_cast<int>(std::size(EnumNames<Enum>::values)) - 1));
  }
  bool chance(int percent) { return roll(1, 100) <= percent; }
  template <class T>
  T pick(std::initializer_list<T> list) {
    return list.begin()[roll(0, static_cast<int>(list.size()) - 1)];
  }

 private:
  std::mt19937_64 engine_;
};

struct RandomWorld {
  BatchParams params;
  Workload workload;
  std::vector<double> draws;  // [request]

  WorldCase as_case() const {
    const bool drawn = draws_of(params.service.model) != ServiceDraw::kNone;
    return {params, &workload, drawn ? &draws : nullptr};
  }
};

inline std::vector<WorldCase> cases_of(const std::vector<RandomWorld>& worlds) {
  std::vector<WorldCase> cases;
  for (const RandomWorld& world : worlds) cases.push_back(world.as_case());
  return cases;
}

// One world in five has up to most_requests, the others up to 60.
inline RandomWorld random_world(std::uint64_t seed, int most_requests = 400) {
  Dice dice(seed);
  RandomWorld world;
  const int count = dice.roll(1, dice.chance(20) ? most_requests : 60);
  const int longest = dice.pick({3, 40, 400, 3000});
  const std::int64_t gap_ns = dice.pick<std::int64_t>({1, 1'000'000, 300'000'000, 4'000'000'000});
  std::int64_t now_ns = 0;
  for (int i = 0; i < count; ++i) {
    if (i > 0 && !dice.chance(35)) now_ns += gap_ns * dice.roll(1, 9);  // else a tie
    world.workload.arrival_ns.push_back(now_ns);
    world.workload.prompt_tokens.push_back(dice.roll(0, longest));
    world.workload.output_tokens.push_back(dice.roll(0, longest));
    world.workload.predicted_tokens.push_back(dice.chance(5) ? dice.roll(9000, 12000)
                                                             : dice.roll(1, longest));
    world.draws.push_back(dice.roll(0, 3999) * 0.25e-3);
  }

  BatchParams& p = world.params;
  p.scheduler.kind = dice.draw<SchedulerKind>();
  p.scheduler.dispatch = dice.draw<Dispatch>();
  p.scheduler.max_candidates = dice.pick({1, 3, 7, 1024, 1024});
  p.static_fifo.fixed_batch_size = dice.roll(1, 9);
  p.multi_bin_only.b_fixed = dice.roll(1, 12);
  p.bins.bin_choice = dice.draw<BinChoice>();
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
  // A grid's file has tests of its own, and the naive simulator has no rule for it.
  do {
    p.service.model = dice.draw<ServiceKind>();
  } while (reads_grid(p.service.model));
  p.deterministic.time_ms = dice.pick({1000.0, 0.5});
  p.uniform = {dice.pick({0.0, 10.0}), 2000.0};
  p.exponential.mean_ms = dice.pick({1000.0, 1.0});
  if (dice.chance(30)) {
    p.affine = {dice.pick({0.0, 59.0}), dice.pick({0.5, 5.75}), dice.pick({0.0, 0.3156, 2.0}), 1.0};
  }
  return world;
}

// A random world with bins, GPUs and batches beyond a warp, and no multiples of one.
inline RandomWorld wide_world(std::uint64_t seed) {
  RandomWorld world = random_world(seed, 600);
  Dice dice(seed + 1);
  BatchParams& p = world.params;
  p.bin_edges.clear();
  p.equal_mass.k_bins = dice.pick({1, 2, 33, 47, 64, 100});
  p.cluster.num_gpus = dice.pick({1, 1, 1, 65, 100, 300});
  p.static_fifo.fixed_batch_size = dice.pick({33, 64, 100, 130});
  p.multi_bin_only.b_fixed = dice.pick({33, 64, 100, 130});
  p.dynamic.b_max = 256;
  p.dynamic.b_min = dice.pick({33, 100, 200});
  p.scheduler.max_candidates = 1024;
  p.cluster.gpu_memory_gb = dice.pick({12.0, 80.0});
  return world;
}

}  // namespace servesweep::testing
