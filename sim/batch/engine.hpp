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
struct NoObserver {
  static constexpr bool kSeesTargets = false;
  SERVESWEEP_FUNCTION void batch(const BatchEvent&) {}
  SERVESWEEP_FUNCTION void latencies(const BinnedRequest*, std::int32_t, std::int64_t, std::int64_t,
                                     std::int64_t) {}
};

template <class Observer = NoObserver>
class BatchEngine {
 public:
  SERVESWEEP_FUNCTION BatchEngine(const BatchWorld& world, const BatchState& state,
                                  BatchHistograms& histograms, Observer& observer)
      : w_(world),
        d_(world.workload),
        s_(state),
        observer_(observer),
        recorder_(world, histograms),
        events_(state.events_ns, world.num_gpus),
        band_{world.sla_token_ms - world.sla_epsilon_ms, world.sla_token_ms + world.sla_epsilon_ms},
        is_dynamic_(world.is_dynamic()),
        free_tokens_(world.eta_tokens - world.dynamic.memory_reserve * world.eta_tokens) {
    const std::int32_t bins = d_.num_bins;
    for (std::int32_t k = 0; k < bins; ++k) {
      s_.queues[k] = {d_.bin_begin[k], d_.bin_begin[k + 1], d_.bin_begin[k]};
      s_.bins[k] = {};
      s_.bins[k].lower_edge_tokens = d_.bin_edges[k];
      s_.bins[k].upper_edge_tokens = d_.bin_edges[k + 1];
      s_.bins[k].batch_limit = -1;
      if (is_dynamic_) s_.bins[k].batch_limit = top_of(k);
      s_.controllers[k].reset(w_.dynamic, static_cast<std::int32_t>(s_.bins[k].batch_limit));
      refresh_head(k);
    }
    for (std::int32_t g = 0; g < w_.num_gpus; ++g) s_.gpus[g] = {};
    for (std::int32_t g = 0; g < w_.num_gpus; g += 64) {
      const std::int32_t here = min_of(64, w_.num_gpus - g);
      s_.idle[g / 64] = here == 64 ? ~UINT64_C(0) : (UINT64_C(1) << here) - 1;
    }
    num_idle_ = w_.num_gpus;
  }

