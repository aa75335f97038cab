// What a replica's iterations and completed requests add to the world's histograms and to its own
// tally. All sums are integers, so that their order does not matter.
#pragma once

#include "sim/continuous/state.hpp"

namespace servesweep {

// One completed request, for observers. Times in ticks since the first arrival of the world.
struct ServedRequest {
  std::uint32_t request = 0;
  std::int32_t replica = 0;
  std::int32_t prompt_tokens = 0;
  std::int32_t output_tokens = 0;
  Ticks arrival = 0;
  Ticks first_scheduled = 0;
  Ticks first_token = 0;      // end of the first prefill
  Ticks end = 0;              // as the client sees it
  std::int64_t tpot_ps = -1;  // -1: the prefill was all
};

template <class Lanes>
class ReplicaRecorder {
 public:
  SERVESWEEP_FUNCTION ReplicaRecorder(const Lanes& lanes, const ContinuousWorld& world,
                                      Replica& replica, const ContinuousHistograms& histograms)
      : lanes_(lanes), w_(world), r_(replica), h_(histograms) {}

  // An inter-token time of n sequences.
  SERVESWEEP_FUNCTION void gap(Ticks span, std::int32_t n) {
    if (n == 0) return;
    count(LatencyKind::kItl, ns_of(span), static_cast<std::uint32_t>(n));
    r_.tally.token_gaps += n;
    r_.tally.gap_sum += span * n;
    r_.peaks.gap = max_of(r_.peaks.gap, span);
  }

  // Iterations begin .. end - 1 of a line, each an inter-token time of n sequences; they take
  // `span` together.
  SERVESWEEP_FUNCTION void gaps(const IterationLine& line, std::int64_t begin, std::int64_t end,
                                Ticks span, std::int32_t n) {
    if (begin >= end) return;
    const Ticks last = line.first + line.step * (end - 1);
    r_.tally.token_gaps += n * (end - begin);
    r_.tally.gap_sum += span * n;
    r_.peaks.gap = max_of(r_.peaks.gap, max_of(last, line.first + line.step * begin));
    const std::int32_t last_bucket = bucket(last);
    while (begin < end) {
      const std::int32_t here = bucket(line.first + line.step * begin);
      const std::int64_t next = here == last_bucket ? end : leaves(line, here, begin, end);
      add(LatencyKind::kItl, here, static_cast<std::uint32_t>(n * (next - begin)));
      begin = next;
    }
  }

  SERVESWEEP_FUNCTION ServedRequest served(const Sequence& s, std::int32_t replica,
                                           Ticks end) const {
    const std::int32_t steps = s.output - w_.prefill_tokens_out();
    ServedRequest request;
    request.request = s.request;
    request.replica = replica;
    request.prompt_tokens = s.prompt;
    request.output_tokens = s.output;
    request.arrival = ticks_of_ns(s.arrival_ns);
    request.first_scheduled = s.first_scheduled;
    request.first_token = s.first_token;
    request.end = end;
    if (steps > 0) {
      request.tpot_ps = round_to_int64(
          min_of(ns_of(end - s.first_token) * 1e3 / static_cast<double>(steps), 9e18));
    }
    return request;
  }

  SERVESWEEP_FUNCTION void completed(const ServedRequest& q) {
    const Ticks queue = q.first_scheduled - q.arrival;
    const Ticks ttft = q.first_token - q.arrival;
    const Ticks e2e = q.end - q.arrival;
    const double queue_ns = ns_of(queue);
    const double e2e_ns = ns_of(e2e);
    ReplicaTally& t = r_.tally;
    ++t.completed;
    t.prompt_tokens += q.prompt_tokens;
    t.output_tokens += q.output_tokens;
    t.queue_sum += queue;
    t.ttft_sum += ttft;
    t.e2e_sum += e2e;
    t.queue_share_sum += round_to_int64(queue_ns / e2e_ns / kShareUnit);
    t.within_limits +=
        ttft <= w_.ttft_limit && q.tpot_ps <= w_.tpot_limit_ps && e2e <= w_.e2e_limit;
    ReplicaPeaks& p = r_.peaks;
    p.queue = max_of(p.queue, queue);
    p.ttft = max_of(p.ttft, ttft);
    p.e2e = max_of(p.e2e, e2e);
    p.last_completion = max_of(p.last_completion, q.end);
    count(LatencyKind::kQueue, queue_ns, 1);
    count(LatencyKind::kTtft, ns_of(ttft), 1);
    count(LatencyKind::kE2e, e2e_ns, 1);
    if (q.tpot_ps >= 0) {
      ++t.timed_outputs;
      t.tpot_sum_ps += q.tpot_ps;
      p.max_tpot_ps = max_of(p.max_tpot_ps, q.tpot_ps);
      count(LatencyKind::kTpot, static_cast<double>(q.tpot_ps) * 1e-3, 1);
    }
  }

 private:
  SERVESWEEP_FUNCTION static std::int32_t bucket(Ticks span) {
    return HistogramLayout::bucket(ns_of(span));
  }

  // First iteration of begin + 1 .. end - 1 that is in another bucket than iteration `begin`.
  SERVESWEEP_FUNCTION static std::int64_t leaves(const IterationLine& line, std::int32_t bucket_of,
                                                 std::int64_t begin, std::int64_t end) {
    std::int64_t inside = begin;
    std::int64_t outside = end - 1;
    while (outside - inside > 1) {
      const std::int64_t middle = inside + (outside - inside) / 2;
      (bucket(line.first + line.step * middle) == bucket_of ? inside : outside) = middle;
    }
    return outside;
  }

  SERVESWEEP_FUNCTION void count(LatencyKind kind, double value_ns, std::uint32_t n) {
    add(kind, HistogramLayout::bucket(value_ns), n);
  }
  SERVESWEEP_FUNCTION void add(LatencyKind kind, std::int32_t bucket, std::uint32_t n) {
    const int k = static_cast<int>(kind);
    r_.touched[k] |= std::uint64_t{1} << (bucket >> HistogramLayout::kSubBucketBits);
    lanes_.add(h_.of[k].counts[bucket], n);
  }

  const Lanes& lanes_;
  const ContinuousWorld& w_;
  Replica& r_;
  const ContinuousHistograms& h_;
};

}  // namespace servesweep
