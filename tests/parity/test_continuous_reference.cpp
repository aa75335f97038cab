// The continuous engine equals the naive simulator on random small worlds: every request's times,
// every histogram, every counter and integral, to the last tick; and stepping every iteration
// equals jumping over them.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <vector>

#include "tests/reference/naive_table.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/uploaded_case.hpp"

namespace servesweep {
namespace {

namespace naive = reference::continuous;
using testing::ContinuousCase;
using testing::ContinuousMemory;

#ifdef SERVESWEEP_BRIEF_TESTS
constexpr std::uint64_t kWorlds = 300;
#else
constexpr std::uint64_t kWorlds = 4000;
#endif

// The larger of two forms; contexts of earlier chunks are read from memory, too.
naive::Service naive_service(const RooflineIteration::Lowered& bounds) {
  return {{}, [bounds](const naive::Iteration& it) {
            Ticks memory = bounds.memory.base, compute = bounds.compute.base;
            for (const naive::Chunk& c : it.prefills) {
              memory +=
                  bounds.memory.per_prompt_token * c.q + bounds.memory.per_context_token * c.k;
              compute += bounds.compute.per_prompt_token * c.q +
                         bounds.compute.per_prompt_token_pair * c.q * (c.k + c.q);
            }
            for (const naive::Decode& d : it.decodes) {
              memory += bounds.memory.per_context_token * d.context;
              compute += bounds.compute.per_sequence + bounds.compute.per_context_token * d.context;
            }
            return std::max(memory, compute);
          }};
}

naive::Table naive_curve(const TableCurve& curve) {
  naive::Table table;
  for (std::int32_t i = 0; i < curve.count; ++i) table.put({curve.values[i]}, curve.time_ns[i]);
  return table;
}

// The same measured numbers; what is between them and how it is rounded the naive side works out
// by itself.
naive::Service naive_service(const TableIteration::Lowered& model) {
  naive::TableService service{naive_curve(model.tokens), naive_curve(model.sequences), {}, {}};
  const AttentionTable& attention = model.attention;
  const auto axis = [&](int a) {
    return std::vector<double>(attention.values[a], attention.values[a] + attention.counts[a]);
  };
  const double* time_ns = attention.time_ns;
  for (const double q : axis(0)) {
    for (const double k : axis(1)) {
      for (const double n : axis(2)) {
        for (const double m : axis(3)) service.attention.put({q, k, n, m}, *time_ns++);
      }
    }
  }
  service.contexts = axis(3);
  return {{}, service};
}

naive::Service naive_service(const AffineIteration::Lowered& model) {
  naive::Service service;
  for (std::int32_t i = 0; i < model.num_regimes; ++i) {
    const AffineRegime& c = model.regimes[i];
    service.regimes.push_back({c.from_sequences, c.base, c.per_prompt_token,
                               c.per_prompt_token_pair, c.per_sequence, c.per_context_token});
  }
  return service;
}

naive::Params naive_params(const ContinuousWorld& w) {
  naive::Params p;
  p.mode = naive::mode_named(name_of(w.mode));
  p.policy = name_of(w.policy);
  p.router = name_of(w.router);
  p.chunked_prefill = w.chunked_prefill;
  p.prefill_yields_token = w.prefill_yields_token;
  p.prefix_caching = w.prefix_caching;
  p.reserve_full_isl = w.reserve_full_isl;
  p.async_scheduling = w.async_scheduling;
  if (w.most_chunk_tokens < INT32_MAX) p.long_prefill_token_threshold = w.most_chunk_tokens;
  if (w.most_long_prefills < INT32_MAX) p.max_long_partial_prefills = w.most_long_prefills;
  p.max_num_batched_tokens = w.max_batched_tokens;
  p.max_num_seqs = w.max_sequences;
  p.num_blocks = w.num_blocks;
  p.block_size = w.block_size;
  p.hash_block_size = w.block_size * w.blocks_per_hash / w.hashes_per_block;
  p.watermark = (static_cast<double>(w.watermark_blocks) + 0.5) / static_cast<double>(w.num_blocks);
  p.max_model_len = w.max_model_len == INT64_MAX ? 0 : w.max_model_len;
  p.max_decode_context_tokens = w.max_decode_context == INT64_MAX ? 0 : w.max_decode_context;
  p.client_batch = w.client_batch;
  p.batch_max_tokens = w.batch_max_tokens;
  p.flush_ns = w.flush_ns;
  p.time_limit_ns = w.time_limit_ns == kClockEnd_ns ? 0 : w.time_limit_ns;
  for (std::int32_t r = 0; r < w.num_replicas; ++r) {
    const IterationModel& model = w.service_of(r);
    model.visit([&](auto, const auto& lowered) { p.services.push_back(naive_service(lowered)); });
  }
  return p;
}

std::vector<naive::Request> naive_requests(const ContinuousWorld& w) {
  std::vector<naive::Request> requests;
  for (std::int64_t i = 0; i < w.requests.count; ++i) {
    naive::Request r;
    r.t_ns = w.arrival_ns(i);
    r.prompt = w.requests.prompt_tokens[i];
    r.output = w.requests.output_tokens[i];
    r.predicted = w.requests.predicted_tokens[i];
    if (w.requests.priority != nullptr) r.priority = w.requests.priority[i];
    r.draws[0] = static_cast<std::uint32_t>(w.requests.router_draws[i]);
    r.draws[1] = static_cast<std::uint32_t>(w.requests.router_draws[i] >> 32);
    if (w.requests.prefix_begin != nullptr) {
      for (std::int64_t h = w.requests.prefix_begin[i]; h < w.requests.prefix_begin[i + 1]; ++h) {
        r.hashes.push_back(w.requests.prefix_hashes[h]);
      }
    }
    requests.push_back(r);
  }
  return requests;
}

// Tokens in the KV cache that an iteration reads or writes.
std::int64_t cached_tokens(const naive::Iteration& it) {
  std::int64_t tokens = 0;
  for (const naive::Chunk& c : it.prefills) tokens += c.k + c.q;
  for (const naive::Decode& d : it.decodes) tokens += d.context;
  return tokens;
}

// What a world's result must be, from the naive simulator's log.
struct Expected {
  ContinuousResult result;
  std::map<std::int32_t, ClassTally> classes;  // by priority
  std::map<std::int32_t, std::vector<double>> class_values_ns[kNumRequestLatencies];
  std::vector<std::uint32_t> counts = std::vector<std::uint32_t>(ContinuousHistograms::kCounts);
  std::vector<double> values_ns[kNumLatencyKinds];

