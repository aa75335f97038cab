// One replica: its queue, and what it schedules (docs/continuous_engine.md). A flight of decodes
// ends with the next completion, where KV blocks run out, where the service model's line ends, or
// at the first end of an iteration at which a new arrival could be admitted.
#pragma once

#include "sim/continuous/invariants.hpp"
#include "sim/continuous/replica_flights.hpp"
#include "sim/continuous/waiting_queue.hpp"

namespace servesweep {

template <class Lanes, class Observer>
class ReplicaEngine {
 public:
  SERVESWEEP_FUNCTION ReplicaEngine(const Lanes& lanes, const ContinuousWorld& world,
                                    const ContinuousState& state,
                                    const ContinuousHistograms& histograms, Observer& observer,
                                    std::int32_t index)
      : w_(world),
        state_(state),
        r_(state.replicas[index]),
        next_ns_(state.next_ns[index]),
        s_(world, state, index),
        flights_(lanes, world, state, histograms, observer, index, s_),
        index_(index) {}
  // Its parts know one another.
  ReplicaEngine(const ReplicaEngine&) = delete;
  ReplicaEngine& operator=(const ReplicaEngine&) = delete;

  SERVESWEEP_FUNCTION static void reset(const ContinuousWorld& world, const ContinuousState& state,
                                        std::int32_t index) {
    state.replicas[index] = {};
    state.next_ns[index] = kNever;
    ReplicaSequences(world, state, index).reset();
  }

  // Ends every flight that ends before `until_ns` and no later than the world, and schedules what
  // comes after.
  SERVESWEEP_FUNCTION void advance(std::int64_t until_ns) {
    while (next_ns_ < until_ns) {
      if (r_.end > time_limit()) return;
      const Ticks now = r_.end;
      flights_.land();
      check(Flight::kIdle);
      schedule(now);
      check(r_.flight);
    }
  }

  // The world ends at its time limit: of a flight the iterations until then still count.
  SERVESWEEP_FUNCTION void stop() {
    const Ticks limit = time_limit();
    flights_.land_by(limit);
    r_.tally.running_area += limit * r_.num_running;
    r_.tally.waiting_area += limit * r_.num_waiting;
  }

  SERVESWEEP_FUNCTION void arrive(std::uint32_t request, std::int64_t arrival_ns) {
    const bool queue_was_empty = queue().is_empty();
    queue().push(request);
    ++r_.num_waiting;
    r_.peaks.waiting = max_of<std::int64_t>(r_.peaks.waiting, r_.num_waiting);
    r_.tally.waiting_area -= ticks_of_ns(arrival_ns);
    r_.last_arrival_ns = arrival_ns;
    if (r_.flight == Flight::kIdle || r_.flight == Flight::kWaking) {
      flights_.wake_at(w_.mode == SchedulingMode::kStatic ? client_sends_at(arrival_ns)
                                                          : arrival_ns);
    } else if (flights_.may_be_cut() && (queue_was_empty || queue().head() == request) &&
               may_admit(request)) {
      flights_.cut(ticks_of_ns(arrival_ns));
    }
  }

 private:
  SERVESWEEP_FUNCTION Ticks time_limit() const { return ticks_of_ns(w_.time_limit_ns); }

  // -- scheduling ---------------------------------------------------------------------------------

  SERVESWEEP_FUNCTION void schedule(Ticks now) {
    r_.num_admitted = 0;
    r_.num_preempted = 0;
    if (w_.mode == SchedulingMode::kMixed) {
      schedule_mixed(now);
      return;
    }
    if (w_.mode == SchedulingMode::kStatic && !serves_batch(now)) return;
    IterationShape shape;
    if (r_.num_waiting > 0) admit(now, w_.max_batched_tokens, shape);
    if (shape.chunks > 0) {
      fly_prefill(now, shape);
    } else {
      schedule_decodes(now);
    }
  }

  SERVESWEEP_FUNCTION void schedule_mixed(Ticks now) {
    IterationShape shape;
    for (;;) {
      const std::int32_t n = r_.num_decoding;
      std::int64_t need = s_.needed_blocks();
      if (r_.partial != kNoSlot) {
        Sequence& s = s_[r_.partial];
        s.chunk = static_cast<std::int32_t>(
            min_of<std::int64_t>(s.known - s.computed, w_.max_batched_tokens - n));
        need += w_.blocks_of(s.computed + s.chunk) - w_.blocks_of(s.computed);
      }
      if (need <= s_.free_blocks()) break;
      preempt_last(now);
    }
    std::int64_t budget = w_.max_batched_tokens - r_.num_decoding;
    if (r_.partial != kNoSlot) {
      const Sequence& s = s_[r_.partial];
      add_chunk(shape, s.computed, s.chunk);
      budget -= s.chunk;
    }
    s_.take_blocks(r_.num_decoding);
    if (r_.partial != kNoSlot) s_.take_chunk_blocks(r_.partial);
    if (r_.num_preempted == 0 && r_.num_waiting > 0) admit(now, budget, shape);
    if (shape.chunks > 0) {
      shape.decodes = r_.num_decoding;
      shape.context_sum = r_.context_sum;
      fly_prefill(now, shape);
    } else {
      fly_decodes(now);
    }
  }

