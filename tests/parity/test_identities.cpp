// What must hold in every world, whatever its parameters: conservation of requests, of batches and
// of time, Little's law as an identity of integers, and the rules that every batch obeys. Arrivals
// are recomputed here from the workload, batches come from a replay, results from a wave.
#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/random_worlds.hpp"

namespace servesweep {
namespace {

struct Arrival {
  std::int64_t time_ns = 0;
  std::int64_t tokens = 0;
};

// What the workload alone says: which requests are admitted, when, into which bin.
struct Admitted {
  std::vector<std::vector<std::uint32_t>> bins;  // [bin]: places among the admitted, by arrival
  std::vector<Arrival> requests;                 // [admitted]
  std::int64_t arrived = 0;                      // until the time limit, rejected ones too
  std::int64_t rejected = 0;
};

bool fits(const ClusterParams& c, std::int64_t tokens) {
  return c.model_memory_gb + c.kv_gb_per_token * static_cast<double>(tokens) <=
         c.gpu_memory_gb - c.memory_margin_gb;
}

Admitted admit(const testing::RandomWorld& world, const std::vector<BinUse>& bins) {
  const BatchParams& p = world.params;
  const double limit_ns = p.cluster.time_limit_s > 0 ? p.cluster.time_limit_s * 1e9 : INFINITY;
  Admitted admitted;
  admitted.bins.resize(bins.size());
  for (std::size_t i = 0; i < world.workload.size(); ++i) {
    const std::int64_t time_ns = std::llround(static_cast<double>(world.workload.arrival_ns[i]) /
                                              p.workload.load.rps_scaling);
    const std::int64_t tokens =
        std::int64_t{world.workload.prompt_tokens[i]} + world.workload.output_tokens[i];
    const bool in_time = static_cast<double>(time_ns) <= limit_ns;
    admitted.arrived += in_time;
    if (p.is_dynamic() && !fits(p.cluster, tokens)) {
      admitted.rejected += in_time;
      continue;
    }
    const std::int32_t predicted = world.workload.predicted_tokens[i];
    std::size_t bin = 0;
    while (bin + 1 < bins.size() &&
           (predicted < bins[bin].lower_edge_tokens || predicted >= bins[bin].upper_edge_tokens)) {
      ++bin;
    }
    admitted.bins[bin].push_back(static_cast<std::uint32_t>(admitted.requests.size()));
    admitted.requests.push_back({time_ns, tokens});
  }
  return admitted;
}

// The time integral of the number of requests in the system, step by step.
class Population {
 public:
  void change(std::int64_t time_ns, std::int64_t by) { steps_.push_back({time_ns, by}); }
  Int128 integral_ns() {
    std::sort(steps_.begin(), steps_.end());
    Int128 area = 0;
    std::int64_t inside = 0;
    std::int64_t last_ns = 0;
    for (const auto& [time_ns, by] : steps_) {
      area += static_cast<Int128>(inside) * (time_ns - last_ns);
      inside += by;
      last_ns = time_ns;
    }
    return area;
  }

