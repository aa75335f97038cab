// What a world's result is made of: completed batches become counts, integer sums (nanoseconds for
// requests, picoseconds for tokens) and histograms, in whatever order they come.
#pragma once

#include "sim/batch/range_summary.hpp"
#include "sim/batch/state.hpp"
#include "sim/batch/world.hpp"

namespace servesweep {

// How many of `count` ascending times, arrival_ns(0) on, are not after time_ns.
template <class ArrivalAt>
SERVESWEEP_FUNCTION std::int64_t count_until(std::int64_t time_ns, std::int64_t count,
                                             const ArrivalAt& arrival_ns) {
  std::int64_t low = 0;
  while (low < count) {
    const std::int64_t middle = (low + count) / 2;
    if (arrival_ns(middle) <= time_ns) {
      low = middle + 1;
    } else {
      count = middle;
    }
  }
  return low;
}

struct CompletedBatch {
  const RangeSummary& summary;
  const ServiceTime& service;
  const BinnedRequest* requests;  // [size], in order of arrival
  std::int32_t size;
  std::int64_t start_ns;
  std::int64_t finish_ns;
  bool overcommits;  // would not have fitted the memory
};

template <class Lanes>
class BatchRecorder {
 public:
  SERVESWEEP_FUNCTION BatchRecorder(const Lanes& lanes, const BatchWorld& world,
                                    BatchResult& result, BatchHistograms& histograms)
      : lanes_(lanes), w_(world), r_(result), h_(histograms) {
    lanes_.once([&] { r_ = {}; });
  }

  template <class Observer>
  SERVESWEEP_INLINE void record(const CompletedBatch& batch, BinUse& use, Observer& observer) {
    const RangeSummary& summary = batch.summary;
    const ServiceTime& service = batch.service;
    const BinnedRequest* requests = batch.requests;
    const std::int32_t size = batch.size;
    const std::int64_t finish_ns = batch.finish_ns;
    const std::int64_t service_ns = finish_ns - batch.start_ns;

    const std::int64_t tbt_ps =
        round_ps(static_cast<double>(service_ns) * 1e3 / max_of(1, summary.longest_output));
    const std::int64_t decode_ps = round_ps(service.decode_ms * 1e9);
    observer.latencies(lanes_, requests, size, finish_ns, tbt_ps, decode_ps);
    const std::int32_t tbt_bucket = HistogramLayout::bucket(static_cast<double>(tbt_ps) * 1e-3);
    const std::int32_t decode_bucket =
        HistogramLayout::bucket(static_cast<double>(decode_ps) * 1e-3);
    h_.of[kTbtHistogram].touch(tbt_bucket);
    h_.of[kDecodeHistogram].touch(decode_bucket);

    // Latencies fall along a batch. Where it shares one bucket (long queues) it is counted at once,
    // else one by one.
    const std::int64_t longest_ns = finish_ns - requests[0].arrival_ns;
    const std::int32_t high = HistogramLayout::bucket(static_cast<double>(longest_ns));
    const std::int32_t low =
        HistogramLayout::bucket(static_cast<double>(finish_ns - requests[size - 1].arrival_ns));
    h_.of[kLatencyHistogram].touch(low, high);
    std::int64_t late = 0;
    if (longest_ns > w_.sla_request_ns) {
      late = count_until(finish_ns - w_.sla_request_ns - 1, size,
                         [requests](std::int64_t i) { return requests[i].arrival_ns; });
    }

    lanes_.once([&] {
      const auto count = static_cast<std::uint32_t>(size);
      ++r_.batches;
      r_.completed += size;
      r_.memory_overcommits += batch.overcommits;
      r_.largest_batch = max_of<std::int64_t>(r_.largest_batch, size);
      r_.total_tokens += summary.total_tokens;
      r_.output_tokens += summary.output_tokens;
      r_.last_completion_ns = max_of(r_.last_completion_ns, finish_ns);
      r_.extrapolations += service.extrapolated;
      r_.max_latency_ns = max_of(r_.max_latency_ns, longest_ns);
      r_.max_tbt_ps = max_of(r_.max_tbt_ps, tbt_ps);
      r_.latency_sum_ns += times(finish_ns, size) - summary.arrival_sum_ns;
      r_.service_sum_ns += times(service_ns, size);
      r_.tbt_sum_ps += times(tbt_ps, size);
      r_.decode_sum_ps += times(decode_ps, size);
      r_.prefill_sum_ps += times(round_ps(service.prefill_ms * 1e9), size);
      if (service.decode_ms > w_.sla_token_ms) r_.token_sla_violations += size;
      r_.request_sla_violations += late;
      h_.of[kTbtHistogram].add(tbt_bucket, count);
      h_.of[kDecodeHistogram].add(decode_bucket, count);
      if (low == high) h_.of[kLatencyHistogram].add(low, count);

      const double keep = 1.0 - w_.dynamic.smoothing;
      const double range = summary.longest_output - summary.shortest_output;
      ++use.batches;
      use.requests += size;
      use.output_variance =
          w_.dynamic.smoothing * output_variance(summary, size) + keep * use.output_variance;
      use.output_range = w_.dynamic.smoothing * range + keep * use.output_range;
    });
    if (low != high) {
      std::uint32_t* counts = h_.of[kLatencyHistogram].counts;
      lanes_.for_each(size, [&](std::int32_t i) {
        const std::int64_t latency_ns = finish_ns - requests[i].arrival_ns;
        lanes_.add(counts[HistogramLayout::bucket(static_cast<double>(latency_ns))], 1);
      });
    }
  }

