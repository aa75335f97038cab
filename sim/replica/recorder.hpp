// What a replica's iterations and completed requests add to the world's histograms and to its own
// tally. All sums are integers, so that their order does not matter.
#pragma once

#include "sim/replica/observer.hpp"
#include "sim/replica/state.hpp"

namespace servesweep {

template <class Lanes>
class ReplicaRecorder {
 public:
  SERVESWEEP_FUNCTION ReplicaRecorder(const Lanes& lanes, const ReplicaWorld& world,
                                      const ReplicaStates& state, std::int32_t index,
                                      const LatencyHistograms& histograms)
      : lanes_(lanes),
        w_(world),
        state_(state),
        r_(state.replicas[index]),
        h_(histograms),
        index_(index) {}

  // An inter-token time of n sequences.
  SERVESWEEP_FUNCTION void gap(Ticks span, std::int32_t n) {
    if (n == 0) return;
    const double span_ns = ns_of(span);
    count_gaps(n, span * n, span_ns);
    count(LatencyKind::kItl, span_ns, static_cast<std::uint32_t>(n));
  }

  // Iterations begin .. end - 1 of a line, each an inter-token time of n sequences; they take
  // `span` together.
  SERVESWEEP_FUNCTION void gaps(const IterationLine& line, std::int64_t begin, std::int64_t end,
                                Ticks span, std::int32_t n) {
    if (begin >= end) return;
    const double first_ns = ns_of(line.at(begin));
    const double last_ns = ns_of(line.at(end - 1));
    count_gaps(n * (end - begin), span * n, max_of(first_ns, last_ns));
    std::int32_t here = HistogramLayout::bucket(first_ns);
    const std::int32_t last = HistogramLayout::bucket(last_ns);
    while (here != last) {
      const std::int64_t next = leaves(line, here, begin, end);
      add(LatencyKind::kItl, here, static_cast<std::uint32_t>(n * (next - begin)));
      begin = next;
      here = HistogramLayout::bucket(ns_of(line.at(begin)));
    }
    add(LatencyKind::kItl, last, static_cast<std::uint32_t>(n * (end - begin)));
  }

  SERVESWEEP_FUNCTION CompletedRequest served(const Sequence& s, std::int32_t replica,
                                              Ticks end) const {
    const std::int32_t steps = s.output - w_.prefill_tokens_out();
    CompletedRequest request;
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

  SERVESWEEP_FUNCTION void completed(const CompletedRequest& q) {
    const Ticks queue = q.first_scheduled - q.arrival;
    const Ticks ttft = q.first_token - q.arrival;
    const Ticks e2e = q.end - q.arrival;
    const double queue_ns = ns_of(queue);
    const double ttft_ns = ns_of(ttft);
    const double e2e_ns = ns_of(e2e);
    ReplicaTally& t = r_.tally;
    ++t.completed;
    t.prompt_tokens += q.prompt_tokens;
    t.output_tokens += q.output_tokens;
    t.queue_sum += queue;
    t.ttft_sum += ttft;
    t.e2e_sum += e2e;
    t.queue_share_sum += round_to_int64(queue_ns / e2e_ns / kShareUnit);
    const bool keeps_limits =
        ttft <= w_.ttft_limit && q.tpot_ps <= w_.tpot_limit_ps && e2e <= w_.e2e_limit;
    t.within_limits += keeps_limits;
    if (w_.requests.num_classes > 0) count_class(q, keeps_limits);
    ReplicaPeaks& p = r_.peaks;
    p.queue_ns = max_of(p.queue_ns, queue_ns);
    p.ttft_ns = max_of(p.ttft_ns, ttft_ns);
    p.e2e_ns = max_of(p.e2e_ns, e2e_ns);
    p.last_completion = max_of(p.last_completion, q.end);
    count(LatencyKind::kQueue, queue_ns, 1);
    count(LatencyKind::kTtft, ttft_ns, 1);
    count(LatencyKind::kE2e, e2e_ns, 1);
    if (q.tpot_ps >= 0) {
      ++t.timed_outputs;
      t.tpot_sum_ps += q.tpot_ps;
      p.max_tpot_ps = max_of(p.max_tpot_ps, q.tpot_ps);
      count(LatencyKind::kTpot, static_cast<double>(q.tpot_ps) * 1e-3, 1);
    }
  }

 private:
  SERVESWEEP_FUNCTION void count_class(const CompletedRequest& q, bool keeps_limits) {
    const std::int32_t index = w_.class_of(q.request);
    ClassTally& t = state_.class_tally(w_, index_, q.request);
    ++t.completed;
    t.within_limits += keeps_limits;
    t.queue_sum += q.first_scheduled - q.arrival;
    t.ttft_sum += q.first_token - q.arrival;
    t.e2e_sum += q.end - q.arrival;
    const double values_ns[] = {ns_of(q.first_scheduled - q.arrival),
                                ns_of(q.first_token - q.arrival),
                                static_cast<double>(q.tpot_ps) * 1e-3, ns_of(q.end - q.arrival)};
    for (int i = 0; i < kNumRequestLatencies; ++i) {
      if (request_latency(i) == LatencyKind::kTpot) {
        if (q.tpot_ps < 0) continue;
        ++t.timed_outputs;
        t.tpot_sum_ps += q.tpot_ps;
      }
      t.largest_ns[i] = max_of(t.largest_ns[i], values_ns[i]);
      lanes_.add(state_.counts_of_class(index, i)[HistogramLayout::bucket(values_ns[i])], 1u);
    }
  }

  SERVESWEEP_FUNCTION void count_gaps(std::int64_t gaps, Ticks sum, double largest_ns) {
    r_.tally.token_gaps += gaps;
    r_.tally.gap_sum += sum;
    r_.peaks.gap_ns = max_of(r_.peaks.gap_ns, largest_ns);
  }

  // First iteration of begin + 1 .. end - 1 that is in another bucket than iteration `begin`.
  SERVESWEEP_FUNCTION static std::int64_t leaves(const IterationLine& line, std::int32_t bucket_of,
                                                 std::int64_t begin, std::int64_t end) {
    std::int64_t inside = begin;
    std::int64_t outside = end - 1;
    while (outside - inside > 1) {
      const std::int64_t middle = inside + (outside - inside) / 2;
      const bool is_inside = HistogramLayout::bucket(ns_of(line.at(middle))) == bucket_of;
      (is_inside ? inside : outside) = middle;
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
  const ReplicaWorld& w_;
  const ReplicaStates& state_;
  Replica& r_;
  const LatencyHistograms& h_;
  std::int32_t index_;
};

}  // namespace servesweep
