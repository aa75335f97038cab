// One replica as a part with ports. Its owner says until when it may run and gives it requests; an
// observer sees what it does. An owner that uses ports (kUsesPorts, sim/replica/observer.hpp) may
// also give it sequences with their KV, cancel requests, take waiting ones back, stop and start it,
// and let it fail; and takes sequences whose prefill is complete. All ports need a replica that has
// run until the time of the call: what ends at that very time has not ended yet. Whatever goes in
// leaves once: completed, handed over, cancelled, taken back or lost.
#pragma once

#include "sim/replica/invariants.hpp"
#include "sim/replica/scheduler.hpp"

namespace servesweep {

template <class Lanes, class Observer>
class ReplicaEngine {
 public:
  SERVESWEEP_FUNCTION ReplicaEngine(const Lanes& lanes, const ReplicaWorld& world,
                                    const ReplicaStates& state, const LatencyHistograms& histograms,
                                    Observer& observer, std::int32_t index)
      : w_(world),
        r_(state.replicas[index]),
        next_ns_(state.next_ns[index]),
        scheduler_(lanes, world, state, histograms, observer, index) {}

  SERVESWEEP_FUNCTION static void reset(const ReplicaWorld& world, const ReplicaStates& state,
                                        std::int32_t index) {
    state.replicas[index] = {};
    state.next_ns[index] = kNever;
    const std::int64_t at = index;
    for (std::int32_t i = 0; i < world.requests.num_classes; ++i) {
      state.classes[at * world.requests.num_classes + i] = {};
    }
    ReplicaSequences(world, state, index).reset();
  }

  // -- until when it may run ----------------------------------------------------------------------

  // Ends all that ends before `until_ns` and no later than `limit`, and schedules what comes after.
  SERVESWEEP_FUNCTION void advance(std::int64_t until_ns, Ticks limit) {
    while (next_ns_ < until_ns) {
      if (r_.end > limit) return;
      step();
    }
  }
  // Advances to before a time that is no whole number of nanoseconds.
  SERVESWEEP_FUNCTION void advance_before(Ticks until) {
    while (r_.end < until) step();
  }

  // The world ends at `limit`, to which the replica has advanced.
  SERVESWEEP_FUNCTION void finish(Ticks limit) {
    iterations().finish(limit);
    close_areas(limit);
  }

  // -- in: requests -------------------------------------------------------------------------------

  SERVESWEEP_FUNCTION void arrive(std::uint32_t request, std::int64_t arrival_ns) {
    WaitingQueue queue = scheduler_.queue();
    bool is_first = queue.is_empty() || is_before(w_, request, queue.head());
    if (w_.async_scheduling) {
      is_first = is_first && (r_.unseen.count == 0 || !is_fcfs(w_.policy));
      append_request(scheduler_.states().next, r_.unseen.head, r_.unseen.tail, request);
      ++r_.unseen.count;
    } else {
      queue.push(request);
    }
    ++r_.num_waiting;
    r_.peaks.waiting = max_of<std::int64_t>(r_.peaks.waiting, r_.num_waiting);
    r_.tally.waiting_area -= ticks_of_ns(arrival_ns);
    r_.last_arrival_ns = arrival_ns;
    if (!is_busy()) {
      iterations().wait_until(ticks_of_ns(
          sends_batches(w_.mode) ? StaticMode::sends_at(scheduler_, arrival_ns) : arrival_ns));
    } else if (iterations().may_be_cut() && is_first && scheduler_.may_admit(request)) {
      iterations().cut(ticks_of_ns(arrival_ns));
    }
  }