  SERVESWEEP_FUNCTION void schedule_decodes(Ticks now) {
    for (;;) {
      std::int64_t need = 0;
      if (r_.context_sum > w_.max_decode_context && r_.num_decoding > 1) {
        std::int64_t context = 0;
        r_.num_chosen = s_.choose(context, need);
        if (need <= s_.free_blocks()) {
          s_.take_blocks(r_.num_chosen);
          flights_.fly_some(now, w_.service_of(index_).line(r_.num_chosen, context).first);
          return;
        }
      } else if (r_.num_decoding > 0) {
        need = s_.needed_blocks();
      }
      if (need <= s_.free_blocks()) break;
      preempt_last(now);
    }
    s_.take_blocks(r_.num_decoding);
    fly_decodes(now);
  }

  // All sequences decode until something changes.
  SERVESWEEP_FUNCTION void fly_decodes(Ticks now) {
    const std::int32_t n = r_.num_decoding;
    if (n == 0) {
      flights_.idle();
      return;
    }
    const IterationLine line = w_.service_of(index_).line(n, r_.context_sum);
    std::int64_t most = min_of(s_.until_next_end(), line.count);
    if (w_.max_decode_context < INT64_MAX) {
      most = min_of(most, max_of<std::int64_t>(0, w_.max_decode_context - r_.context_sum) / n + 1);
    }
    // Who was preempted may be admitted before the next iteration.
    if (w_.step || r_.num_preempted > 0 || looks_at_cache()) most = 1;
    flights_.fly_decodes(now, line, s_.affordable(most));
  }

  SERVESWEEP_FUNCTION void fly_prefill(Ticks now, const IterationShape& shape) {
    flights_.fly_prefill(now, shape, w_.service_of(index_).time(shape));
  }

  // The last sequence gives its blocks back and waits again.
  SERVESWEEP_FUNCTION void preempt_last(Ticks now) {
    const std::int32_t slot = r_.last;
    Sequence& s = s_[slot];
    if (slot == r_.partial) {
      r_.partial = kNoSlot;
    } else {
      if (r_.num_fresh > 0) {
        --r_.num_fresh;
      } else {
        s.last_token = r_.common_last;
      }
      s.computed = s_.cached_tokens(slot);
      s.generated = s_.generated_tokens(slot);
      s_.stop_decoding(slot, s.computed);
      s.known = s.prompt + s.generated;
    }
    s_.leave(slot);
    s_.give_back_blocks(slot, s.computed);
    ReplicaTally& t = r_.tally;
    ++t.preemptions;
    t.recomputed_tokens += s.computed;
    t.running_area += now;
    t.waiting_area -= now;
    s.next = r_.preempted;
    r_.preempted = slot;
    ++r_.num_waiting;
    r_.peaks.waiting = max_of<std::int64_t>(r_.peaks.waiting, r_.num_waiting);
    ++r_.num_preempted;
  }

  // -- admission ----------------------------------------------------------------------------------

  // Whether what is cached after each iteration may matter: to a router, or to one who waits for
  // blocks, whose hits come and go.
  SERVESWEEP_FUNCTION bool looks_at_cache() const {
    return w_.prefix_caching && ((w_.router == Router::kPrefixAffinity && w_.num_replicas > 1) ||
                                 (r_.num_waiting > 0 && r_.num_running < w_.max_sequences));
  }

  SERVESWEEP_FUNCTION static void add_chunk(IterationShape& shape, std::int64_t computed,
                                            std::int64_t tokens) {
    ++shape.chunks;
    shape.prefill_tokens += tokens;
    shape.prefill_context += computed;
    shape.prefill_pair_tokens += tokens * (computed + tokens);
  }

  SERVESWEEP_FUNCTION std::uint32_t first_waiting() const {
    return w_.mode == SchedulingMode::kStatic ? r_.batch_head : queue().head();
  }

  SERVESWEEP_FUNCTION void admit(Ticks now, std::int64_t budget, IterationShape& shape) {
    while (r_.num_running < w_.max_sequences && budget > 0) {
      const bool again = r_.preempted != kNoSlot;
      const std::uint32_t request = again ? s_[r_.preempted].request : first_waiting();
      if (request == kNoRequest) return;
      const std::int64_t known = again ? s_[r_.preempted].known : w_.prompt(request);
      const std::int32_t hits = s_.count_hits(request, known - 1);  // the last token never is
      const std::int64_t computed = std::int64_t{hits} * w_.block_size;
      std::int64_t chunk = known - computed;
      if (chunk > budget) {
        if (!w_.takes_whole_prompts()) {
          chunk = budget;
        } else if (!again || s_[r_.preempted].generated == 0 || r_.num_admitted > 0) {
          return;
        }
      }
      const std::int32_t held_hits = s_.count_held(request, hits);
      const std::int64_t blocks = w_.blocks_of(computed + chunk) - held_hits;
      if (s_.free_blocks() - blocks < w_.watermark_blocks) return;
      const std::int32_t slot = again ? pop_preempted() : enter(now);
      s_[slot].computed = static_cast<std::int32_t>(computed);
      s_[slot].chunk = static_cast<std::int32_t>(chunk);
      s_.hold_hits(slot, hits, held_hits);
      r_.tally.cached_tokens += computed;
      s_.take_chunk_blocks(slot);
      budget -= chunk;
      add_chunk(shape, computed, chunk);
      s_.join(slot);
      ++r_.num_admitted;
      --r_.num_waiting;
      r_.tally.waiting_area += now;
      r_.tally.running_area -= now;
    }
  }

