// Random valid worlds of the continuous engine, a pure function of a seed: every mode, policy and
// router, preemptions, rejected requests, ties, time limits, several replicas and service models;
// and one world run on the host by any lanes, with all that can be known of it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/continuous/engine.hpp"
#include "tests/support/iteration_tables.hpp"
#include "tests/support/random_worlds.hpp"
#include "tests/support/result_bytes.hpp"

namespace servesweep::testing {

struct ContinuousCase {
  ContinuousWorld world;  // without its requests' addresses: view() has them
  std::vector<std::int64_t> arrival_ns;
  std::vector<std::int32_t> prompt, output, predicted, priority;
  std::vector<std::int32_t> classes;  // priorities that are counted apart
  std::vector<std::uint64_t> draws;
  std::vector<std::int32_t> prefix_begin;
  std::vector<std::int32_t> prefix_hashes;
  std::vector<RandomTable> tables;  // of the groups whose service has one

  ContinuousWorld view() const {
    ContinuousWorld w = world;
    w.requests.count = static_cast<std::int64_t>(arrival_ns.size());
    w.requests.arrival_ns = arrival_ns.data();
    w.requests.prompt_tokens = prompt.data();
    w.requests.output_tokens = output.data();
    w.requests.predicted_tokens = predicted.data();
    w.requests.priority = priority.empty() ? nullptr : priority.data();
    w.requests.router_draws = draws.data();
    w.requests.class_priority = classes.data();
    w.requests.num_classes = static_cast<std::int32_t>(classes.size());
    const std::int32_t longest = *std::max_element(output.begin(), output.end());
    for (const std::int32_t tokens : output) {
      w.most_output_tokens += std::max(1, w.batch_max_tokens ? longest : tokens);
    }
    if (!prefix_begin.empty()) {
      w.requests.prefix_begin = prefix_begin.data();
      w.requests.prefix_hashes = prefix_hashes.data();
      const auto most = std::max_element(prefix_hashes.begin(), prefix_hashes.end());
      w.requests.num_hashes = most == prefix_hashes.end() ? 0 : *most + 1;
    }
    return w;
  }
};

inline Ticks ticks_of_us(double us) { return ticks_of(us * 1e3); }

inline void draw_service(Dice& dice, std::vector<RandomTable>&,
                         RooflineIteration::Lowered& bounds) {
  // Bounds that cross each other, and now and then ones that are the same.
  bounds.memory.base = ticks_of_us(dice.pick({0.0, 300.0, 9000.0}));
  bounds.memory.per_prompt_token = bounds.memory.per_context_token =
      ticks_of_us(dice.pick({0.0, 0.7, 3.1, 120.3}));
  bounds.compute.base = ticks_of_us(dice.pick({0.0, 0.4, 310.0}));
  bounds.compute.per_prompt_token = bounds.compute.per_sequence =
      ticks_of_us(dice.pick({0.0, 55.0, 700.9}));
  bounds.compute.per_prompt_token_pair = bounds.compute.per_context_token =
      ticks_of_us(dice.pick({0.0, 0.7, 9.3}));
}

inline void draw_service(Dice& dice, std::vector<RandomTable>& tables,
                         TableIteration::Lowered& table) {
  tables.emplace_back(dice);
  table = tables.back().lowered();
}

inline void draw_service(Dice& dice, std::vector<RandomTable>&, AffineIteration::Lowered& affine) {
  affine.num_regimes = dice.roll(1, 3);
  for (int i = 0; i < affine.num_regimes; ++i) {
    AffineRegime& c = affine.regimes[i];
    c.from_sequences = i == 0 ? 0 : i == 1 ? dice.roll(1, 3) : dice.roll(4, 9);
    c.base = ticks_of_us(dice.pick({0.001, 1000.0, 20'000.0}));
    c.per_prompt_token = ticks_of_us(dice.pick({0.0, 10.3, 100.0}));
    c.per_prompt_token_pair = ticks_of_us(dice.pick({0.0, 0.01, -0.002}));
    c.per_sequence = ticks_of_us(dice.pick({0.0, 30.0, 500.7}));
    c.per_context_token = ticks_of_us(dice.pick({0.0, 0.3, 5.1}));
  }
}

// Any of the registered models.
inline IterationModel random_service(Dice& dice, std::vector<RandomTable>& tables) {
  IterationModel service;
  IterationModels::visit(dice.draw<IterationKind>(), [&](auto model) {
    draw_service(dice, tables, service.choose<decltype(model)>());
  });
  return service;
}

// Prompts and outputs begin with blocks that others have, too. A hash is of one KV block, of
// several or of a part of one.
inline void add_prefixes(Dice& dice, ContinuousCase& c) {
  ContinuousWorld& w = c.world;
  if (dice.chance(40)) {
    w.blocks_per_hash = dice.roll(1, 4);
  } else if (w.block_size % 2 == 0 && dice.chance(40)) {
    w.hashes_per_block = w.block_size % 4 == 0 && dice.chance(50) ? 4 : 2;
  }
  const std::int32_t hash_tokens = w.block_size * w.blocks_per_hash / w.hashes_per_block;
  std::int32_t unused = 40;
  c.prefix_begin = {0};
  for (std::size_t i = 0; i < c.prompt.size(); ++i) {
    const int shared = dice.roll(0, 6);
    const int family = dice.roll(0, 4);
    const std::int32_t blocks =
        (std::max(1, c.prompt[i]) + (dice.chance(50) ? std::max(1, c.output[i]) : 0)) / hash_tokens;
    for (std::int32_t b = 0; b < blocks; ++b) {
      c.prefix_hashes.push_back(b < shared ? family * 8 + b : unused++);
    }
    c.prefix_begin.push_back(static_cast<std::int32_t>(c.prefix_hashes.size()));
  }
}

// One world in five has up to most_requests, the others up to 40.
inline ContinuousCase random_continuous(std::uint64_t seed, int most_requests = 250) {
  Dice dice(seed);
  ContinuousCase c;
  ContinuousWorld& w = c.world;
  const int count = dice.roll(1, dice.chance(20) ? most_requests : 40);
  const int longest = dice.pick({3, 20, 20, 100, 400});
  const std::int64_t gap_ns =
      dice.pick<std::int64_t>({1, 1'000'000, 20'000'000, 20'000'000, 300'000'000});
  std::int64_t now_ns = 0;
  const bool has_priorities = dice.chance(50);
  for (int i = 0; i < count; ++i) {
    if (i > 0 && !dice.chance(30)) now_ns += gap_ns * dice.roll(1, 9);  // else a tie
    c.arrival_ns.push_back(now_ns);
    c.prompt.push_back(dice.roll(0, longest));
    c.output.push_back(dice.roll(0, longest));
    c.predicted.push_back(dice.roll(1, longest));
    if (has_priorities) c.priority.push_back(dice.roll(0, 2));
    const auto half = [&] { return static_cast<std::uint64_t>(dice.roll(0, 0x7fffffff)) * 2; };
    const std::uint64_t high = half();
    c.draws.push_back(high << 32 | half());
  }
  if (has_priorities) c.classes = {0, 1, 2};
  w.mode = dice.draw<SchedulingMode>();
  w.policy = dice.chance(50) ? QueuePolicies::code_of<FcfsPolicy>() : dice.draw<QueuePolicy>();
  if (mixes_decodes(w.mode) && dice.chance(30)) {
    while (!chooses_victims(w.policy)) w.policy = dice.draw<QueuePolicy>();
  }
  w.router = dice.draw<Router>();
  w.chunked_prefill = dice.chance(70);
  w.prefill_yields_token = dice.chance(75);
  w.reserve_full_isl = dice.chance(60);
  w.async_scheduling = mixes_decodes(w.mode) && dice.chance(60);
  if (!w.takes_whole_prompts() && dice.chance(35)) {
    w.most_chunk_tokens = dice.roll(1, longest);
    if (dice.chance(40)) w.most_long_prefills = dice.roll(1, 2);
  }
  w.max_sequences = dice.pick({1, 2, 3, 8, 8, 50});
  w.max_batched_tokens =
      std::max(w.max_sequences, dice.pick({1, 5, 30, longest, 2 * longest, 1000}));
  if (!mixes_decodes(w.mode) && !sends_batches(w.mode) && dice.chance(30)) {
    w.max_decode_context = dice.roll(1, 3 * longest);
  }
  if (sends_batches(w.mode)) {
    w.client_batch = dice.roll(1, 9);
    w.batch_max_tokens = dice.chance(50);
    w.batch_timing = dice.chance(50);
    w.flush_ns = dice.chance(50) ? 0 : gap_ns * dice.roll(0, 20);
  }
  w.block_size = dice.pick({1, 2, 3, 4, 16, 16});
  const std::int64_t roomy = (2 * longest + w.block_size) / w.block_size;
  w.num_blocks =
      dice.pick<std::int64_t>({roomy, roomy, 2 * roomy, 3 * roomy, 100'000, roomy / 2 + 1});
  w.watermark_blocks = dice.chance(25) ? w.num_blocks / 10 : 0;
  if (dice.chance(10)) w.max_model_len = longest;
  if (dice.chance(30) && w.num_blocks < 1000) {
    w.prefix_caching = true;
    w.table_blocks = w.blocks_of(2 * std::int64_t{longest} + 2);
    add_prefixes(dice, c);
  }
  w.num_replicas = dice.pick({1, 1, 1, 2, 3, 5, 33});
  w.router_looks_at_cache = w.num_replicas > 1 && looks_at_cache(w.router);
  w.load_scaling = dice.pick({1.0, 1.0, 0.7, 3.0});
  w.ttft_limit = ticks_of_ns(dice.roll(1, 1000) * INT64_C(1000000));
  w.e2e_limit = ticks_of_ns(dice.roll(1, 9000) * INT64_C(1000000));
  w.tpot_limit_ps = dice.roll(1, 100) * 1'000'000'000LL;
  w.time_limit_ns = dice.chance(15) ? gap_ns * dice.roll(1, 200) : kClockEnd_ns;
  w.num_groups = dice.roll(1, std::min(3, w.num_replicas));
  for (int i = 0; i < w.num_groups; ++i) {
    w.groups[i].service = random_service(dice, c.tables);
    w.groups[i].end_replica = i + 1 < w.num_groups ? i + 1 : w.num_replicas;
  }
  return c;
}

// What the lanes of a group share.
struct ContinuousMemory {
  explicit ContinuousMemory(const ContinuousWorld& world)
      : block((ContinuousState::bytes(world) + 15) / 16),
        histograms(ContinuousHistograms::kCounts) {
    state.place(reinterpret_cast<unsigned char*>(block.data()), world);
  }
  struct alignas(StateLayout::kAlignment) Piece {
    unsigned char bytes[16] = {};
  };
  std::vector<Piece> block;
  std::vector<std::uint32_t> histograms;  // [LatencyKind][bucket]
  std::vector<std::uint32_t> counts;      // of the histograms, before they were cleared
  ContinuousState state;
};

// What each lane of a group does. Returns what it has in its local variables in the end.
template <class Lanes, class Observer>
std::string run_continuous(const Lanes& lanes, const ContinuousWorld& world, Observer& observer,
                           ContinuousMemory& memory) {
  ContinuousHistograms histograms(memory.histograms.data());
  ContinuousEngine(lanes, world, memory.state, histograms, observer).run();
  take_quantiles(lanes, histograms, *memory.state.result);
  lanes.once([&] { memory.counts = memory.histograms; });
  Bytes locals;
  for (Histogram& histogram : histograms.of) {
    locals.add(histogram.touched);
    histogram.clear(lanes);
  }
  return locals.text;
}

// A result, but for the number of iteration runs that it took.
inline void add_result(Bytes& bytes, const ContinuousResult& r) {
  const ReplicaTally& t = r.tally;
  const ReplicaPeaks& p = r.peaks;
  bytes.add(r.arrived, r.rejected, r.unfinished, r.status, r.quantiles_ns);
  bytes.add(t.completed, t.iterations, t.preemptions, t.recomputed_tokens, t.cached_tokens,
            t.cached_prompt_tokens, t.admitted_prompt_tokens, t.scheduled_tokens, t.prompt_tokens,
            t.output_tokens, t.token_gaps, t.timed_outputs, t.within_limits, t.queue_share_sum,
            t.tpot_sum_ps, t.queue_sum, t.ttft_sum, t.e2e_sum, t.gap_sum, t.busy, t.cut,
            t.running_area, t.waiting_area, t.kv_token_area);
  bytes.add(p.running, p.waiting, p.blocks, p.max_tpot_ps, p.queue_ns, p.ttft_ns, p.gap_ns,
            p.e2e_ns, p.last_completion);
}

inline void add_use(Bytes& bytes, const ReplicaUse& use) {
  bytes.add(use.completed, use.iterations, use.preemptions, use.output_tokens, use.peak_running,
            use.peak_waiting, use.peak_blocks, use.busy);
}

inline void add_class(Bytes& bytes, const ClassUse& use) {
  const ClassTally& t = use.tally;
  bytes.add(use.priority, t.completed, t.preemptions, t.within_limits, t.timed_outputs,
            t.tpot_sum_ps, t.queue_sum, t.ttft_sum, t.e2e_sum, t.largest_ns, use.makespan,
            use.quantiles_ns);
}

inline std::string outcome_of(const ContinuousWorld& world, const ContinuousMemory& memory) {
  Bytes bytes;
  add_result(bytes, *memory.state.result);
  for (std::int32_t r = 0; r < world.num_replicas; ++r) {
    add_use(bytes, use_of(memory.state.replicas[r]));
  }
  for (std::int32_t i = 0; i < world.requests.num_classes; ++i) {
    ClassUse use;
    take_class(OneLane(), world, memory.state, i, use);
    add_class(bytes, use);
  }
  for (const std::uint32_t count : memory.counts) bytes.add(count);
  return bytes.text;
}

}  // namespace servesweep::testing