  // A sequence comes with its KV and decodes from the next iteration on. false: it stays outside,
  // because all slots or too many blocks are in use, or because a preempted sequence waits for
  // them.
  SERVESWEEP_FUNCTION bool receive(const KvSequence& sequence, Ticks now) {
    ReplicaSequences& sequences = scheduler_.sequences();
    const std::int32_t prompt = w_.prompt(sequence.request);
    const std::int32_t tokens = prompt + sequence.generated - w_.prefill_tokens_out();
    const std::int32_t hits = sequences.count_hits(sequence.request, tokens);
    const std::int32_t held_hits = sequences.count_held(sequence.request, hits);
    const std::int64_t blocks = w_.blocks_of(tokens) - held_hits;
    if (r_.preempted != kNoSlot || r_.preempted_queue.count > 0 ||
        r_.num_running + r_.num_received >= w_.max_sequences ||
        w_.num_blocks - iterations().blocks_when_it_counts(now) - blocks < w_.watermark_blocks) {
      return false;
    }
    const std::int32_t slot = sequences.take_slot();
    Sequence& s = sequences[slot];
    s.request = sequence.request;
    s.arrival_ns = w_.arrival_ns(sequence.request);
    s.prompt = prompt;
    s.output = w_.output(sequence.request);
    s.num_tokens = tokens;
    s.generated = sequence.generated;
    s.decodes = false;
    s.is_fresh = false;
    s.fills_block = false;
    s.is_cancelled = false;
    s.first_scheduled = sequence.first_scheduled;
    s.first_token = sequence.first_token;
    s.last_token = sequence.last_token;
    s.num_computed_tokens = hits * w_.block_size;
    s.chunk = tokens - s.num_computed_tokens;
    sequences.hold_hits(slot, hits, held_hits);
    sequences.take_chunk_blocks(slot);
    s.num_computed_tokens = tokens;
    s.next = r_.received;
    r_.received = slot;
    ++r_.num_received;
    ++r_.num_waiting;
    r_.peaks.waiting = max_of<std::int64_t>(r_.peaks.waiting, r_.num_waiting);
    r_.tally.waiting_area -= now;
    schedule_soon(now);
    return true;
  }

  // -- in: changes of mind ------------------------------------------------------------------------

  // A request leaves: at once if it waits, else with the end of the iteration in progress, unless
  // it completes with it. false: the replica does not have it.
  SERVESWEEP_FUNCTION bool cancel(std::uint32_t request, Ticks now) {
    for (std::int32_t slot = r_.first; slot != kNoSlot; slot = scheduler_.sequences()[slot].next) {
      Sequence& s = scheduler_.sequences()[slot];
      if (s.request != request) continue;
      r_.num_cancelled += s.is_cancelled ? 0 : 1;
      s.is_cancelled = true;
      if (iterations().may_be_cut()) iterations().cut(now);
      return true;
    }
    if (!cancel_waiting(request)) return false;
    --r_.num_waiting;
    r_.tally.waiting_area += now;
    schedule_soon(now);  // what waited behind it may be admitted now
    return true;
  }

  // Requests that were never admitted leave: give(request) for each, in the order of the queue.
  template <class Give>
  SERVESWEEP_FUNCTION void take_back(Ticks now, const Give& give) {
    scheduler_.see(kNeverTicks);
    WaitingQueue queue = scheduler_.queue();
    while (!queue.is_empty()) {
      give(queue.pop());
      --r_.num_waiting;
      r_.tally.waiting_area += now;
    }
  }

  // Admits no new request until it is started; what has been admitted goes on, preempted or not.
  SERVESWEEP_FUNCTION void stop() { r_.is_stopped = true; }
  SERVESWEEP_FUNCTION void start(Ticks now) {
    r_.is_stopped = false;
    schedule_soon(now);
  }

  // The replica loses its KV cache and all it has: give(UnfinishedRequest) for each request, the
  // running ones first. Iterations that ended before now count; the one in progress is lost. It is
  // then stopped and empty.
  template <class Give>
  SERVESWEEP_FUNCTION void fail(Ticks now, const Give& give) {
    ReplicaSequences& sequences = scheduler_.sequences();
    iterations().complete_before(now);
    close_areas(now);
    for (std::int32_t slot = r_.first; slot != kNoSlot; slot = sequences[slot].next) {
      const Sequence& s = sequences[slot];
      give(
          UnfinishedRequest{s.request, s.decodes ? sequences.generated_tokens(slot) : s.generated});
    }
    for (const std::int32_t list : {r_.ended, r_.preempted, r_.received}) {
      for (std::int32_t slot = list; slot != kNoSlot; slot = sequences[slot].next) {
        give(UnfinishedRequest{sequences[slot].request, sequences[slot].generated});
      }
    }
    const std::uint32_t* next = scheduler_.states().next;
    for (std::uint32_t i = r_.batch_head; i != kNoRequest; i = next[i]) {
      give(UnfinishedRequest{i, 0});
    }
    WaitingQueue preempted = scheduler_.preempted_queue();
    while (!preempted.is_empty()) {
      const std::uint32_t request = preempted.pop();
      give(UnfinishedRequest{request, scheduler_.states().preempted[request].generated});
    }
    scheduler_.see(kNeverTicks);
    WaitingQueue queue = scheduler_.queue();
    while (!queue.is_empty()) give(UnfinishedRequest{queue.pop(), 0});

    Replica empty;
    empty.is_stopped = true;
    empty.tally = r_.tally;
    empty.peaks = r_.peaks;
    for (int kind = 0; kind < kNumLatencyKinds; ++kind) empty.touched[kind] = r_.touched[kind];
    r_ = empty;
    sequences.reset();
    iterations().idle();
  }

