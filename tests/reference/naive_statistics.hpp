// A world's results from the naive simulator's list of batches: integer counts, exact sorted lists
// of one entry per completed request, per-GPU and per-bin figures. docs/batch_engine.md has the
// definitions. Units: ns, and ps for token times. The first request arrives at time 0.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/reference/naive_batch.hpp"

namespace servesweep::reference {

__extension__ typedef __int128 Int128;  // a sum of latencies in ns can pass 2^63

struct GpuStatistics {
  Int batches = 0, busy_ns = 0, free_ns = 0;
};

struct BinStatistics {
  Int batches = 0, requests = 0;
  double variance = 0.0, range = 0.0;  // smoothed, of the output length in a batch
};

// Everything but what says unfinished is about completed batches and their requests; a GPU is also
// busy with a batch that the time limit cuts.
struct Statistics {
  Int completed = 0, unfinished = 0, batches = 0, largest_batch = 0, memory_overcommits = 0;
  Int token_violations = 0, request_violations = 0;
  Int prompt_tokens = 0, output_tokens = 0, makespan_ns = 0;
  std::vector<Int> latency_ns, queueing_ns, service_ns, prefill_ps, tbt_ps,
      decode_tbt_ps;         // sorted
  Int128 unfinished_ns = 0;  // of unfinished requests: from arrival to the time limit
  std::vector<GpuStatistics> gpus;
  std::vector<BinStatistics> bins;
};

inline Statistics statistics(const Params& p, const std::vector<Request>& r, const Log& log) {
  Statistics s;
  s.gpus.resize(p.num_gpus);
  s.bins.resize(log.bins.size());
  for (const Batch& batch : log.batches) {
    const Int size = batch.size(), duration = batch.finish_ns - batch.start_ns;
    GpuStatistics& gpu = s.gpus[batch.gpu];
    gpu = {gpu.batches + 1, gpu.busy_ns + duration, batch.finish_ns};
    ++s.batches;
    s.completed += size;
    s.largest_batch = std::max(s.largest_batch, size);
    s.memory_overcommits += batch.sum_prompt + batch.sum_output > log.token_limit;
    s.token_violations += batch.decode_tbt_ms > p.d_token_ms ? size : 0;
    s.prompt_tokens += batch.sum_prompt;
    s.output_tokens += batch.sum_output;
    s.makespan_ns = std::max(s.makespan_ns, batch.finish_ns);

    const double b = static_cast<double>(size), mean = static_cast<double>(batch.sum_output) / b;
    double squares = 0.0;
    Int min_output = batch.max_output;
    for (std::size_t i : batch.members) {
      const Int latency = batch.finish_ns - log.arrival_ns[i];
      s.request_violations += latency > std::llround(p.d_request_s * 1e9);
      s.latency_ns.push_back(latency);
      s.queueing_ns.push_back(batch.start_ns - log.arrival_ns[i]);
      s.service_ns.push_back(duration);
      s.prefill_ps.push_back(batch.prefill_ps);
      s.tbt_ps.push_back(batch.tbt_ps);
      s.decode_tbt_ps.push_back(batch.decode_tbt_ps);
      const double off = static_cast<double>(r[i].output) - mean;
      squares += off * off;
      min_output = std::min(min_output, r[i].output);
    }
    const double range = static_cast<double>(batch.max_output - min_output);
    const double keep = 1.0 - p.smoothing;
    BinStatistics& bin = s.bins[batch.bin];
    bin = {bin.batches + 1, bin.requests + size, p.smoothing * (squares / b) + keep * bin.variance,
           p.smoothing * range + keep * bin.range};
  }
  for (const Batch& batch : log.cut) {
    s.gpus[batch.gpu].busy_ns += p.time_limit_ns - batch.start_ns;
    for (const std::size_t i : batch.members) {
      s.unfinished_ns += p.time_limit_ns - log.arrival_ns[i];
    }
  }
  for (const Int arrival_ns : log.waiting_ns) s.unfinished_ns += p.time_limit_ns - arrival_ns;
  s.unfinished = log.arrived - s.completed - log.rejected;
  for (auto* list :
       {&s.latency_ns, &s.queueing_ns, &s.service_ns, &s.prefill_ps, &s.tbt_ps, &s.decode_tbt_ps}) {
    std::sort(list->begin(), list->end());
  }
  return s;
}

inline Int128 sum(const std::vector<Int>& values) {
  Int128 total = 0;
  for (Int value : values) total += value;
  return total;
}

// NumPy's default percentile (linear between order statistics) of a sorted, non-empty list.
inline double percentile(const std::vector<Int>& sorted, double percent) {
  const double position = percent / 100.0 * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const double low = static_cast<double>(sorted[below]);
  const double high = static_cast<double>(sorted[std::min(below + 1, sorted.size() - 1)]);
  return low + (high - low) * (position - static_cast<double>(below));
}

}  // namespace servesweep::reference
