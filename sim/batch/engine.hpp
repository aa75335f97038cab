// The batch engine: batches that run to completion on identical GPUs, as docs/batch_engine.md
// states it (the model of the public Python simulator llm-scheduler-sim; multi-bin batching of
// Guldogan et al. 2024, arXiv:2412.04504, dynamic batching of Pang et al. 2025, arXiv:2503.05248).
// Times are int64 ns since the first arrival.
//
// While every GPU is busy an arrival changes nothing, so arrivals are events only while some GPU is
// idle; a queue is a cursor into arrays that worlds share, its tail implied by the clock.
#pragma once

#include "sim/batch/range_summary.hpp"
#include "sim/batch/recorder.hpp"
#include "sim/batch/state.hpp"
#include "sim/batch/world.hpp"

namespace servesweep {

// One started batch, for observers.
struct BatchEvent {
  std::int64_t start_ns = 0;
  std::int64_t finish_ns = 0;
  std::int64_t wait_sum_ns = 0;  // over its requests
  std::int64_t total_tokens = 0;
  std::uint32_t first_request = 0;  // place among all admitted arrivals
  std::int32_t gpu = 0;
  std::int32_t bin = 0;
  std::int32_t size = 0;
  std::int32_t target = 0;
  std::int32_t longest_tokens = 0;
  std::int32_t longest_output = 0;
  std::int32_t completed = 0;  // 0: still running when the world ended
};

// Observers see every batch and every completed request range; this one costs nothing.
struct NoBatchObserver {
  static constexpr bool kSeesTargets = false;
  template <class Lanes>
  SERVESWEEP_FUNCTION void batch(const Lanes&, const BatchEvent&) {}
  template <class Lanes>
  SERVESWEEP_FUNCTION void latencies(const Lanes&, const BinnedRequest*, std::int32_t, std::int64_t,
                                     std::int64_t, std::int64_t) {}
};

template <class Lanes, class Observer = NoBatchObserver>
class BatchEngine {
 public:
  SERVESWEEP_FUNCTION BatchEngine(const Lanes& lanes, const BatchWorld& world,
                                  const BatchState& state, BatchHistograms& histograms,
                                  Observer& observer)
      : lanes_(lanes),
        w_(world),
        d_(world.workload),
        s_(state),
        observer_(observer),
        recorder_(lanes, world, *state.result, histograms),
        events_(lanes, state.events_ns, world.num_gpus),
        is_dynamic_(world.is_dynamic()) {
    lanes_.for_each(d_.num_bins, [&](std::int32_t k) {
      s_.queues[k] = {d_.bin_begin[k], d_.bin_begin[k + 1], d_.bin_begin[k]};
      s_.bins[k] = {};
      s_.bins[k].lower_edge_tokens = d_.bin_edges[k];
      s_.bins[k].upper_edge_tokens = d_.bin_edges[k + 1];
      s_.bins[k].batch_limit = is_dynamic_ ? top_of(k) : -1;
      s_.controllers[k].reset(w_.dynamic, static_cast<std::int32_t>(s_.bins[k].batch_limit));
      s_.head_ns[k] = head_of(s_.queues[k]);
    });
    lanes_.for_each(w_.num_gpus, [&](std::int32_t g) { s_.gpus[g] = {}; });
    lanes_.for_each(num_idle_words(), [&](std::int32_t word) {
      const std::int32_t here = min_of(64, w_.num_gpus - word * 64);
      s_.idle[word] = here == 64 ? ~UINT64_C(0) : (UINT64_C(1) << here) - 1;
    });
    num_idle_ = w_.num_gpus;
  }

  // Runs the world to its end; its result, all but the quantiles, is then in the state.
  SERVESWEEP_FUNCTION void run() {
    lanes_.all([&] {
      if (w_.dispatch == Dispatch::kGreedy) {
        run_greedy();
      } else {
        run_full();
      }
    });
    recorder_.close(s_, status_);
  }

