// What a replica's iterations do to its sequences. Between two changes of the running list decode
// iterations only repeat, each a little longer than the one before by what the contexts grew: a
// *decode run* of any number of such iterations is one event. It may be cut anywhere: two runs one
// after the other do exactly what one run does.
#pragma once

#include "sim/replica/recorder.hpp"
#include "sim/replica/sequences.hpp"

namespace servesweep {

template <class Lanes, class Observer>
class ReplicaIterations {
 public:
  SERVESWEEP_FUNCTION ReplicaIterations(const Lanes& lanes, const ReplicaWorld& world,
                                        const ReplicaStates& state,
                                        const LatencyHistograms& histograms, Observer& observer,
                                        std::int32_t index, ReplicaSequences& sequences)
      : w_(world),
        r_(state.replicas[index]),
        s_(sequences),
        next_ns_(state.next_ns[index]),
        observer_(observer),
        recorder_(lanes, world, state, index, histograms),
        index_(index) {}

  // -- scheduled ----------------------------------------------------------------------------------

  // Schedules at this time.
  SERVESWEEP_FUNCTION void wait_until(Ticks time) { start(Activity::kWaiting, time, time); }
  SERVESWEEP_FUNCTION void idle() {
    r_.activity = Activity::kIdle;
    r_.end = kNeverTicks;
    next_ns_ = kNever;
  }

  // All sequences decode `iterations` times; the blocks of the first iteration are taken.
  SERVESWEEP_FUNCTION void start_decodes(Ticks now, const IterationLine& line,
                                         std::int64_t iterations) {
    show_members(r_.num_decoding);
    r_.line = line;
    r_.activity = Activity::kDecodes;
    r_.start = now;
    plan(iterations);
  }
  // The first num_chosen sequences decode once.
  SERVESWEEP_FUNCTION void start_some_decodes(Ticks now, Ticks time) {
    show_members(r_.num_chosen);
    start(Activity::kSomeDecodes, now, now + time);
  }
  // One iteration with prefills, or in which sequences are held up.
  SERVESWEEP_FUNCTION void start_prefill(Ticks now, const IterationShape& shape, Ticks time) {
    r_.num_chunks = shape.chunks;
    r_.prefill_tokens = shape.prefill_tokens;
    r_.prefill_cached = shape.prefill_context + shape.prefill_tokens;
    show_members(shape.decodes);
    start(Activity::kPrefill, now, now + time);
  }

  // -- in progress --------------------------------------------------------------------------------

  SERVESWEEP_FUNCTION bool may_be_cut() const {
    return r_.activity == Activity::kDecodes && r_.planned > 1;
  }
  // The decode run ends with the first iteration after which what is true at `time` counts.
  SERVESWEEP_FUNCTION void cut(Ticks time) { plan(counts_after(time)); }
  // KV blocks in use when what is true at `time` counts.
  SERVESWEEP_FUNCTION std::int64_t blocks_when_it_counts(Ticks time) const {
    if (r_.activity != Activity::kDecodes) return r_.used_blocks;
    return r_.used_blocks + s_.needed_after_first(counts_after(time));
  }

  // -- completed ----------------------------------------------------------------------------------

  // What is in progress has come to its end.
  SERVESWEEP_FUNCTION void complete() { complete(r_.planned); }
  // Completes the iterations of a decode run that end by `time`, where the run ends later.
  SERVESWEEP_FUNCTION void complete_by(Ticks time) {
    if (r_.activity != Activity::kDecodes || r_.end <= time) return;
    const std::int64_t reached = s_.reach(time);
    const bool on_time = r_.start + r_.line.span(reached) == time;
    if (on_time || reached > 1) complete(on_time ? reached : reached - 1);
  }
  // The world ends at `limit`: the iterations that end by then count, and of one in progress the
  // time until then and its tokens in the KV cache.
  SERVESWEEP_FUNCTION void finish(Ticks limit) {
    if (r_.activity == Activity::kIdle || r_.activity == Activity::kWaiting || r_.end <= limit) {
      return;
    }
    complete_by(limit);
    const Ticks cut = limit - (r_.end <= limit ? r_.end : r_.start);
    r_.tally.cut += cut;
    r_.tally.kv_token_area += tokens_in_progress() * cut;
  }
  // Completes the iterations of a decode run that end before `time`.
  SERVESWEEP_FUNCTION void complete_before(Ticks time) {
    if (r_.activity != Activity::kDecodes) return;
    const std::int64_t reached = s_.reach(time);
    if (reached > 1) complete(reached - 1);
  }

