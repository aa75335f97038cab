// What a replica schedules: admission from its queue, preemption, and the iterations that its mode
// chooses (docs/continuous_engine.md). A decode run ends with the next completion, where KV blocks
// run out, where the service model's line ends, or with the first iteration that ends after
// something came that may change the next one.
#pragma once

#include "sim/replica/iterations.hpp"
#include "sim/replica/waiting_queue.hpp"

namespace servesweep {

template <class Lanes, class Observer>
class ReplicaScheduler {
 public:
  SERVESWEEP_FUNCTION ReplicaScheduler(const Lanes& lanes, const ReplicaWorld& world,
                                       const ReplicaStates& state,
                                       const LatencyHistograms& histograms, Observer& observer,
                                       std::int32_t index)
      : w_(world),
        state_(state),
        r_(state.replicas[index]),
        s_(world, state, index),
        iterations_(lanes, world, state, histograms, observer, index, s_),
        index_(index) {}
  // No copies: the parts of a scheduler refer to one another.
  ReplicaScheduler(const ReplicaScheduler&) = delete;
  ReplicaScheduler& operator=(const ReplicaScheduler&) = delete;

  // Chooses what the replica does from now on.
  SERVESWEEP_FUNCTION void schedule(Ticks now) {
    r_.num_admitted = 0;
    r_.num_preempted = 0;
    const bool is_ready =
        SchedulingModes::visit(w_.mode, [&](auto mode) { return mode.is_ready(*this, now); });
    if (!is_ready) return;
    // Modes that share a schedule() share its code, too: a copy takes registers of a GPU.
    const SchedulingMode schedules_as = SchedulingModes::visit(w_.mode, [](auto mode) {
      return SchedulingModes::code_of<typename decltype(mode)::Schedule>();
    });
    SchedulingModes::visit(schedules_as, [&](auto mode) {
      using Mode = decltype(mode);
      if constexpr (std::is_same_v<typename Mode::Schedule, Mode>) Mode::schedule(*this, now);
    });
  }

  // Whether a request that is the first to wait may be admitted at the end of the first iteration
  // of the decode run that ends from now on.
  SERVESWEEP_FUNCTION bool may_admit(std::uint32_t request) const {
    if (sends_batches(w_.mode) || r_.preempted != kNoSlot || r_.num_running >= w_.max_sequences ||
        admits_nothing() || preempted_is_before(request)) {
      return false;
    }
    if (w_.prefix_caching) return true;
    const std::int64_t budget =
        w_.max_batched_tokens - (mixes_decodes(w_.mode) ? r_.num_decoding : 0);
    const std::int64_t prompt = w_.prompt(request);
    std::int64_t chunk = prompt;
    if (!w_.takes_whole_prompts()) {
      chunk = min_of(budget, min_of<std::int64_t>(chunk, w_.most_chunk_tokens));
    } else if (chunk > budget) {
      return false;
    }
    const std::int64_t blocks = w_.blocks_of(w_.reserve_full_isl ? prompt : chunk);
    return chunk > 0 && s_.free_blocks() - blocks >= w_.watermark_blocks;
  }

  // Asynchronous scheduling: what has arrived by `time` waits in the queue.
  SERVESWEEP_FUNCTION void see(Ticks time) {
    while (r_.unseen.count > 0 && ticks_of_ns(w_.arrival_ns(r_.unseen.head)) <= time) {
      const std::uint32_t request = r_.unseen.head;
      r_.unseen.head = state_.next[request];
      --r_.unseen.count;
      queue().push(request);
    }
  }

  // A running sequence leaves the running list and gives its blocks back. What it has generated and
  // what its KV cache held are then in its slot. taken: tokens that it has also taken blocks for.
  SERVESWEEP_FUNCTION void stop_running(std::int32_t slot, Ticks now, std::int32_t taken = 0) {
    Sequence& s = s_[slot];
    if (s.decodes) {
      s_.pause_decoding(slot);
      s.num_tokens = s.prompt + s.generated;
    } else if (slot == r_.partial) {
      r_.partial = s_.next_prefill(s.next);
    }
    s_.leave(slot);
    s_.give_back_blocks(slot, s.num_computed_tokens + taken);
    r_.tally.running_area += now;
  }