  // Runs the world to its end and writes its result, all but the quantiles.
  SERVESWEEP_FUNCTION void run(BatchResult& result) {
    if (w_.dispatch == Dispatch::kGreedy) {
      run_greedy();
    } else {
      run_full();
    }
    result = recorder_.close(s_, status_);
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
        // Somebody waits: of the first taken_ + 1 arrivals one is left.
        bin = choose_waiting_bin(now_ns);
      }
      if (ended_by(now_ns)) return;
      const std::int32_t target = target_of(s_.controllers[bin], has_idle);
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
        while (arrivals_seen_ < d_.num_requests && d_.time_arrival_ns[arrivals_seen_] <= now_ns) {
          ++arrivals_seen_;
        }
      }
      while (num_idle_ > 0 && status_ == WorldStatus::kCompleted) {
        const std::int32_t bin = choose_full_bin();
        if (bin < 0) break;
        advance_cursor(bin);
        const std::int32_t target = target_of(s_.controllers[bin], false);
        const BinQueue& queue = s_.queues[bin];
        start(lowest_idle(), true, now_ns, bin, target,
              static_cast<std::int32_t>(min_of<std::int64_t>(queue.tail - queue.next, target)));
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
    GpuState& g = s_.gpus[gpu];
    in_flight_ -= g.feedback.batch_size;
    if (is_dynamic_) s_.controllers[g.bin].learn(w_.dynamic, g.feedback, in_flight_);
    return gpu;
  }

  SERVESWEEP_FUNCTION void release(std::int32_t gpu) {
    events_.replace_next(gpu, kNever);
    s_.idle[gpu / 64] |= UINT64_C(1) << (gpu % 64);
    ++num_idle_;
  }

  SERVESWEEP_FUNCTION std::int32_t lowest_idle() {
    std::int32_t word = 0;
    while (s_.idle[word] == 0) ++word;
    const std::int32_t gpu = word * 64 + lowest_bit(s_.idle[word]);
    s_.idle[word] &= s_.idle[word] - 1;
    --num_idle_;
    return gpu;
  }

  // -- bins ---------------------------------------------------------------------------------------

  SERVESWEEP_FUNCTION void advance_cursor(std::int32_t bin) {
    round_robin_ = bin + 1 == d_.num_bins ? 0 : bin + 1;
  }

  SERVESWEEP_FUNCTION void refresh_head(std::int32_t bin) {
    const BinQueue& queue = s_.queues[bin];
    s_.head_ns[bin] = queue.next < queue.end ? d_.requests[queue.next].arrival_ns : kNever;
  }

  // Some request waits.
  SERVESWEEP_FUNCTION std::int32_t choose_waiting_bin(std::int64_t now_ns) {
    if (d_.num_bins == 1) return 0;
    std::int32_t bin = round_robin_;
    if (w_.bin_choice == BinChoice::kRoundRobin) {
      while (s_.head_ns[bin] > now_ns) bin = bin + 1 == d_.num_bins ? 0 : bin + 1;
      advance_cursor(bin);
      return bin;
    }
    std::uint32_t most = 0;
    for (std::int32_t k = 0; k < d_.num_bins; ++k) {
      BinQueue& queue = s_.queues[k];
      queue.tail = max_of(queue.tail, queue.next);
      while (queue.tail < queue.end && d_.requests[queue.tail].arrival_ns <= now_ns) ++queue.tail;
      if (queue.tail - queue.next > most) {
        most = queue.tail - queue.next;
        bin = k;
      }
    }
    return bin;
  }

  // How many of the bin's waiting requests a batch of at most `target` takes.
  SERVESWEEP_FUNCTION std::int32_t count_waiting(std::int32_t bin, std::int32_t target,
                                                 std::int64_t now_ns) const {
    const BinQueue& queue = s_.queues[bin];
    const BinnedRequest* requests = d_.requests + queue.next;
    const std::int32_t most = static_cast<std::int32_t>(
        min_of<std::int64_t>(min_of(target, w_.max_candidates), queue.end - queue.next));
    // Gallop, then halve: most queues are short, and what lies far ahead is not in the cache.
    std::int32_t low = 1;  // the first `low` have arrived
    std::int32_t high = 2;
    while (high < most && requests[high - 1].arrival_ns <= now_ns) {
      low = high;
      high *= 2;
    }
    if (high >= most) {
      if (requests[most - 1].arrival_ns <= now_ns) return most;
      high = most;
    }
    while (high - low > 1) {
      const std::int32_t middle = (low + high) / 2;
      (requests[middle - 1].arrival_ns <= now_ns ? low : high) = middle;
    }
    return low;
  }

  // -- full dispatch ------------------------------------------------------------------------------

  // What the bin must have queued to start; its controller stays as it is.
  SERVESWEEP_FUNCTION std::int32_t needed_by(std::int32_t bin) const {
    BatchController copy = s_.controllers[bin];
    return min_of(target_of(copy, false), w_.max_candidates);
  }

  // The arrival (by time) that next makes a bin full or is the last one.
  SERVESWEEP_FUNCTION std::int64_t next_filling_arrival() const {
    if (arrivals_seen_ >= d_.num_requests) return d_.num_requests;
    std::int64_t next = d_.num_requests - 1;
    for (std::int32_t k = 0; k < d_.num_bins; ++k) {
      const std::int64_t filling = std::int64_t{s_.queues[k].next} + needed_by(k) - 1;
      if (filling < s_.queues[k].end) next = min_of<std::int64_t>(next, d_.order[filling]);
    }
    return next;
  }

  // A bin that may start a batch, or -1.
  SERVESWEEP_FUNCTION std::int32_t choose_full_bin() {
    const bool flush = arrivals_seen_ >= d_.num_requests;
    std::int32_t longest = -1;
    std::uint32_t most = 0;
    std::int32_t bin = round_robin_;
    if (w_.bin_choice == BinChoice::kLongestQueue) bin = 0;
    for (std::int32_t i = 0; i < d_.num_bins; ++i) {
      BinQueue& queue = s_.queues[bin];
      queue.tail = max_of(queue.tail, queue.next);
      while (queue.tail < queue.end && d_.order[queue.tail] < arrivals_seen_) ++queue.tail;
      const std::uint32_t waiting = queue.tail - queue.next;
      if (waiting > most && (flush || waiting >= static_cast<std::uint32_t>(needed_by(bin)))) {
        if (w_.bin_choice == BinChoice::kRoundRobin) return bin;
        most = waiting;
        longest = bin;
      }
      bin = bin + 1 == d_.num_bins ? 0 : bin + 1;
    }
    return longest;
  }

  // -- batches ------------------------------------------------------------------------------------

  SERVESWEEP_FUNCTION std::int32_t top_of(std::int32_t bin) const {
    if (w_.scheduler != SchedulerKind::kMultiBinDynamic) return w_.dynamic.b_max;
    return bin_batch_limit(d_.bin_edges[bin], d_.bin_edges[bin + 1], w_.bin_limit_cap_tokens,
                           w_.bin_memory_gb, w_.kv_gb_per_token, w_.dynamic.b_max);
  }

  // Wanting a target moves the controller. Where a request runs alone whatever the target, only
  // that is done, unless somebody wants to see the target.
  SERVESWEEP_FUNCTION std::int32_t target_of(BatchController& controller, bool alone) const {
    if (!is_dynamic_) return w_.fixed_target;
    const std::int32_t sla = controller.sla_target(w_.dynamic, band_);
    if (alone && !Observer::kSeesTargets) return sla;
    return min_of(controller.memory_target(w_.dynamic, free_tokens_, in_flight_), sla);
  }

  // Starts the first `available` >= 1 requests of a bin, or as many of them as fit. The GPU was
  // idle, or has just completed.
  SERVESWEEP_INLINE void start(std::int32_t gpu, bool was_idle, std::int64_t now_ns,
                               std::int32_t bin, std::int32_t target, std::int32_t available) {
    BinQueue& queue = s_.queues[bin];
    const std::uint32_t first = queue.next;
    std::int32_t size = min_of(available, w_.max_candidates);
    RangeSummary batch = summarize(d_, first, size);
    bool overcommits = false;
    if (batch.total_tokens > w_.memory_limit_tokens) {
      if (is_dynamic_) {
        std::int64_t tokens = batch.total_tokens;
        while (tokens > w_.memory_limit_tokens) tokens -= d_.requests[first + --size].total_tokens;
        batch = summarize(d_, first, size);
      } else {
        overcommits = true;
      }
    }

    const ServiceTime service =
        w_.service.time({size, batch.longest_tokens, batch.longest_output, batch.largest_draw});
    const double duration = min_of(service.total_ms * 1e6, static_cast<double>(kClockEnd_ns));
    const std::int64_t service_ns = round_to_int64(duration);
    if (service_ns > kClockEnd_ns - now_ns) {
      status_ = WorldStatus::kClockOverflow;
      return;
    }
    const std::int64_t finish_ns = now_ns + service_ns;

    queue.next += size;
    refresh_head(bin);
    taken_ += size;
    in_flight_ += size;
    if (was_idle) {
      events_.add(gpu, finish_ns);
    } else {
      events_.replace_next(gpu, finish_ns);
    }
    GpuState& g = s_.gpus[gpu];
    g.bin = bin;
    const auto b = static_cast<double>(size);
    g.feedback = {static_cast<double>(batch.total_tokens - batch.output_tokens) / b,
                  static_cast<double>(batch.output_tokens) / b, service.decode_ms, size};

    const bool completes = finish_ns <= w_.time_limit_ns;
    if (completes) {
      g.busy_ns += service_ns;
      ++g.batches;
      recorder_.record({batch, service, d_.requests + first, size, now_ns, finish_ns, overcommits},
                       s_.bins[bin], observer_);
    }
    observer_.batch({now_ns, finish_ns, size * now_ns - batch.arrival_sum_ns, batch.total_tokens,
                     d_.order[first], gpu, bin, size, target, batch.longest_tokens,
                     batch.longest_output, completes});
  }

  const BatchWorld& w_;
  const BinnedWorkload& d_;
  const BatchState& s_;
  Observer& observer_;
  BatchRecorder recorder_;
  GpuEvents events_;
  SlaBand band_;
  bool is_dynamic_;
  double free_tokens_;              // eta - L0
  std::int64_t taken_ = 0;          // admitted requests in batches so far
  std::int64_t arrivals_seen_ = 0;  // full dispatch: arrivals that have joined their queues
  std::int32_t in_flight_ = 0;      // requests running now
  std::int32_t num_idle_ = 0;
  std::int32_t round_robin_ = 0;
  WorldStatus status_ = WorldStatus::kCompleted;
};

}  // namespace servesweep