  // A sequence that has ended; its client sees that at `seen`.
  SERVESWEEP_FUNCTION void report(std::int32_t slot, Ticks ended, Ticks seen) {
    CompletedRequest served = recorder_.served(s_[slot], index_, ended);
    served.end = seen;
    recorder_.completed(served);
    observer_.request(served);
  }
  // Asynchronous scheduling: the iteration after the one that has ended is scheduled; now its
  // outcome is known.
  SERVESWEEP_FUNCTION void settle() {
    if (w_.prefix_caching && r_.seen != kNeverTicks) s_.cache_filled_blocks();
    for (; r_.num_finished > 0; --r_.num_finished) {
      const std::int32_t slot = r_.first_finished;
      r_.first_finished = s_[slot].ring_next;
      if (s_[slot].num_computed_tokens > 0) {  // else it was preempted
        s_.leave(slot);
        s_.give_back_blocks(slot, s_[slot].num_computed_tokens);
      }
      s_.free_slot(slot);
    }
  }
  SERVESWEEP_FUNCTION void report_eviction([[maybe_unused]] std::int32_t slot,
                                           [[maybe_unused]] Ticks now) {
    if constexpr (kUsesPorts<Observer>) observer_.evicted(index_, s_[slot].request, now);
  }

 private:
  // Iterations of the decode run after which what is true at `time` counts: the last ends at or
  // after it, or is the one behind that where the schedule lags.
  SERVESWEEP_FUNCTION std::int64_t counts_after(Ticks time) const {
    return min_of(r_.planned, s_.reach(time) + (w_.async_scheduling ? 1 : 0));
  }
  SERVESWEEP_FUNCTION void start(Activity activity, Ticks start, Ticks end) {
    r_.activity = activity;
    r_.start = start;
    r_.end = end;
    next_ns_ = floor_ns(end);
  }

  // The decode run has this many iterations.
  SERVESWEEP_FUNCTION void plan(std::int64_t iterations) {
    r_.planned = iterations;
    r_.end = r_.start + r_.line.span(iterations);
    next_ns_ = floor_ns(r_.end);
  }

  // Ends a decode run after its first `iterations`; whatever else is in progress after its own.
  SERVESWEEP_FUNCTION void complete(std::int64_t iterations) {
    if (w_.async_scheduling) note_start(iterations);
    switch (r_.activity) {
      case Activity::kIdle:
      case Activity::kWaiting:
        return;
      case Activity::kDecodes:
        complete_decodes(iterations);
        finish_sequences();
        return;
      case Activity::kSomeDecodes:
        complete_some_decodes();
        finish_sequences();
        return;
      case Activity::kPrefill:
        complete_prefills();
        return;
    }
  }

  // The start of the last iteration, at which the next one is scheduled.
  SERVESWEEP_FUNCTION void note_start(std::int64_t iterations) {
    const bool runs = r_.activity != Activity::kIdle && r_.activity != Activity::kWaiting;
    r_.seen = runs ? r_.start : kNeverTicks;
    if (r_.activity == Activity::kDecodes) r_.seen += r_.line.span(iterations - 1);
    if (runs && w_.prefix_caching)
      s_.note_filled_blocks(r_.activity == Activity::kDecodes ? iterations : 1);
  }

  // Tokens in the KV cache that the iteration in progress reads or writes; of a decode run those of
  // its next iteration.
  SERVESWEEP_FUNCTION std::int64_t tokens_in_progress() const {
    switch (r_.activity) {
      case Activity::kIdle:
      case Activity::kWaiting:
        break;
      case Activity::kDecodes:
        return r_.context_sum;
      case Activity::kSomeDecodes: {
        std::int64_t context = 0;
        std::int32_t slot = r_.first;
        for (std::int32_t i = 0; i < r_.num_chosen; ++i, slot = s_[slot].next) {
          context += s_.cached_tokens(slot) + 1;
        }
        return context;
      }
      case Activity::kPrefill:
        return (mixes_decodes(w_.mode) ? r_.context_sum : 0) + r_.prefill_cached;
    }
    return 0;
  }