  void count(LatencyKind kind, double ns) {
    values_ns[static_cast<std::size_t>(kind)].push_back(ns);
    const auto bucket = static_cast<std::size_t>(HistogramLayout::bucket(ns));
    ++counts[static_cast<std::size_t>(kind) * HistogramLayout::kNumBuckets + bucket];
  }

  Expected(const ContinuousWorld& w, const std::vector<naive::Request>& requests,
           const naive::Log& log) {
    ReplicaTally& t = result.tally;
    ReplicaPeaks& p = result.peaks;
    const bool limited = w.time_limit_ns < kClockEnd_ns;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const naive::Record& r = log.requests[i];
      if (limited && requests[i].t_ns > w.time_limit_ns) continue;
      ++result.arrived;
      result.rejected += r.rejected;
      const Ticks first = r.first_token;
      for (std::size_t k = w.prefill_yields_token ? 1 : 0; k < r.token_times.size(); ++k) {
        const Ticks gap = r.token_times[k] - (k == 0 ? first : r.token_times[k - 1]);
        ++t.token_gaps;
        t.gap_sum += gap;
        p.gap_ns = std::max(p.gap_ns, ns_of(gap));
        count(LatencyKind::kItl, ns_of(gap));
      }
      const Ticks end = w.batch_timing ? r.client_end : r.end;
      if (!r.finished || end == naive::kNever) {
        result.unfinished += !r.rejected;
        continue;
      }
      ++t.completed;
      ClassTally& c = classes[requests[i].priority];
      ++c.completed;
      const auto count_of_class = [&](int latency, double ns) {
        class_values_ns[latency][requests[i].priority].push_back(ns);
        c.largest_ns[latency] = std::max(c.largest_ns[latency], ns);
      };
      const Ticks arrival = ticks_of_ns(requests[i].t_ns);
      const Ticks queue = r.first_scheduled - arrival, ttft = first - arrival, e2e = end - arrival;
      t.queue_sum += queue;
      t.ttft_sum += ttft;
      t.e2e_sum += e2e;
      c.queue_sum += queue;
      c.ttft_sum += ttft;
      c.e2e_sum += e2e;
      count_of_class(0, ns_of(queue));
      count_of_class(1, ns_of(ttft));
      count_of_class(3, ns_of(e2e));
      t.prompt_tokens += std::max<std::int64_t>(1, requests[i].prompt);
      t.output_tokens += static_cast<std::int64_t>(r.token_times.size());
      t.queue_share_sum += round_to_int64(ns_of(queue) / ns_of(e2e) * 4294967296.0);
      p.queue_ns = std::max(p.queue_ns, ns_of(queue));
      p.ttft_ns = std::max(p.ttft_ns, ns_of(ttft));
      p.e2e_ns = std::max(p.e2e_ns, ns_of(e2e));
      p.last_completion = std::max(p.last_completion, end);
      count(LatencyKind::kQueue, ns_of(queue));
      count(LatencyKind::kTtft, ns_of(ttft));
      count(LatencyKind::kE2e, ns_of(e2e));
      const std::size_t steps = r.token_times.size() - (w.prefill_yields_token ? 1 : 0);
      bool keeps = ttft <= w.ttft_limit && e2e <= w.e2e_limit;
      if (steps > 0) {
        const std::int64_t tpot_ps =
            round_to_int64(ns_of(r.end - first) * 1e3 / static_cast<double>(steps));
        ++t.timed_outputs;
        t.tpot_sum_ps += tpot_ps;
        ++c.timed_outputs;
        c.tpot_sum_ps += tpot_ps;
        count_of_class(2, static_cast<double>(tpot_ps) * 1e-3);
        p.max_tpot_ps = std::max(p.max_tpot_ps, tpot_ps);
        count(LatencyKind::kTpot, static_cast<double>(tpot_ps) * 1e-3);
        keeps = keeps && tpot_ps <= w.tpot_limit_ps;
      }
      t.within_limits += keeps;
      c.within_limits += keeps;
    }
    for (std::size_t i = 0; i < requests.size(); ++i) {
      classes[requests[i].priority].preemptions += log.requests[i].preemptions;
    }
    for (const naive::ReplicaLog& replica : log.replicas) {
      if (replica.cut) {
        t.cut += replica.cut->end - replica.cut->start;
        t.kv_token_area += cached_tokens(*replica.cut) * (replica.cut->end - replica.cut->start);
      }
      p.running = std::max<std::int64_t>(p.running, replica.peak_running);
      p.waiting = std::max<std::int64_t>(p.waiting, replica.peak_waiting);
      p.blocks = std::max<std::int64_t>(p.blocks, replica.peak_blocks);
      for (const naive::Iteration& it : replica.iterations) {
        ++t.iterations;
        t.busy += it.end - it.start;
        for (const naive::Chunk& c : it.prefills) t.scheduled_tokens += c.q;
        t.scheduled_tokens += it.n();
        t.kv_token_area += cached_tokens(it) * (it.end - it.start);
      }
    }
    t.preemptions = log.preemptions;
    t.recomputed_tokens = log.recomputed;
    t.cached_tokens = log.cached_first + log.cached_again;
    t.cached_prompt_tokens = log.cached_first;
    t.admitted_prompt_tokens = log.asked_first;
  }
};

struct Recorded {
  std::int32_t replica = -1;
  Ticks first_scheduled = -1, first_token = -1, end = -1;
};

struct SeeEverything {
  static constexpr bool kSeesSequences = true;
  std::map<std::uint32_t, Recorded> requests;
  std::vector<std::vector<IterationRun>> runs;                  // [replica]
  std::vector<std::vector<std::vector<std::int64_t>>> members;  // [replica][run]
  struct Member {
    std::uint32_t request;
    std::int32_t computed, chunk;
  };
  std::vector<std::vector<Member>> next_members;  // [replica]