 private:
  std::vector<std::pair<std::int64_t, std::int64_t>> steps_;
};

// What a list of batches adds up to.
struct Totals {
  std::vector<GpuUse> gpus;
  std::vector<BinUse> bins;
  std::vector<std::int64_t> free_from_ns;          // [gpu]
  std::map<std::int32_t, std::int64_t> histogram;  // [bucket]: latencies
  Population in_system, in_queue;
  Int128 service_sum_ns = 0;
  std::int64_t completed = 0, batches = 0, tokens = 0, largest = 0, last_ns = 0, overcommits = 0;
};

// Checks each batch against the model's rules; broken counts violations (a CHECK per batch is
// slow).
Totals follow(const testing::RandomWorld& world, const Admitted& admitted,
              const std::vector<BinUse>& bins, const std::vector<BatchEvent>& events) {
  const BatchParams& p = world.params;
  const bool full = p.scheduler.dispatch == Dispatch::kFull;
  const std::int64_t limit_ns =
      p.cluster.time_limit_s > 0 ? std::llround(p.cluster.time_limit_s * 1e9) : kNever;
  Totals t;
  t.gpus.resize(static_cast<std::size_t>(p.cluster.num_gpus));
  t.bins.resize(bins.size());
  t.free_from_ns.resize(t.gpus.size());
  std::vector<std::size_t> next(bins.size(), 0);
  int early = 0, overlapping = 0, oversized = 0, out_of_turn = 0, not_full = 0, wrong_sums = 0;
  std::int64_t last_start_ns = 0;
  for (const BatchEvent& e : events) {
    const auto gpu = static_cast<std::size_t>(e.gpu);
    const auto bin = static_cast<std::size_t>(e.bin);
    REQUIRE(gpu < t.gpus.size());
    REQUIRE(bin < bins.size());
    REQUIRE(next[bin] + static_cast<std::size_t>(e.size) <= admitted.bins[bin].size());
    early += e.start_ns < last_start_ns || e.finish_ns <= e.start_ns;
    last_start_ns = e.start_ns;
    overlapping += e.start_ns < t.free_from_ns[gpu];
    t.free_from_ns[gpu] = e.completed != 0 ? e.finish_ns : kNever;

    const std::int32_t most = std::min(e.target, p.scheduler.max_candidates);
    oversized += e.size < 1 || e.size > most;
    if (p.is_dynamic()) {
      oversized += !fits(p.cluster, e.total_tokens);
      oversized += e.target > bins[bin].batch_limit || e.target > p.dynamic.b_max;
    } else {
      not_full += full && e.start_ns < admitted.requests.back().time_ns && e.size != most;
      t.overcommits += e.completed != 0 && !fits(p.cluster, e.total_tokens);
    }

    const auto first = admitted.bins[bin].begin() + static_cast<std::ptrdiff_t>(next[bin]);
    next[bin] += static_cast<std::size_t>(e.size);
    out_of_turn += e.first_request != *first;
    std::int64_t waits_ns = 0, tokens = 0;
    const std::int64_t left_ns = e.completed != 0 ? e.finish_ns : limit_ns;
    t.gpus[gpu].busy_ns += left_ns - e.start_ns;
    for (auto id = first; id != first + e.size; ++id) {
      const Arrival& request = admitted.requests[*id];
      early += request.time_ns > e.start_ns;
      waits_ns += e.start_ns - request.time_ns;
      tokens += request.tokens;
      t.in_system.change(request.time_ns, 1);
      t.in_system.change(left_ns, -1);
      if (e.completed == 0) continue;
      t.in_queue.change(request.time_ns, 1);
      t.in_queue.change(e.start_ns, -1);
      ++t.histogram[HistogramLayout::bucket(static_cast<double>(e.finish_ns - request.time_ns))];
    }
    wrong_sums += waits_ns != e.wait_sum_ns || tokens != e.total_tokens;
    if (e.completed == 0) continue;
    ++t.batches;
    t.completed += e.size;
    t.tokens += tokens;
    t.largest = std::max<std::int64_t>(t.largest, e.size);
    t.last_ns = std::max(t.last_ns, e.finish_ns);
    t.service_sum_ns += static_cast<Int128>(e.finish_ns - e.start_ns) * e.size;
    ++t.gpus[gpu].batches;
    ++t.bins[bin].batches;
    t.bins[bin].requests += e.size;
  }
  for (std::size_t k = 0; k < bins.size(); ++k) {  // requests that have not been served
    for (std::size_t i = next[k]; i < admitted.bins[k].size(); ++i) {
      const std::int64_t arrival_ns = admitted.requests[admitted.bins[k][i]].time_ns;
      if (arrival_ns > limit_ns) break;
      t.in_system.change(arrival_ns, 1);
      t.in_system.change(limit_ns, -1);
    }
  }
  CHECK(early == 0);        // starts before an arrival or an earlier start
  CHECK(overlapping == 0);  // two batches on one GPU
  CHECK(oversized == 0);
  CHECK(out_of_turn == 0);  // not the oldest of its bin
  CHECK(not_full == 0);
  CHECK(wrong_sums == 0);
  return t;
}

void check_identities(const testing::RandomWorld& world, const BatchResult& r,
                      const std::vector<GpuUse>& gpus, const std::vector<BinUse>& bins,
                      const std::map<std::int32_t, std::int64_t>& histogram,
                      const std::vector<BatchEvent>& events) {
  const Admitted admitted = admit(world, bins);
  Totals t = follow(world, admitted, bins, events);
  CHECK(r.arrived == admitted.arrived);
  CHECK(r.rejected == admitted.rejected);
  CHECK(r.arrived == r.completed + r.rejected + r.unfinished);
  CHECK((r.status == WorldStatus::kCompleted || r.status == WorldStatus::kTimeLimit));
  if (world.params.cluster.time_limit_s == 0) CHECK(r.unfinished == 0);
  CHECK(r.completed == t.completed);
  CHECK(r.batches == t.batches);
  CHECK(r.total_tokens == t.tokens);
  CHECK(r.largest_batch == t.largest);
  CHECK(r.last_completion_ns == t.last_ns);
  CHECK(r.memory_overcommits == t.overcommits);

  CHECK((r.latency_sum_ns + r.unfinished_sum_ns == t.in_system.integral_ns()));  // Little's law
  CHECK((r.latency_sum_ns - r.service_sum_ns == t.in_queue.integral_ns()));
  CHECK((r.service_sum_ns == t.service_sum_ns));
  CHECK(histogram == t.histogram);

  Int128 busy_ns = 0;
  std::int64_t gpu_batches = 0;
  for (std::size_t g = 0; g < gpus.size(); ++g) {
    CHECK(gpus[g].busy_ns == t.gpus[g].busy_ns);
    CHECK(gpus[g].batches == t.gpus[g].batches);
    CHECK(gpus[g].busy_ns <= (r.status == WorldStatus::kTimeLimit
                                  ? std::llround(world.params.cluster.time_limit_s * 1e9)
                                  : r.last_completion_ns));
    busy_ns += gpus[g].busy_ns;
    gpu_batches += gpus[g].batches;
  }
  CHECK((r.busy_sum_ns == busy_ns));
  CHECK(r.batches == gpu_batches);
  std::int64_t bin_batches = 0, bin_requests = 0, counted = 0;
  for (std::size_t k = 0; k < bins.size(); ++k) {
    CHECK(bins[k].batches == t.bins[k].batches);
    CHECK(bins[k].requests == t.bins[k].requests);
    bin_batches += bins[k].batches;
    bin_requests += bins[k].requests;
  }
  for (const auto& [bucket, count] : histogram) counted += count;
  CHECK(r.batches == bin_batches);
  CHECK(r.completed == bin_requests);
  CHECK(r.completed == counted);
}

}  // namespace

TEST_CASE("identities of every world") {
  constexpr std::uint64_t kWorlds = 4500;
  std::vector<testing::RandomWorld> worlds;
  for (std::uint64_t seed = 0; seed < kWorlds; ++seed) {
    worlds.push_back(testing::random_world(2'000'000 + seed, 2000));
  }
  testing::PreparedWorlds prepared(testing::cases_of(worlds));
  WaveOptions options;
  options.save_details = true;
  const BatchWaveResult wave = prepared.run(options);
  std::size_t gpu = 0, bin = 0, bucket = 0;
  int with_rejected = 0, with_unfinished = 0, with_queues = 0;
  for (std::size_t i = 0; i < kWorlds; ++i) {
    INFO("seed " << 2'000'000 + i);
    const auto gpu_end = gpu + static_cast<std::size_t>(prepared.worlds[i].num_gpus);
    const auto bin_end = bin + static_cast<std::size_t>(prepared.worlds[i].workload.num_bins);
    const std::vector<GpuUse> gpus(&wave.gpus[gpu], &wave.gpus[gpu] + (gpu_end - gpu));
    const std::vector<BinUse> bins(&wave.bins[bin], &wave.bins[bin] + (bin_end - bin));
    gpu = gpu_end;
    bin = bin_end;
    std::map<std::int32_t, std::int64_t> histogram;
    for (std::int32_t n = 0; n < wave.num_buckets[i]; ++n, ++bucket) {
      CHECK(wave.bucket_counts[bucket] > 0);
      histogram[wave.buckets[bucket]] = wave.bucket_counts[bucket];
    }
    const BatchResult& r = wave.worlds[i];
    check_identities(worlds[i], r, gpus, bins, histogram,
                     prepared.runner.replay(prepared.worlds[i]));
    with_rejected += r.rejected > 0;
    with_unfinished += r.unfinished > 0;
    with_queues += r.latency_sum_ns > r.service_sum_ns;
  }
  CHECK(gpu == wave.gpus.size());
  CHECK(bin == wave.bins.size());
  CHECK(bucket == wave.buckets.size());
  CHECK(with_rejected > 100);  // the worlds reach what they are for
  CHECK(with_unfinished > 100);
  CHECK(with_queues > 1000);
}

}  // namespace servesweep