 private:
  // -- events -------------------------------------------------------------------------------------

  SERVESWEEP_FUNCTION void run_greedy() {
    while (taken_ < d_.num_requests && status_ == WorldStatus::kCompleted) {
      const std::int64_t arrival_ns = d_.time_arrival_ns[taken_];
      const std::int64_t completion_ns = events_.next_time_ns();
      const bool has_idle = num_idle_ > 0;
      const std::int64_t now_ns = has_idle ? min_of(arrival_ns, completion_ns) : completion_ns;
      std::int32_t gpu = 0;
      std::int32_t bin = 0;
      if (has_idle && arrival_ns <= completion_ns) {
        // Queues are empty while a GPU is idle: the arrival runs at once, alone.
        gpu = lowest_idle();
        bin = d_.time_bin[taken_];
        advance_cursor(bin);
      } else {
        gpu = complete();
        if (has_idle || arrival_ns > now_ns) {
          release(gpu);
          continue;
        }
        // A request waits: of the first taken_ + 1 arrivals one is left.
        bin = choose_waiting_bin(now_ns);
      }
      if (ended_by(now_ns)) return;
      const std::int32_t target = want_target(bin, has_idle);
      start(gpu, has_idle, now_ns, bin, target, has_idle ? 1 : count_waiting(bin, target, now_ns));
    }
  }

  // Batches wait until they are full, so an idle GPU waits for the arrival that fills one.
  SERVESWEEP_FUNCTION void run_full() {
    while (taken_ < d_.num_requests && status_ == WorldStatus::kCompleted) {
      const std::int64_t trigger = num_idle_ > 0 ? next_filling_arrival() : d_.num_requests;
      const std::int64_t arrival_ns =
          trigger < d_.num_requests ? d_.time_arrival_ns[trigger] : kNever;
      std::int64_t now_ns = events_.next_time_ns();
      if (arrival_ns <= now_ns) {
        now_ns = arrival_ns;
        if (ended_by(now_ns)) return;
        arrivals_seen_ = trigger + 1;
      } else {
        if (ended_by(now_ns)) return;
        release(complete());
        const std::int64_t* later_ns = d_.time_arrival_ns + arrivals_seen_;
        arrivals_seen_ +=
            lanes_.count_leading(static_cast<std::int32_t>(d_.num_requests - arrivals_seen_),
                                 [=](std::int32_t i) { return later_ns[i] <= now_ns; });
      }
      while (num_idle_ > 0 && status_ == WorldStatus::kCompleted) {
        const std::int32_t bin = choose_full_bin();
        if (bin < 0) break;
        advance_cursor(bin);
        const std::int32_t target = want_target(bin, false);
        const std::uint32_t queued = s_.queues[bin].tail - s_.queues[bin].next;
        start(lowest_idle(), true, now_ns, bin, target,
              static_cast<std::int32_t>(min_of<std::int64_t>(queued, target)));
      }
    }
  }

  // The time limit; true stops the world.
  SERVESWEEP_FUNCTION bool ended_by(std::int64_t now_ns) {
    if (now_ns > w_.time_limit_ns) {
      status_ = WorldStatus::kTimeLimit;
      return true;
    }
    return false;
  }

  // Ends the batch that is next to complete; its GPU is free but not yet idle.
  SERVESWEEP_FUNCTION std::int32_t complete() {
    const std::int32_t gpu = events_.next_gpu();
    const GpuState& g = s_.gpus[gpu];
    in_flight_ -= g.feedback.batch_size;
    if (is_dynamic_) {
      lanes_.once([&] { s_.controllers[g.bin].learn(w_.dynamic, g.feedback, in_flight_); });
    }
    return gpu;
  }

  SERVESWEEP_FUNCTION void release(std::int32_t gpu) {
    events_.replace_next(gpu, kNever);
    lanes_.once([&] { s_.idle[gpu / 64] |= UINT64_C(1) << (gpu % 64); });
    ++num_idle_;
  }