  // -- what a mode may ask and do (sim/replica/modes/mode.hpp) ------------------------------------

  SERVESWEEP_FUNCTION const ReplicaWorld& world() const { return w_; }
  SERVESWEEP_FUNCTION const ReplicaStates& states() const { return state_; }
  SERVESWEEP_FUNCTION Replica& replica() const { return r_; }
  SERVESWEEP_FUNCTION std::int32_t index() const { return index_; }
  SERVESWEEP_FUNCTION ReplicaSequences& sequences() { return s_; }
  SERVESWEEP_FUNCTION ReplicaIterations<Lanes, Observer>& iterations() { return iterations_; }
  // Made where it is used: a GPU has no registers to keep it.
  SERVESWEEP_FUNCTION WaitingQueue queue() const { return WaitingQueue(w_, state_, r_.queue); }
  // Preempted requests, where they wait in the order of the policy.
  SERVESWEEP_FUNCTION WaitingQueue preempted_queue() const {
    return WaitingQueue(w_, state_, r_.preempted_queue);
  }
  // A stopped replica admits no request that it has not admitted before.
  SERVESWEEP_FUNCTION bool admits_nothing() const {
    if constexpr (kUsesPorts<Observer>) return r_.is_stopped;
    return false;
  }

  // Admits waiting requests, the preempted ones first unless the policy says where they wait, until
  // `budget` prompt tokens, the slots or the blocks are used up; adds their chunks to the
  // iteration's shape.
  SERVESWEEP_FUNCTION void admit(Ticks now, std::int64_t budget, IterationShape& shape) {
    while (r_.num_running < w_.max_sequences && budget > 0) {
      const bool in_slot = r_.preempted != kNoSlot;
      std::uint32_t request = in_slot ? s_[r_.preempted].request : first_waiting();
      const bool in_queue = !in_slot && preempted_is_before(request);
      if (in_queue) request = r_.preempted_queue.head;
      if (request == kNoRequest) return;
      std::int32_t generated = 0;
      std::int64_t num_tokens = w_.prompt(request);
      if (in_slot) {
        generated = s_[r_.preempted].generated;
        num_tokens = s_[r_.preempted].num_tokens;
      } else if (in_queue) {
        generated = state_.preempted[request].generated;
        num_tokens += generated;
      }
      // The last token is computed even where its block is cached.
      const std::int32_t hits = s_.count_hits(request, num_tokens - 1);
      const std::int64_t computed = std::int64_t{hits} * w_.block_size;
      std::int64_t chunk = num_tokens - computed;
      if (!w_.takes_whole_prompts()) {
        chunk = min_of(budget, min_of<std::int64_t>(chunk, w_.most_chunk_tokens));
        if (num_tokens > w_.most_chunk_tokens && w_.most_long_prefills < INT32_MAX &&
            s_.count_long_prefills() >= w_.most_long_prefills) {
          return;
        }
      } else if (chunk > budget && (generated == 0 || r_.num_admitted > 0)) {
        return;
      }
      const std::int32_t held_hits = s_.count_held(request, hits);
      const std::int64_t blocks =
          w_.blocks_of(w_.reserve_full_isl ? num_tokens : computed + chunk) - held_hits;
      if (s_.free_blocks() - blocks < w_.watermark_blocks) return;
      const std::int32_t slot = in_slot ? pop_preempted() : in_queue ? return_to(now) : enter(now);
      s_[slot].num_computed_tokens = static_cast<std::int32_t>(computed);
      s_[slot].chunk = static_cast<std::int32_t>(chunk);
      s_.hold_hits(slot, hits, held_hits);
      r_.tally.cached_tokens += computed;
      if (!in_slot && !in_queue) {
        r_.tally.cached_prompt_tokens += computed;
        r_.tally.admitted_prompt_tokens += num_tokens;
      }
      s_.take_chunk_blocks(slot);
      budget -= chunk;
      shape.add_chunk(computed, chunk);
      s_.join(slot);
      ++r_.num_admitted;
      --r_.num_waiting;
      r_.tally.waiting_area += now;
      r_.tally.running_area -= now;
    }
  }

  // The last running sequence gives its blocks back and waits again.
  SERVESWEEP_FUNCTION void preempt_last(Ticks now) { preempt(r_.last, now); }