  SERVESWEEP_FUNCTION void complete_decodes(std::int64_t iterations) {
    const std::int32_t n = r_.num_decoding;
    const IterationLine& line = r_.line;
    if (iterations < r_.planned) plan(iterations);
    s_.take_later_blocks(iterations);
    r_.peaks.blocks = max_of(r_.peaks.blocks, r_.used_blocks);
    const bool starts_evenly = r_.num_fresh == 0 && r_.common_last == r_.start;
    const Ticks span = r_.end - r_.start;
    if (starts_evenly) {
      gaps(line, 0, iterations, span, n);
    } else {
      first_gaps(r_.start + line.first);
      gaps(line, 1, iterations, span - line.first, n);
    }
    tally(span, iterations, n * iterations, line.token_area(r_.context_sum, n, iterations, span));
    observe(iterations, n, r_.context_sum, 0, 0);
    s_.pass(iterations);
    r_.common_last = r_.end;
  }

  // The first sequences had their turn; they go to the end of the list.
  SERVESWEEP_FUNCTION void complete_some_decodes() {
    const std::int32_t count = r_.num_chosen;
    const std::int64_t context = tokens_in_progress();
    std::int32_t slot = r_.first;
    r_.peaks.blocks = max_of(r_.peaks.blocks, r_.used_blocks);
    for (std::int32_t i = 0; i < r_.num_decoding; ++i, slot = s_[slot].next) {
      if (!s_[slot].is_fresh) s_[slot].last_token = r_.common_last;
      s_[slot].is_fresh = true;
      if (i >= count) continue;
      gap(r_.end - s_[slot].last_token, 1);
      s_[slot].last_token = r_.end;
    }
    const Ticks span = r_.end - r_.start;
    tally(span, 1, count, context * span);
    observe(1, count, context, 0, 0);
    r_.num_fresh = r_.num_decoding;
    s_.pass_some(count);
  }

  SERVESWEEP_FUNCTION void complete_prefills() {
    const std::int32_t n = mixes_decodes(w_.mode) ? r_.num_decoding : 0;
    if (n > 0) first_gaps(r_.end);
    const std::int64_t context = n > 0 ? r_.context_sum : 0;
    const Ticks span = r_.end - r_.start;
    r_.peaks.blocks = max_of(r_.peaks.blocks, r_.used_blocks);
    tally(span, 1, n + r_.prefill_tokens, (context + r_.prefill_cached) * span);
    observe(1, n, context, r_.prefill_tokens, r_.num_chunks);
    if (n > 0) {
      s_.pass(1);
      finish_sequences();
    }
    const bool all_at_once = n == r_.num_decoding && w_.prefill_yields_token;
    if (all_at_once) r_.common_last = r_.end;
    std::int32_t slot = s_.first_chunk();
    r_.partial = kNoSlot;
    while (slot != kNoSlot) {
      const std::int32_t next = s_[slot].next;
      if (s_.prefills(slot)) {
        s_[slot].num_computed_tokens += s_[slot].chunk;
        if (s_[slot].num_computed_tokens == s_[slot].num_tokens) {
          complete_prefill(slot, !all_at_once);
        } else if (r_.partial == kNoSlot) {
          r_.partial = slot;
        }
      }
      slot = next;
    }
    if (r_.num_held_up > 0) s_.resume_held_up();
  }

  SERVESWEEP_FUNCTION void complete_prefill(std::int32_t slot, bool is_fresh) {
    Sequence& s = s_[slot];
    const bool is_first = s.first_token < 0;
    if (is_first) s.first_token = r_.end;
    if (w_.prefill_yields_token) {
      if (!is_first) gap(r_.end - s.last_token, 1);
      ++s.generated;
    }
    if (is_first || w_.prefill_yields_token) s.last_token = r_.end;
    if (s.generated == s.output) {
      leave(slot, s.num_computed_tokens);
      return;
    }
    if constexpr (kUsesPorts<Observer>) {
      if (!s.is_cancelled && hand_over(slot)) return;
    }
    s_.start_decoding(slot, is_fresh);
  }

  // Offers a sequence whose prefill is complete to the replica's owner; true: it has left.
  SERVESWEEP_FUNCTION bool hand_over(std::int32_t slot) {
    const Sequence& s = s_[slot];
    const KvSequence sequence{s.request, s.generated, s.first_scheduled, s.first_token,
                              s.last_token};
    if (!observer_.prefilled(index_, sequence, r_.end)) return false;
    s_.leave(slot);
    s_.give_back_blocks(slot, s.num_computed_tokens);
    r_.tally.running_area += r_.end;
    s_.free_slot(slot);
    return true;
  }