  SERVESWEEP_FUNCTION std::int32_t num_idle_words() const { return (w_.num_gpus + 63) / 64; }

  SERVESWEEP_FUNCTION std::int32_t lowest_idle() {
    const std::int32_t word =
        lanes_.first(num_idle_words(), [&](std::int32_t i) { return s_.idle[i] != 0; });
    const std::uint64_t bits = s_.idle[word];
    lanes_.once([&] { s_.idle[word] = bits & (bits - 1); });
    --num_idle_;
    return word * 64 + lowest_bit(bits);
  }

  // -- bins ---------------------------------------------------------------------------------------

  SERVESWEEP_FUNCTION void advance_cursor(std::int32_t bin) {
    round_robin_ = bin + 1 == d_.num_bins ? 0 : bin + 1;
  }

  SERVESWEEP_FUNCTION std::int32_t wrapped(std::int32_t bin) const {
    return bin < d_.num_bins ? bin : bin - d_.num_bins;
  }

  SERVESWEEP_FUNCTION std::int64_t head_of(const BinQueue& queue) const {
    return queue.next < queue.end ? d_.requests[queue.next].arrival_ns : kNever;
  }

  // Some request waits.
  SERVESWEEP_FUNCTION std::int32_t choose_waiting_bin(std::int64_t now_ns) {
    if (d_.num_bins == 1) return 0;
    if (w_.bin_choice == BinChoice::kRoundRobin) {
      const std::int32_t skipped = lanes_.first(d_.num_bins, [&](std::int32_t i) {
        return s_.head_ns[wrapped(round_robin_ + i)] <= now_ns;
      });
      const std::int32_t bin = wrapped(round_robin_ + skipped);
      advance_cursor(bin);
      return bin;
    }
    const auto has_arrived = [&](std::uint32_t i) { return d_.requests[i].arrival_ns <= now_ns; };
    return longest_queue(has_arrived, [](std::int32_t, std::uint32_t) { return true; });
  }

  // Requests of a bin that wait; remembers how far they reach. By one lane.
  template <class HasArrived>
  SERVESWEEP_FUNCTION std::uint32_t count_queued(std::int32_t bin,
                                                 const HasArrived& has_arrived) const {
    BinQueue& queue = s_.queues[bin];
    queue.tail = max_of(queue.tail, queue.next);
    while (queue.tail < queue.end && has_arrived(queue.tail)) ++queue.tail;
    return queue.tail - queue.next;
  }

  // The bin with most requests waiting, the lowest of equals, among those where may_start(bin,
  // waiting); -1: none.
  template <class HasArrived, class MayStart>
  SERVESWEEP_FUNCTION std::int32_t longest_queue(const HasArrived& has_arrived,
                                                 const MayStart& may_start) const {
    return lanes_
        .template reduce<LongestQueue>(d_.num_bins,
                                       [&](std::int32_t bin, LongestQueue& longest) {
                                         const std::uint32_t waiting =
                                             count_queued(bin, has_arrived);
                                         const LongestQueue here = {waiting, bin};
                                         if (here.beats(longest) && may_start(bin, waiting)) {
                                           longest = here;
                                         }
                                       })
        .bin;
  }

  struct LongestQueue {
    std::uint32_t waiting = 0;
    std::int32_t bin = -1;
    SERVESWEEP_FUNCTION bool beats(const LongestQueue& other) const {
      return waiting > other.waiting ||
             (waiting == other.waiting && waiting > 0 && bin < other.bin);
    }
    SERVESWEEP_FUNCTION void join(const LongestQueue& other) {
      if (other.beats(*this)) *this = other;
    }
    template <class F>
    SERVESWEEP_FUNCTION LongestQueue exchanged(const F& f) const {
      return {f(waiting), f(bin)};
    }
  };