  explicit SeeEverything(std::int32_t num_replicas)
      : runs(static_cast<std::size_t>(num_replicas)),
        members(runs.size()),
        next_members(runs.size()) {}

  void member(std::int32_t replica, std::uint32_t request, std::int32_t computed,
              std::int32_t chunk) {
    next_members[static_cast<std::size_t>(replica)].push_back({request, computed, chunk});
  }
  void ran(const IterationRun& event) {
    const auto r = static_cast<std::size_t>(event.replica);
    runs[r].push_back(event);
    std::vector<std::int64_t> decodes, chunks;  // each in the order of the running list
    for (const Member& m : next_members[r]) {
      auto& list = m.chunk == 0 ? decodes : chunks;
      list.insert(list.end(), {m.request, m.computed, m.chunk});
    }
    decodes.insert(decodes.end(), chunks.begin(), chunks.end());
    members[r].push_back(std::move(decodes));
    next_members[r].clear();
  }
  void request(const CompletedRequest& s) {
    requests[s.request] = {s.replica, s.first_scheduled, s.first_token, s.end};
  }
};

struct Reach {
  std::int64_t rejecting = 0, preempting = 0, limited = 0, static_ones = 0;
  std::int64_t several = 0, capped = 0, cached = 0, rooflines = 0, tables = 0, iterations = 0,
               runs = 0;
  std::int64_t without_full_block = 0, split_hashes = 0, async_ones = 0, by_priority = 0,
               limiting_chunks = 0, chunking = 0, reserving = 0;
};

// The runs of a world that was stepped are the iterations of the naive simulator.
void check_iterations(const SeeEverything& seen, const naive::Log& log) {
  for (std::size_t r = 0; r < log.replicas.size(); ++r) {
    const auto& iterations = log.replicas[r].iterations;
    REQUIRE(seen.runs[r].size() == iterations.size());
    for (std::size_t i = 0; i < iterations.size(); ++i) {
      const naive::Iteration& it = iterations[i];
      const IterationRun& run = seen.runs[r][i];
      INFO("replica " << r << ", iteration " << i);
      REQUIRE(run.start == it.start);
      REQUIRE(run.end == it.end);
      REQUIRE(run.used_blocks == it.blocks_held);
      REQUIRE(run.preemptions == static_cast<std::int32_t>(it.preempted.size()));
      std::vector<std::int64_t> expected;
      for (const naive::Decode& d : it.decodes) {
        expected.insert(expected.end(), {static_cast<std::int64_t>(d.request), d.context - 1, 0});
      }
      for (const naive::Chunk& c : it.prefills) {
        expected.insert(expected.end(), {static_cast<std::int64_t>(c.request), c.k, c.q});
      }
      REQUIRE(seen.members[r][i] == expected);
    }
  }
}

// NumPy's default: linear between order statistics.
double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double position = share * static_cast<double>(values.size() - 1);
  const double low = values[static_cast<std::size_t>(position)];
  const double high = values[std::min(static_cast<std::size_t>(position) + 1, values.size() - 1)];
  return low + (high - low) * (position - std::floor(position));
}