  // Inter-token times of all decoding sequences whose next token comes at `end`.
  SERVESWEEP_FUNCTION void first_gaps(Ticks end) {
    gap(end - r_.common_last, r_.num_decoding - r_.num_fresh);
    for (std::int32_t slot = r_.last; r_.num_fresh > 0; slot = s_[slot].previous) {
      if (!s_[slot].decodes || !s_[slot].is_fresh) continue;
      gap(end - s_[slot].last_token, 1);
      s_[slot].is_fresh = false;
      --r_.num_fresh;
    }
    r_.common_last = end;
  }

  // n inter-token times of this span: for the recorder and for observers.
  SERVESWEEP_FUNCTION void gap(Ticks span, std::int32_t n) {
    recorder_.gap(span, n);
    if constexpr (kSeesGaps<Observer>) observer_.gap(span, n);
  }
  SERVESWEEP_FUNCTION void gaps(const IterationLine& line, std::int64_t begin, std::int64_t end,
                                Ticks span, std::int32_t n) {
    recorder_.gaps(line, begin, end, span, n);
    if constexpr (kSeesGaps<Observer>) {
      for (std::int64_t i = begin; i < end; ++i) observer_.gap(line.at(i), n);
    }
  }

  SERVESWEEP_FUNCTION void tally(Ticks span, std::int64_t iterations, std::int64_t tokens,
                                 Ticks token_area) {
    ReplicaTally& t = r_.tally;
    t.busy += span;
    t.iterations += iterations;
    ++t.iteration_runs;
    t.scheduled_tokens += tokens;
    t.kv_token_area += token_area;
  }

  SERVESWEEP_FUNCTION void finish_sequences() {
    for (std::int32_t slot = s_.next_finished(); slot != kNoSlot; slot = s_.next_finished()) {
      s_[slot].generated = s_[slot].output;
      const std::int32_t cached = s_[slot].prompt + s_[slot].output - w_.prefill_tokens_out();
      s_.stop_decoding(slot, cached);
      leave(slot, cached);
    }
  }

  // A sequence that has all its tokens.
  SERVESWEEP_FUNCTION void leave(std::int32_t slot, std::int32_t cached) {
    if constexpr (kUsesPorts<Observer>) {
      r_.num_cancelled -= s_[slot].is_cancelled ? 1 : 0;
      s_[slot].is_cancelled = false;
    }
    r_.tally.running_area += r_.end;
    if (w_.async_scheduling) {
      s_[slot].num_computed_tokens = cached;
      (r_.num_finished == 0 ? r_.first_finished : s_[r_.last_finished].ring_next) = slot;
      r_.last_finished = slot;
      ++r_.num_finished;
      report(slot, r_.end, r_.end);
      return;
    }
    s_.leave(slot);
    s_.give_back_blocks(slot, cached);
    if (w_.batch_timing) {
      s_[slot].last_token = r_.end;
      s_[slot].next = r_.ended;
      r_.ended = slot;
      return;
    }
    report(slot, r_.end, r_.end);
    s_.free_slot(slot);
  }

  SERVESWEEP_FUNCTION void observe(std::int64_t iterations, std::int32_t decodes,
                                   std::int64_t context_sum, std::int64_t tokens,
                                   std::int32_t chunks) {
    observer_.ran({r_.start, r_.end, iterations, context_sum, tokens, r_.used_blocks, index_,
                   decodes, chunks, r_.num_waiting, r_.num_preempted});
  }

  // Shows the iteration that is scheduled: its first `decodes` decoding sequences, its chunks.
  SERVESWEEP_FUNCTION void show_members(std::int32_t decodes) {
    if constexpr (Observer::kSeesSequences) {
      for (std::int32_t slot = r_.first; slot != kNoSlot; slot = s_[slot].next) {
        const Sequence& s = s_[slot];
        if (s.decodes) {
          if (decodes-- > 0) observer_.member(index_, s.request, s_.cached_tokens(slot), 0);
        } else if (s_.prefills(slot) && s.chunk > 0) {
          observer_.member(index_, s.request, s.num_computed_tokens, s.chunk);
        }
      }
    }
  }

  const ReplicaWorld& w_;
  Replica& r_;
  ReplicaSequences& s_;
  std::int64_t& next_ns_;
  Observer& observer_;
  ReplicaRecorder<Lanes> recorder_;
  std::int32_t index_;
};

}  // namespace servesweep