  // How many of the bin's waiting requests, at least one, a batch of at most `target` takes.
  SERVESWEEP_FUNCTION std::int32_t count_waiting(std::int32_t bin, std::int32_t target,
                                                 std::int64_t now_ns) const {
    const BinQueue& queue = s_.queues[bin];
    const BinnedRequest* after_first = d_.requests + queue.next + 1;
    const auto most = static_cast<std::int32_t>(
        min_of<std::int64_t>(min_of(target, w_.max_candidates), queue.end - queue.next));
    return 1 + lanes_.count_leading(
                   most - 1, [=](std::int32_t i) { return after_first[i].arrival_ns <= now_ns; });
  }

  // -- full dispatch ------------------------------------------------------------------------------

  // What the bin must have queued to start.
  SERVESWEEP_FUNCTION std::int32_t needed_by(std::int32_t bin) const {
    if (!is_dynamic_) return min_of(w_.fixed_target, w_.max_candidates);
    const BatchController& controller = s_.controllers[bin];
    return min_of(target_of(controller, controller.sla_target(w_.dynamic, w_.sla_band)),
                  w_.max_candidates);
  }

  // The arrival (by time) that next makes a bin full or is the last one.
  SERVESWEEP_FUNCTION std::int64_t next_filling_arrival() const {
    if (arrivals_seen_ >= d_.num_requests) return d_.num_requests;
    const EarliestArrival next = lanes_.template reduce<EarliestArrival>(
        d_.num_bins, [&](std::int32_t k, EarliestArrival& earliest) {
          const std::int64_t filling = std::int64_t{s_.queues[k].next} + needed_by(k) - 1;
          if (filling < s_.queues[k].end) earliest.join({d_.order[filling]});
        });
    return min_of<std::int64_t>(next.place, d_.num_requests - 1);
  }

  struct EarliestArrival {
    std::uint32_t place = UINT32_MAX;  // among all admitted arrivals
    SERVESWEEP_FUNCTION void join(const EarliestArrival& other) {
      place = min_of(place, other.place);
    }
    template <class F>
    SERVESWEEP_FUNCTION EarliestArrival exchanged(const F& f) const {
      return {f(place)};
    }
  };

  // A bin that may start a batch, or -1.
  SERVESWEEP_FUNCTION std::int32_t choose_full_bin() {
    const bool flush = arrivals_seen_ >= d_.num_requests;
    const auto has_arrived = [&](std::uint32_t i) { return d_.order[i] < arrivals_seen_; };
    const auto is_full = [&](std::int32_t bin, std::uint32_t waiting) {
      return waiting > 0 && (flush || waiting >= static_cast<std::uint32_t>(needed_by(bin)));
    };
    if (w_.bin_choice == BinChoice::kLongestQueue) return longest_queue(has_arrived, is_full);
    const std::int32_t skipped = lanes_.first(d_.num_bins, [&](std::int32_t i) {
      const std::int32_t bin = wrapped(round_robin_ + i);
      return is_full(bin, count_queued(bin, has_arrived));
    });
    return skipped == d_.num_bins ? -1 : wrapped(round_robin_ + skipped);
  }

  // -- batches ------------------------------------------------------------------------------------

  SERVESWEEP_FUNCTION std::int32_t top_of(std::int32_t bin) const {
    if (w_.scheduler != SchedulerKind::kMultiBinDynamic) return w_.dynamic.b_max;
    return bin_batch_limit(d_.bin_edges[bin], d_.bin_edges[bin + 1], w_.bin_limit_cap_tokens,
                           w_.bin_memory_gb, w_.kv_gb_per_token, w_.dynamic.b_max);
  }

  SERVESWEEP_FUNCTION std::int32_t target_of(const BatchController& controller,
                                             const SlaTarget& sla) const {
    return min_of(controller.memory_target(w_.dynamic, w_.free_tokens, in_flight_), sla.size);
  }