// What the device makes of all values are the naive simulator's percentiles, to the last bit.
void check_exact_percentiles(const ContinuousCase& random, const Expected& expected) {
  static ContinuousRunner runner;
  const testing::UploadedCase uploaded(runner, random);
  const ContinuousResult r = runner.run({uploaded.world()}, {0}, {false, true}).worlds.front();
  CHECK(r.exact_quantiles == 1);
  for (std::size_t kind = 0; kind < kNumLatencyKinds; ++kind) {
    for (std::size_t q = 0; q < kNumServedQuantiles; ++q) {
      INFO("latency " << kind << ", quantile " << q);
      CHECK(r.quantiles_ns[kind][q] ==
            percentile(expected.values_ns[kind], ServedQuantiles().wanted[q]));
    }
  }
}

// Every class's counters and sums, and its percentiles within the histograms' error.
void check_classes(const ContinuousWorld& world, const ContinuousMemory& memory,
                   Expected& expected) {
  for (std::int32_t i = 0; i < world.requests.num_classes; ++i) {
    ClassUse use;
    take_class(OneLane(), world, memory.state, i, use);
    INFO("class " << use.priority);
    const ClassTally &t = use.tally, &x = expected.classes[use.priority];
    CHECK(use.priority == world.requests.class_priority[i]);
    CHECK(t.completed == x.completed);
    CHECK(t.within_limits == x.within_limits);
    CHECK(t.timed_outputs == x.timed_outputs);
    CHECK(t.tpot_sum_ps == x.tpot_sum_ps);
    CHECK(t.queue_sum == x.queue_sum);
    CHECK(t.ttft_sum == x.ttft_sum);
    CHECK(t.e2e_sum == x.e2e_sum);
    if (world.time_limit_ns == kClockEnd_ns) CHECK(t.preemptions == x.preemptions);
    for (int latency = 0; latency < kNumRequestLatencies; ++latency) {
      CHECK(t.largest_ns[latency] == x.largest_ns[latency]);
      const std::vector<double>& values_ns = expected.class_values_ns[latency][use.priority];
      if (values_ns.empty()) continue;
      const double exact_ns = percentile(values_ns, ServedQuantiles().wanted[1]);
      const double error_ns = std::abs(use.quantiles_ns[latency][1] - exact_ns);
      CHECK(error_ns <= 0.004 * exact_ns + 512);
    }
  }
}