  // A running sequence does. taken: tokens that it has taken blocks for in this iteration.
  SERVESWEEP_FUNCTION void preempt(std::int32_t slot, Ticks now, std::int32_t taken = 0) {
    Sequence& s = s_[slot];
    ReplicaTally& t = r_.tally;
    ++t.preemptions;
    ++r_.num_preempted;
    if (w_.requests.num_classes > 0) ++state_.class_tally(w_, index_, s.request).preemptions;
    s.fills_block = false;
    if (s_.has_finished(slot)) {  // its last token came while the server preempted it
      s_.leave(slot);
      s_.give_back_blocks(slot, s.num_computed_tokens);
      s.num_computed_tokens = 0;
      return;
    }
    stop_running(slot, now, taken);
    t.recomputed_tokens += s.num_computed_tokens;
    t.waiting_area -= now;
    ++r_.num_waiting;
    r_.peaks.waiting = max_of<std::int64_t>(r_.peaks.waiting, r_.num_waiting);
    iterations_.report_eviction(slot, now);
    if (w_.policy_chooses_victims()) {
      state_.preempted[s.request] = {s.first_scheduled, s.first_token, s.last_token, s.generated};
      preempted_queue().push(s.request);
      s_.free_slot(slot);
    } else {
      s.next = r_.preempted;
      r_.preempted = slot;
    }
  }

  // Each running sequence takes its tokens and its blocks in turn, in the order of the running
  // list, and preempts where blocks are missing; sequences for which there is no token left, or
  // that stand behind one that preempted itself, are held up.
  SERVESWEEP_FUNCTION void take_blocks_in_order(Ticks now, std::int64_t budget) {
    for (std::int32_t slot = r_.first; slot != kNoSlot; slot = s_[slot].next) s_[slot].taken = 0;
    std::int32_t slot = r_.first;
    while (slot != kNoSlot && budget > 0) {
      if (s_.has_finished(slot)) {
        slot = s_[slot].next;
        continue;
      }
      const bool decodes = s_[slot].decodes;
      const std::int64_t computed = decodes ? s_.cached_tokens(slot) : s_[slot].num_computed_tokens;
      const std::int64_t tokens = decodes ? 1 : chunk_of(slot, budget);
      const std::int64_t lacking = w_.blocks_of(computed + tokens) - w_.blocks_of(computed);
      std::int32_t next = s_[slot].next;
      bool remains = true;
      while (remains && lacking > s_.free_blocks()) {
        const std::int32_t victim = w_.policy_chooses_victims() ? s_.last_of_policy() : r_.last;
        next = s_[slot].next;
        remains = victim != slot;
        budget += s_[victim].taken;
        preempt(victim, now, s_[victim].taken);
      }
      if (!remains) {
        slot = next;
        break;
      }
      s_[slot].taken = static_cast<std::int32_t>(tokens);
      budget -= tokens;
      if (decodes) {
        s_.take_decode_block(slot, computed);
      } else {
        s_[slot].chunk = static_cast<std::int32_t>(tokens);
        s_.take_chunk_blocks(slot);
      }
      slot = s_[slot].next;
    }
    for (; slot != kNoSlot; slot = s_[slot].next) {
      if (s_[slot].decodes) s_.hold_up(slot);
      if (s_.prefills(slot)) s_[slot].chunk = 0;
    }
  }

  // Tokens of a running sequence's next chunk.
  SERVESWEEP_FUNCTION std::int64_t chunk_of(std::int32_t slot, std::int64_t budget) const {
    const std::int64_t rest = s_[slot].num_tokens - s_[slot].num_computed_tokens;
    return min_of(budget, min_of<std::int64_t>(rest, w_.most_chunk_tokens));
  }