  // Gives the first waiting request a slot.
  SERVESWEEP_FUNCTION std::int32_t enter(Ticks now) {
    std::uint32_t request = r_.batch_head;
    if (w_.mode == SchedulingMode::kStatic) {
      r_.batch_head = state_.next[request];
    } else {
      request = queue().pop();
    }
    const std::int32_t slot = s_.take_slot();
    Sequence& s = s_[slot];
    s.request = request;
    s.arrival_ns = w_.arrival_ns(request);
    s.prompt = w_.prompt(request);
    s.output = max_of(w_.output(request), batch_output(s.prompt));
    s.known = s.prompt;
    s.generated = 0;
    s.decodes = false;
    s.first_scheduled = now;
    s.first_token = -1;
    return slot;
  }

  // What every member of the client's batch generates, as far as its blocks allow; 0 without.
  SERVESWEEP_FUNCTION std::int32_t batch_output(std::int32_t prompt) const {
    if (!w_.batch_max_tokens) return 0;
    const std::int64_t most =
        min_of(w_.most_cached_tokens() + w_.prefill_tokens_out(), w_.max_model_len);
    return static_cast<std::int32_t>(min_of<std::int64_t>(r_.batch_output, most - prompt));
  }

  SERVESWEEP_FUNCTION std::int32_t pop_preempted() {
    const std::int32_t slot = r_.preempted;
    r_.preempted = s_[slot].next;
    return slot;
  }

  // Whether a request that is the first to wait may be admitted at the next end of an iteration of
  // the decodes that fly.
  SERVESWEEP_FUNCTION bool may_admit(std::uint32_t request) const {
    if (w_.mode == SchedulingMode::kStatic || r_.preempted != kNoSlot ||
        r_.num_running >= w_.max_sequences) {
      return false;
    }
    if (w_.prefix_caching) return true;
    const std::int64_t budget =
        w_.max_batched_tokens - (w_.mode == SchedulingMode::kMixed ? r_.num_decoding : 0);
    std::int64_t chunk = w_.prompt(request);
    if (chunk > budget) {
      if (w_.takes_whole_prompts()) return false;
      chunk = budget;
    }
    return chunk > 0 && s_.free_blocks() - w_.blocks_of(chunk) >= w_.watermark_blocks;
  }

  // -- the client's batches -----------------------------------------------------------------------

  SERVESWEEP_FUNCTION std::int64_t client_sends_at(std::int64_t now_ns) const {
    return r_.num_queued >= w_.client_batch ? now_ns : r_.last_arrival_ns + w_.flush_ns;
  }

  // Whether a batch is being served; sends the next one where it may, else waits for it.
  SERVESWEEP_FUNCTION bool serves_batch(Ticks now) {
    if (r_.num_running > 0 || r_.preempted != kNoSlot || r_.batch_head != kNoRequest) return true;
    while (r_.ended != kNoSlot) {
      const std::int32_t slot = r_.ended;
      r_.ended = s_[slot].next;
      flights_.report(slot, s_[slot].last_token, r_.end);
      s_.free_slot(slot);
    }
    if (queue().is_empty()) {
      flights_.idle();
      return false;
    }
    if (r_.num_queued < w_.client_batch && now < ticks_of_ns(r_.last_arrival_ns + w_.flush_ns)) {
      flights_.wake_at(r_.last_arrival_ns + w_.flush_ns);
      return false;
    }
    r_.batch_output = 0;
    for (std::int32_t i = 0; i < w_.client_batch && !queue().is_empty(); ++i) {
      const std::uint32_t request = queue().pop();
      r_.batch_output = max_of(r_.batch_output, w_.output(request));
      append_request(state_.next, r_.batch_head, r_.batch_tail, request);
    }
    return true;
  }

  SERVESWEEP_FUNCTION void check([[maybe_unused]] Flight flight) const {
#ifndef NDEBUG
    check_replica(w_, state_, index_, flight);
#endif
  }

  // Made where it is used: a GPU has no registers to keep it.
  SERVESWEEP_FUNCTION WaitingQueue queue() const { return WaitingQueue(w_, state_, r_); }

  const ContinuousWorld& w_;
  const ContinuousState& state_;
  Replica& r_;
  std::int64_t& next_ns_;
  ReplicaSequences s_;
  ReplicaFlights<Lanes, Observer> flights_;
  std::int32_t index_;
};

}  // namespace servesweep