void check_world(const ContinuousCase& random, Reach& reach) {
  ContinuousWorld world = random.view();
  const std::vector<naive::Request> requests = naive_requests(world);
  const naive::Log log = naive::NaiveContinuous(naive_params(world), requests).run();
  Expected expected(world, requests, log);
  check_exact_percentiles(random, expected);
  std::string jumped;
  for (const bool step : {false, true}) {
    INFO((step ? "stepped" : "jumped"));
    world.step = step;
    ContinuousMemory memory(world);
    SeeEverything seen(world.num_replicas);
    run_continuous(OneLane(), world, seen, memory);
    if (step) {
      const bool same = testing::outcome_of(world, memory) == jumped;
      REQUIRE(same);
      if (log.iterations < 2000) check_iterations(seen, log);
      continue;
    }
    jumped = testing::outcome_of(world, memory);
    const ContinuousResult& r = *memory.state.result;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      INFO("request " << i);
      const naive::Record& record = log.requests[i];
      const Ticks end = world.batch_timing ? record.client_end : record.end;
      const bool completed = record.finished && end != naive::kNever;
      const auto found = seen.requests.find(static_cast<std::uint32_t>(i));
      REQUIRE((found != seen.requests.end()) == completed);
      if (!completed) continue;
      REQUIRE(found->second.replica == record.replica);
      REQUIRE(found->second.first_scheduled == record.first_scheduled);
      REQUIRE(found->second.first_token == record.first_token);
      REQUIRE(found->second.end == end);
    }
    const ContinuousResult& e = expected.result;
    CHECK(r.arrived == e.arrived);
    CHECK(r.rejected == e.rejected);
    CHECK(r.unfinished == e.unfinished);
    const ReplicaTally &t = r.tally, &x = e.tally;
    CHECK(t.completed == x.completed);
    CHECK(t.iterations == x.iterations);
    CHECK(t.scheduled_tokens == x.scheduled_tokens);
    CHECK(t.prompt_tokens == x.prompt_tokens);
    CHECK(t.output_tokens == x.output_tokens);
    CHECK(t.token_gaps == x.token_gaps);
    CHECK(t.timed_outputs == x.timed_outputs);
    CHECK(t.within_limits == x.within_limits);
    CHECK(t.queue_share_sum == x.queue_share_sum);
    CHECK(t.tpot_sum_ps == x.tpot_sum_ps);
    CHECK(t.queue_sum == x.queue_sum);
    CHECK(t.ttft_sum == x.ttft_sum);
    CHECK(t.e2e_sum == x.e2e_sum);
    CHECK(t.gap_sum == x.gap_sum);
    CHECK(t.busy == x.busy);
    CHECK(t.cut == x.cut);
    CHECK(t.kv_token_area == x.kv_token_area);
    CHECK(r.peaks.gap_ns == e.peaks.gap_ns);
    CHECK(r.peaks.queue_ns == e.peaks.queue_ns);
    CHECK(r.peaks.ttft_ns == e.peaks.ttft_ns);
    CHECK(r.peaks.e2e_ns == e.peaks.e2e_ns);
    CHECK(r.peaks.last_completion == e.peaks.last_completion);
    CHECK(r.peaks.max_tpot_ps == e.peaks.max_tpot_ps);
    if (world.time_limit_ns == kClockEnd_ns) {  // else an iteration may begin that never ends
      CHECK(t.preemptions == x.preemptions);
      CHECK(t.recomputed_tokens == x.recomputed_tokens);
      CHECK(t.cached_tokens == x.cached_tokens);
      CHECK(t.cached_prompt_tokens == x.cached_prompt_tokens);
      CHECK(t.admitted_prompt_tokens == x.admitted_prompt_tokens);
      CHECK(r.peaks.running == e.peaks.running);
      CHECK(r.peaks.waiting == e.peaks.waiting);
      CHECK(r.peaks.blocks == e.peaks.blocks);
    }
    if (world.requests.num_classes > 0) check_classes(world, memory, expected);
    const bool same_counts = memory.counts == expected.counts;
    REQUIRE(same_counts);
    reach.rejecting += r.rejected > 0;
    reach.preempting += t.preemptions > 0;
    reach.limited += r.status == WorldStatus::kTimeLimit;
    reach.static_ones += sends_batches(world.mode);
    reach.tables += random.tables.size();
    reach.several += world.num_replicas > 1;
    reach.capped += world.max_decode_context < INT64_MAX;
    reach.rooflines += world.groups[0].service.is<RooflineIteration>();
    reach.cached += t.cached_tokens > 0;
    reach.iterations += t.iterations;
    reach.runs += t.iteration_runs;
    reach.split_hashes +=
        t.cached_tokens > 0 && (world.blocks_per_hash > 1 || world.hashes_per_block > 1);
    reach.without_full_block += world.prefix_caching && world.requests.num_hashes == 0;
    reach.async_ones += world.async_scheduling;
    reach.by_priority += world.policy_chooses_victims() && t.preemptions > 0;
    reach.limiting_chunks += world.limits_chunks();
    reach.chunking += !world.takes_whole_prompts();
    reach.reserving += world.reserve_full_isl && !world.takes_whole_prompts();
  }
}

}  // namespace