  // A batch that the time limit cuts.
  SERVESWEEP_FUNCTION void cut(const RangeSummary& summary, std::int32_t size) {
    lanes_.once(
        [&] { r_.unfinished_sum_ns += times(w_.time_limit_ns, size) - summary.arrival_sum_ns; });
  }

  // Completes the result of a world that has ended: all but the quantiles.
  SERVESWEEP_FUNCTION void close(const BatchState& state, WorldStatus status) {
    const BinnedWorkload& d = w_.workload;
    const std::int64_t rejected = count_arrived(d.rejected_arrival_ns, d.num_rejected);
    const std::int64_t arrived = count_arrived(d.time_arrival_ns, d.num_requests) + rejected;
    const Int128 waited_ns = status == WorldStatus::kTimeLimit ? waited_until_limit(state) : 0;
    const GpuState* gpus = state.gpus;
    const Busy busy = lanes_.template reduce<Busy>(w_.num_gpus, [=](std::int32_t g, Busy& partial) {
      partial.join({gpus[g].busy_ns, gpus[g].busy_ns, gpus[g].busy_ns});
    });
    lanes_.once([&] {
      r_.arrived = arrived;
      r_.rejected = rejected;
      r_.unfinished = arrived - r_.completed - rejected;
      const bool cut = r_.completed < d.num_requests && status == WorldStatus::kCompleted;
      r_.unfinished_sum_ns += waited_ns;
      r_.status = cut ? WorldStatus::kTimeLimit : status;
      r_.busy_sum_ns = busy.sum_ns;
      r_.busy_min_ns = busy.least_ns;
      r_.busy_max_ns = busy.most_ns;
      double variance_sum = 0.0;
      double range_sum = 0.0;
      for (std::int32_t k = 0; k < d.num_bins; ++k) {
        variance_sum += state.bins[k].output_variance;
        range_sum += state.bins[k].output_range;
      }
      r_.mean_bin_variance = variance_sum / d.num_bins;
      r_.mean_bin_range = range_sum / d.num_bins;
    });
  }

 private:
  // The busy time of all GPUs.
  struct Busy {
    Int128 sum_ns = 0;
    std::int64_t least_ns = kNever;
    std::int64_t most_ns = 0;
    SERVESWEEP_FUNCTION void join(const Busy& other) {
      sum_ns += other.sum_ns;
      least_ns = min_of(least_ns, other.least_ns);
      most_ns = max_of(most_ns, other.most_ns);
    }
    template <class F>
    SERVESWEEP_FUNCTION Busy exchanged(const F& f) const {
      return {f(sum_ns), f(least_ns), f(most_ns)};
    }
  };

  // Time until the limit of the requests that have arrived and are in no batch.
  SERVESWEEP_FUNCTION Int128 waited_until_limit(const BatchState& state) const {
    const BinnedRequest* requests = w_.workload.requests;
    const std::int64_t limit_ns = w_.time_limit_ns;
    Int128 sum_ns = 0;
    for (std::int32_t k = 0; k < w_.workload.num_bins; ++k) {
      const BinQueue queue = state.queues[k];
      const BinnedRequest* first = requests + queue.next;
      const std::int64_t waiting =
          count_until(limit_ns, queue.end - queue.next,
                      [first](std::int64_t i) { return first[i].arrival_ns; });
      sum_ns += lanes_
                    .template reduce<WaitSum>(static_cast<std::int32_t>(waiting),
                                              [=](std::int32_t i, WaitSum& partial) {
                                                partial.sum_ns += limit_ns - first[i].arrival_ns;
                                              })
                    .sum_ns;
    }
    return sum_ns;
  }
  struct WaitSum {
    Int128 sum_ns = 0;
    SERVESWEEP_FUNCTION void join(const WaitSum& other) { sum_ns += other.sum_ns; }
    template <class F>
    SERVESWEEP_FUNCTION WaitSum exchanged(const F& f) const {
      return {f(sum_ns)};
    }
  };

  // Arrivals until the time limit.
  SERVESWEEP_FUNCTION std::int64_t count_arrived(const std::int64_t* arrival_ns,
                                                 std::int64_t count) const {
    return count_until(w_.time_limit_ns, count,
                       [arrival_ns](std::int64_t i) { return arrival_ns[i]; });
  }

  SERVESWEEP_FUNCTION static std::int64_t round_ps(double value_ps) {
    return round_to_int64(min_of(value_ps, 9e18));
  }

  const Lanes& lanes_;
  const BatchWorld& w_;
  BatchResult& r_;
  BatchHistograms& h_;
};

// The quantiles of a finished world, from its histograms.
template <class Lanes>
SERVESWEEP_FUNCTION void take_quantiles(const Lanes& lanes, const BatchHistograms& histograms,
                                        BatchResult& result) {
  if (result.completed == 0) return;
  const WantedQuantiles wanted;
  histogram_quantiles(lanes, histograms.of[kLatencyHistogram], result.completed, wanted.latency,
                      kNumLatencyQuantiles, result.latency_quantiles_ns);
  histogram_quantiles(lanes, histograms.of[kTbtHistogram], result.completed, wanted.token,
                      kNumTokenQuantiles, result.tbt_quantiles_ns);
  histogram_quantiles(lanes, histograms.of[kDecodeHistogram], result.completed, wanted.token,
                      kNumTokenQuantiles, result.decode_quantiles_ns);
}

}  // namespace servesweep