  // Wanting a target moves the bin's controller. Where a request runs alone whatever the target,
  // only that is done, unless an observer wants to see the target.
  SERVESWEEP_FUNCTION std::int32_t want_target(std::int32_t bin, bool alone) const {
    if (!is_dynamic_) return w_.fixed_target;
    BatchController& controller = s_.controllers[bin];
    const SlaTarget sla = controller.sla_target(w_.dynamic, w_.sla_band);
    lanes_.once([&] {
      controller.low = sla.low;
      controller.high = sla.high;
    });
    return alone && !Observer::kSeesTargets ? sla.size : target_of(controller, sla);
  }

  // Starts the first `available` >= 1 requests of a bin, or as many as fit. The GPU was
  // idle, or has just completed.
  SERVESWEEP_INLINE void start(std::int32_t gpu, bool was_idle, std::int64_t now_ns,
                               std::int32_t bin, std::int32_t target, std::int32_t available) {
    const BinQueue queue = s_.queues[bin];
    const BinnedRequest* requests = d_.requests + queue.next;
    std::int32_t size = min_of(available, w_.max_candidates);
    RangeSummary batch = summarize(lanes_, requests, size);
    bool overcommits = false;
    if (batch.total_tokens > w_.memory_limit_tokens) {
      if (is_dynamic_) {
        std::int64_t tokens = batch.total_tokens;
        while (tokens > w_.memory_limit_tokens) tokens -= requests[--size].total_tokens;
        batch = summarize(lanes_, requests, size);
      } else {
        overcommits = true;
      }
    }

    const double draw =
        largest_draw(lanes_, d_.draws == nullptr ? nullptr : d_.draws + queue.next, size);
    const ServiceTime service =
        w_.service.time({size, batch.longest_tokens, batch.longest_output, draw});
    const double duration = min_of(service.total_ms * 1e6, static_cast<double>(kClockEnd_ns));
    const std::int64_t service_ns = round_to_int64(duration);
    if (service_ns > kClockEnd_ns - now_ns) {
      status_ = WorldStatus::kClockOverflow;
      return;
    }
    const std::int64_t finish_ns = now_ns + service_ns;

    taken_ += size;
    in_flight_ += size;
    if (was_idle) {
      events_.add(gpu, finish_ns);
    } else {
      events_.replace_next(gpu, finish_ns);
    }
    const bool completes = finish_ns <= w_.time_limit_ns;
    lanes_.once([&] {
      s_.queues[bin].next = queue.next + static_cast<std::uint32_t>(size);
      s_.head_ns[bin] = head_of(s_.queues[bin]);
      GpuState& g = s_.gpus[gpu];
      const auto b = static_cast<double>(size);
      g.bin = bin;
      g.feedback = {static_cast<double>(batch.total_tokens - batch.output_tokens) / b,
                    static_cast<double>(batch.output_tokens) / b, service.decode_ms, size};
      g.busy_ns += min_of(finish_ns, w_.time_limit_ns) - now_ns;
      g.batches += completes;
    });
    if (completes) {
      recorder_.record({batch, service, requests, size, now_ns, finish_ns, overcommits},
                       s_.bins[bin], observer_);
    } else {
      recorder_.cut(batch, size);
    }
    observer_.batch(lanes_, {now_ns, finish_ns, size * now_ns - batch.arrival_sum_ns,
                             batch.total_tokens, d_.order[queue.next], gpu, bin, size, target,
                             batch.longest_tokens, batch.longest_output, completes});
  }

  const Lanes& lanes_;
  const BatchWorld& w_;
  const BinnedWorkload& d_;
  const BatchState& s_;
  Observer& observer_;
  BatchRecorder<Lanes> recorder_;
  GpuEvents<Lanes> events_;
  bool is_dynamic_;
  std::int64_t taken_ = 0;          // admitted requests in batches so far
  std::int64_t arrivals_seen_ = 0;  // full dispatch: arrivals that have joined their queues
  std::int32_t in_flight_ = 0;      // requests running now
  std::int32_t num_idle_ = 0;
  std::int32_t round_robin_ = 0;
  WorldStatus status_ = WorldStatus::kCompleted;
};

}  // namespace servesweep