  // All sequences decode until something changes; the blocks of the first iteration are taken.
  SERVESWEEP_FUNCTION void start_decodes(Ticks now) {
    const std::int32_t n = r_.num_decoding;
    if (n == 0) {
      iterations_.idle();
      return;
    }
    const IterationLine line = w_.service_of(index_).line(n, r_.context_sum);
    std::int64_t most = min_of(s_.until_next_end(), line.count);
    if (w_.max_decode_context < INT64_MAX) {
      most = min_of(most, max_of<std::int64_t>(0, w_.max_decode_context - r_.context_sum) / n + 1);
    }
    // A sequence that was preempted may be admitted before the next iteration, and so may one that
    // this iteration's schedule did not see, or whose blocks it did not see given back.
    if (w_.step || r_.num_preempted > 0 || (r_.num_finished > 0 && r_.num_waiting > 0) ||
        r_.unseen.count > 0 || looks_at_cache()) {
      most = 1;
    }
    iterations_.start_decodes(now, line, s_.affordable(most));
  }

  // The first num_chosen sequences decode once, their contexts `context` tokens together; their
  // blocks are taken.
  SERVESWEEP_FUNCTION void start_some_decodes(Ticks now, std::int64_t context) {
    iterations_.start_some_decodes(now, w_.service_of(index_).line(r_.num_chosen, context).first);
  }

  // One iteration with the chunks of the admitted and the partial sequences, or one in which
  // sequences are held up; its blocks are taken.
  SERVESWEEP_FUNCTION void start_prefill(Ticks now, const IterationShape& shape) {
    const IterationModel& service = w_.service_of(index_);
    const Ticks time = shape.chunks > 0 ? service.time(shape)
                                        : service.line(shape.decodes, shape.context_sum).first;
    iterations_.start_prefill(now, shape, time);
  }

 private:
  // Whether what is cached after each iteration may matter: to a router, or to a waiting request,
  // whose cached blocks come and go.
  SERVESWEEP_FUNCTION bool looks_at_cache() const {
    return w_.prefix_caching &&
           (w_.router_looks_at_cache || (r_.num_waiting > 0 && r_.num_running < w_.max_sequences));
  }

  SERVESWEEP_FUNCTION std::uint32_t first_waiting() const {
    if (sends_batches(w_.mode)) return r_.batch_head;
    return admits_nothing() ? kNoRequest : queue().head();
  }

  // Whether a preempted request waits before this one (kNoRequest: none waits) in the order of the
  // policy.
  SERVESWEEP_FUNCTION bool preempted_is_before(std::uint32_t request) const {
    return r_.preempted_queue.count > 0 &&
           (request == kNoRequest || is_before(w_, r_.preempted_queue.head, request));
  }

  // Gives the first preempted request of the policy's order a slot again.
  SERVESWEEP_FUNCTION std::int32_t return_to(Ticks now) {
    const std::uint32_t request = preempted_queue().pop();
    const std::int32_t slot = take(request, now);
    Sequence& s = s_[slot];
    const PreemptedRequest& before = state_.preempted[request];
    s.first_scheduled = before.first_scheduled;
    s.first_token = before.first_token;
    s.last_token = before.last_token;
    s.generated = before.generated;
    s.num_tokens = s.prompt + s.generated;
    return slot;
  }

  // Gives the first waiting request a slot.
  SERVESWEEP_FUNCTION std::int32_t enter(Ticks now) {
    std::uint32_t request = r_.batch_head;
    if (sends_batches(w_.mode)) {
      r_.batch_head = state_.next[request];
    } else {
      request = queue().pop();
    }
    return take(request, now);
  }

  SERVESWEEP_FUNCTION std::int32_t take(std::uint32_t request, Ticks now) {
    const std::int32_t slot = s_.take_slot();
    Sequence& s = s_[slot];
    s.request = request;
    s.arrival_ns = w_.arrival_ns(request);
    s.prompt = w_.prompt(request);
    s.output = max_of(w_.output(request), batch_output(s.prompt));
    s.num_tokens = s.prompt;
    s.generated = 0;
    s.decodes = false;
    s.is_fresh = false;
    s.fills_block = false;
    s.first_scheduled = now;
    s.first_token = -1;
    if constexpr (kUsesPorts<Observer>) s.is_cancelled = false;
    return slot;
  }

  // What every member of the client's batch generates, as far as its blocks allow; 0: what it asked
  // for.
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

  const ReplicaWorld& w_;
  const ReplicaStates& state_;
  Replica& r_;
  ReplicaSequences s_;
  ReplicaIterations<Lanes, Observer> iterations_;
  std::int32_t index_;
};

}  // namespace servesweep