TEST_CASE("random worlds equal the naive simulator, jumped and stepped") {
  Reach reach;
  for (std::uint64_t i = 0; i < kWorlds; ++i) {
    INFO("seed " << 7'000'000 + i);
    check_world(testing::random_continuous(7'000'000 + i), reach);
  }
  const auto worlds = static_cast<std::int64_t>(kWorlds);
  CHECK(reach.rejecting > worlds / 20);
  CHECK(reach.preempting > worlds / 20);
  CHECK(reach.limited > worlds / 40);
  CHECK(reach.static_ones > worlds / 10);
  CHECK(reach.tables > worlds / 4);
  CHECK(reach.several > worlds / 4);
  CHECK(reach.capped > worlds / 40);
  CHECK(reach.rooflines > worlds / 5);
  CHECK(reach.cached > worlds / 40);
  CHECK(reach.runs < reach.iterations * 3 / 4);
  CHECK(reach.without_full_block > worlds / 400);
  CHECK(reach.split_hashes > worlds / 100);
  CHECK(reach.async_ones > worlds / 10);
  CHECK(reach.by_priority > worlds / 200);
  CHECK(reach.limiting_chunks > worlds / 40);
  CHECK(reach.reserving > reach.chunking / 4);
  CHECK(reach.chunking - reach.reserving > reach.chunking / 8);
}

}  // namespace servesweep