 private:
  SERVESWEEP_FUNCTION ReplicaIterations<Lanes, Observer>& iterations() {
    return scheduler_.iterations();
  }
  SERVESWEEP_FUNCTION bool is_busy() const {
    return r_.activity != Activity::kIdle && r_.activity != Activity::kWaiting;
  }

  SERVESWEEP_FUNCTION void step() {
    const Ticks now = r_.end;
    iterations().complete();
    check(Activity::kIdle);
    if constexpr (kUsesPorts<Observer>) {
      if (r_.num_cancelled > 0) remove_cancelled(now);
      if (r_.num_received > 0) join_received(now);
    }
    scheduler_.schedule(now);
    check(r_.activity);
  }

  // Areas are sums of - (begin) and + (end) of each stay; what stays ends now.
  SERVESWEEP_FUNCTION void close_areas(Ticks now) {
    r_.tally.running_area += now * r_.num_running;
    r_.tally.waiting_area += now * r_.num_waiting;
  }

  // Something has changed that may change the next iteration.
  SERVESWEEP_FUNCTION void schedule_soon(Ticks now) {
    if (!is_busy()) {
      iterations().wait_until(now);
    } else if (iterations().may_be_cut()) {
      iterations().cut(now);
    }
  }

  SERVESWEEP_FUNCTION void remove_cancelled(Ticks now) {
    ReplicaSequences& sequences = scheduler_.sequences();
    for (std::int32_t slot = r_.first; slot != kNoSlot;) {
      const std::int32_t next = sequences[slot].next;
      if (sequences[slot].is_cancelled) {
        scheduler_.stop_running(slot, now);
        sequences.free_slot(slot);
      }
      slot = next;
    }
    r_.num_cancelled = 0;
  }

  // In the order in which the sequences came.
  SERVESWEEP_FUNCTION void join_received(Ticks now) {
    ReplicaSequences& sequences = scheduler_.sequences();
    for (; r_.num_received > 0; --r_.num_received) {
      std::int32_t* link = &r_.received;
      while (sequences[*link].next != kNoSlot) link = &sequences[*link].next;
      const std::int32_t slot = *link;
      *link = kNoSlot;
      sequences.join_decoding(slot);
      --r_.num_waiting;
      r_.tally.waiting_area += now;
      r_.tally.running_area -= now;
    }
  }

  // Takes a request out of the lists of those that do not run.
  SERVESWEEP_FUNCTION bool cancel_waiting(std::uint32_t request) {
    ReplicaSequences& sequences = scheduler_.sequences();
    for (std::int32_t* list : {&r_.preempted, &r_.received}) {
      for (std::int32_t* link = list; *link != kNoSlot; link = &sequences[*link].next) {
        const std::int32_t slot = *link;
        if (sequences[slot].request != request) continue;
        *link = sequences[slot].next;
        if (list == &r_.received) {
          sequences.give_back_blocks(slot, sequences[slot].num_computed_tokens);
          --r_.num_received;
        }
        sequences.free_slot(slot);
        return true;
      }
    }
    std::uint32_t* next = scheduler_.states().next;
    std::uint32_t before = kNoRequest;
    for (std::uint32_t i = r_.batch_head; i != kNoRequest; before = i, i = next[i]) {
      if (i != request) continue;
      (before == kNoRequest ? r_.batch_head : next[before]) = next[i];
      if (r_.batch_tail == i) r_.batch_tail = before;
      return true;
    }
    if (remove_unseen(request)) return true;
    return scheduler_.queue().remove(request) || scheduler_.preempted_queue().remove(request);
  }

  SERVESWEEP_FUNCTION bool remove_unseen(std::uint32_t request) {
    std::uint32_t* next = scheduler_.states().next;
    std::uint32_t before = kNoRequest;
    std::uint32_t i = r_.unseen.head;
    for (std::int32_t left = r_.unseen.count; left > 0; --left, before = i, i = next[i]) {
      if (i != request) continue;
      (before == kNoRequest ? r_.unseen.head : next[before]) = next[i];
      if (r_.unseen.tail == i) r_.unseen.tail = before;
      --r_.unseen.count;
      return true;
    }
    return false;
  }

  SERVESWEEP_FUNCTION void check([[maybe_unused]] Activity activity) const {
#ifndef NDEBUG
    check_replica(w_, scheduler_.states(), scheduler_.index(), activity);
#endif
  }

  const ReplicaWorld& w_;
  Replica& r_;
  std::int64_t& next_ns_;
  ReplicaScheduler<Lanes, Observer> scheduler_;
};

}  // namespace servesweep
