// The sequences of one replica: the running list in the order of admission, which sequences decode
// and when they end, and the KV blocks that they hold.
#pragma once

#include "sim/replica/block_phases.hpp"
#include "sim/replica/finish_ring.hpp"
#include "sim/replica/prefix_cache.hpp"
#include "sim/replica/waiting_queue.hpp"

namespace servesweep {

class ReplicaSequences {
 public:
  SERVESWEEP_FUNCTION ReplicaSequences(const ReplicaWorld& world, const ReplicaStates& state,
                                       std::int32_t index)
      : ReplicaSequences(world, state, index, state.of(index, world)) {}

  SERVESWEEP_FUNCTION void reset() {
    const std::int32_t slots = w_.num_slots();
    for (std::int32_t i = 0; i < slots; ++i) s_[i].next = i + 1 < slots ? i + 1 : kNoSlot;
    r_.free_slot = 0;
    for (std::int32_t i = 0; i < w_.block_size; ++i) phase_counts_[i] = 0;
    ring_.reset();
    if (w_.prefix_caching) cache().reset();
  }

  SERVESWEEP_FUNCTION Sequence& operator[](std::int32_t slot) const { return s_[slot]; }

  // -- slots --------------------------------------------------------------------------------------

  SERVESWEEP_FUNCTION std::int32_t take_slot() {
    const std::int32_t slot = r_.free_slot;
    r_.free_slot = s_[slot].next;
    return slot;
  }
  SERVESWEEP_FUNCTION void free_slot(std::int32_t slot) {
    s_[slot].next = r_.free_slot;
    r_.free_slot = slot;
  }

  // -- the running list ---------------------------------------------------------------------------

  SERVESWEEP_FUNCTION void join(std::int32_t slot) {
    s_[slot].previous = r_.last;
    s_[slot].next = kNoSlot;
    (r_.last == kNoSlot ? r_.first : s_[r_.last].next) = slot;
    r_.last = slot;
    ++r_.num_running;
    r_.peaks.running = max_of<std::int64_t>(r_.peaks.running, r_.num_running - r_.num_finished);
  }

  // A sequence that came with its KV joins the running sequences that decode: before the first one
  // whose prefill is not complete.
  SERVESWEEP_FUNCTION void join_decoding(std::int32_t slot) {
    join(slot);
    if (r_.partial != kNoSlot) {
      leave(slot);
      insert_before(slot, r_.partial);
    }
    start_decoding(slot, true);
  }

  SERVESWEEP_FUNCTION void leave(std::int32_t slot) {
    const Sequence& s = s_[slot];
    (s.previous == kNoSlot ? r_.first : s_[s.previous].next) = s.next;
    (s.next == kNoSlot ? r_.last : s_[s.next].previous) = s.previous;
    --r_.num_running;
  }

  // Of a running sequence: whether its prefill is not complete.
  SERVESWEEP_FUNCTION bool prefills(std::int32_t slot) const {
    const Sequence& s = s_[slot];
    return !s.decodes && s.num_computed_tokens < s.num_tokens;
  }
  // The first running sequence from this slot on, or kNoSlot, whose prefill is not complete.
  SERVESWEEP_FUNCTION std::int32_t next_prefill(std::int32_t slot) const {
    while (slot != kNoSlot && !prefills(slot)) slot = s_[slot].next;
    return slot;
  }
  // Running sequences with a prompt longer than an iteration's chunk that are being prefilled.
  SERVESWEEP_FUNCTION std::int32_t count_long_prefills() const {
    std::int32_t count = 0;
    for (std::int32_t slot = r_.first; slot != kNoSlot; slot = s_[slot].next) {
      count += prefills(slot) && s_[slot].num_tokens > w_.most_chunk_tokens;
    }
    return count;
  }
  // Of a running sequence: whether it has all its tokens and waits for its blocks to be given back.
  SERVESWEEP_FUNCTION bool has_finished(std::int32_t slot) const {
    const Sequence& s = s_[slot];
    return !s.decodes && s.generated == s.output;
  }
  // The running sequence that the policy puts last.
  SERVESWEEP_FUNCTION std::int32_t last_of_policy() const {
    std::int32_t last = r_.first;
    for (std::int32_t slot = r_.first; slot != kNoSlot; slot = s_[slot].next) {
      if (is_before(w_, s_[last].request, s_[slot].request)) last = slot;
    }
    return last;
  }

  // From where on sequences that the iteration prefills are in the running list; kNoSlot: there are
  // none.
  SERVESWEEP_FUNCTION std::int32_t first_chunk() const {
    if (r_.partial != kNoSlot) return r_.partial;
    std::int32_t slot = r_.last;
    for (std::int32_t i = 1; i < r_.num_admitted; ++i) slot = s_[slot].previous;
    return r_.num_admitted > 0 ? slot : kNoSlot;
  }

  // -- decoding -----------------------------------------------------------------------------------

  // Tokens that a decoding sequence has generated.
  SERVESWEEP_FUNCTION std::int32_t generated_tokens(std::int32_t slot) const {
    return s_[slot].output - static_cast<std::int32_t>(s_[slot].finish_at - r_.decodes_done);
  }
  SERVESWEEP_FUNCTION std::int32_t cached_tokens(std::int32_t slot) const {
    return s_[slot].prompt + generated_tokens(slot) - w_.prefill_tokens_out();
  }

  // A sequence whose prefill is complete.
  SERVESWEEP_FUNCTION void start_decoding(std::int32_t slot, bool is_fresh) {
    Sequence& s = s_[slot];
    s.is_fresh = is_fresh;
    r_.num_fresh += is_fresh;
    s.finish_at = r_.decodes_done + (s.output - s.generated);
    s.phase = phases().phase_of(s.num_computed_tokens);
    ++phase_counts_[s.phase];
    s.decodes = true;
    ring_.add(slot);
    ++r_.num_decoding;
    r_.context_sum += s.num_computed_tokens + 1;
  }
  SERVESWEEP_FUNCTION void stop_decoding(std::int32_t slot, std::int32_t cached) {
    ring_.remove(slot);
    s_[slot].decodes = false;
    r_.num_fresh -= s_[slot].is_fresh;
    s_[slot].is_fresh = false;
    --phase_counts_[s_[slot].phase];
    --r_.num_decoding;
    r_.context_sum -= cached + 1;
  }
  // A sequence stops decoding but keeps its blocks; what it has generated and cached is then in its
  // slot.
  SERVESWEEP_FUNCTION void pause_decoding(std::int32_t slot) {
    Sequence& s = s_[slot];
    if (!s.is_fresh) s.last_token = r_.common_last;
    s.num_computed_tokens = cached_tokens(slot);
    s.generated = generated_tokens(slot);
    stop_decoding(slot, s.num_computed_tokens);
  }
  // A decoding sequence is not part of the iteration that is being scheduled.
  SERVESWEEP_FUNCTION void hold_up(std::int32_t slot) {
    pause_decoding(slot);
    s_[slot].num_tokens = s_[slot].num_computed_tokens;
    ++r_.num_held_up;
  }
  SERVESWEEP_FUNCTION void resume_held_up() {
    for (std::int32_t slot = r_.first; r_.num_held_up > 0; slot = s_[slot].next) {
      if (s_[slot].decodes || prefills(slot) || has_finished(slot)) continue;
      start_decoding(slot, true);
      --r_.num_held_up;
    }
  }

  // Decode iterations, from 1 on, before which no sequence ends.
  SERVESWEEP_FUNCTION std::int64_t until_next_end() const {
    return ring_.until_next(r_.decodes_done);
  }
  // A sequence that has all its tokens but still counts as decoding; kNoSlot: none. Where prefixes
  // are cached it is the first such one, because the order in which blocks are given back matters.
  SERVESWEEP_FUNCTION std::int32_t next_finished() const {
    std::int32_t slot = ring_.ends_at(r_.decodes_done);
    if (slot == kNoSlot || !w_.prefix_caching) return slot;
    slot = r_.first;
    while (!s_[slot].decodes || s_[slot].finish_at != r_.decodes_done) slot = s_[slot].next;
    return slot;
  }

  // Decode iterations of all sequences have passed.
  SERVESWEEP_FUNCTION void pass(std::int64_t iterations) {
    r_.decodes_done += iterations;
    const std::int64_t phase = r_.phase + iterations;
    r_.phase = static_cast<std::int32_t>(phase < w_.block_size ? phase : phase % w_.block_size);
    r_.context_sum += r_.num_decoding * iterations;
  }

  // A decode iteration of the first `count` sequences has passed; the others wait their turn.
  SERVESWEEP_FUNCTION void pass_some(std::int32_t count) {
    std::int32_t slot = r_.first;
    for (std::int32_t i = 0; slot != kNoSlot; slot = s_[slot].next, ++i) {
      --phase_counts_[s_[slot].phase];
      s_[slot].phase = cached_tokens(slot) + (i < count ? 1 : 0);
      if (i < count) continue;
      ring_.remove(slot);
      ++s_[slot].finish_at;
      ring_.add(slot);
    }
    r_.context_sum -= r_.num_decoding - count;  // that pass() adds too much
    pass(1);
    for (slot = r_.first; slot != kNoSlot; slot = s_[slot].next) {
      s_[slot].phase = phases().phase_of(s_[slot].phase);
      ++phase_counts_[s_[slot].phase];
    }
    rotate(count);
  }

  // How many of the first sequences decode in one iteration under the limit of its context.
  SERVESWEEP_FUNCTION std::int32_t choose(std::int64_t& context, std::int64_t& need) const {
    std::int32_t count = 0;
    for (std::int32_t slot = r_.first; slot != kNoSlot; slot = s_[slot].next, ++count) {
      const std::int32_t cached = cached_tokens(slot);
      if (count > 0 && context + cached + 1 > w_.max_decode_context) break;
      context += cached + 1;
      need += cached % w_.block_size == 0;
    }
    return count;
  }

  // -- KV blocks ----------------------------------------------------------------------------------

  SERVESWEEP_FUNCTION std::int64_t free_blocks() const { return w_.num_blocks - r_.used_blocks; }

  // Blocks that the next iteration of all decoding sequences takes.
  SERVESWEEP_FUNCTION std::int64_t needed_blocks() const { return phases().needed_now(); }
  // How many iterations the free blocks are enough for, at most `wanted`; the first one has taken
  // its blocks already.
  SERVESWEEP_FUNCTION std::int64_t affordable(std::int64_t wanted) const {
    return phases().affordable(wanted, r_.num_decoding, free_blocks() + needed_blocks());
  }

  // Takes the blocks of the next iteration of the first `count` decoding sequences.
  SERVESWEEP_FUNCTION void take_blocks(std::int32_t count) {
    if (!w_.prefix_caching && count == r_.num_decoding) {
      r_.used_blocks += phases().needed_now();
      return;
    }
    for (std::int32_t slot = r_.first; count > 0; slot = s_[slot].next) {
      if (!s_[slot].decodes) continue;
      take_decode_block(slot, cached_tokens(slot));
      --count;
    }
  }
  // Takes the block that a decode of a sequence with `cached` tokens in the cache needs, if any.
  SERVESWEEP_FUNCTION void take_decode_block(std::int32_t slot, std::int64_t cached) {
    r_.used_blocks += cached % w_.block_size == 0;
    if (w_.prefix_caching) extend_by_decode(slot, cached);
  }

  // Iterations of the decode run up to the first that ends at or after `time`.
  SERVESWEEP_FUNCTION std::int64_t reach(Ticks time) const {
    return r_.line.reach(time - r_.start, r_.planned);
  }
  // Blocks in use by the iteration that runs at `time`.
  SERVESWEEP_FUNCTION std::int64_t blocks_at(Ticks time) const {
    if (r_.activity != Activity::kDecodes) return r_.used_blocks;
    return r_.used_blocks + needed_after_first(reach(time));
  }
  // Blocks that the decode run takes after its first iteration.
  SERVESWEEP_FUNCTION std::int64_t needed_after_first(std::int64_t iterations) const {
    const BlockPhases now = phases();
    return now.needed(iterations, r_.num_decoding) - now.needed_now();
  }
  SERVESWEEP_FUNCTION void take_later_blocks(std::int64_t iterations) {
    r_.used_blocks += needed_after_first(iterations);
    if (!w_.prefix_caching) return;
    for (std::int64_t i = 1; i < iterations; ++i) {
      for (std::int32_t slot = r_.first; slot != kNoSlot; slot = s_[slot].next) {
        const std::int64_t cached = cached_tokens(slot) + i;
        extend_by_decode(slot, cached);
        if (w_.async_scheduling) cache().cache_filled(slot, s_[slot].request, cached - 1, 1);
      }
    }
  }

  // Asynchronous scheduling: the next iteration is scheduled before the tokens of this one are
  // known, so a block that a decode fills up is cached after that. `iterations` of all decoding
  // sequences come to their end.
  SERVESWEEP_FUNCTION void note_filled_blocks(std::int64_t iterations) {
    for (std::int32_t slot = r_.first; slot != kNoSlot; slot = s_[slot].next) {
      Sequence& s = s_[slot];
      s.fills_block = s.decodes && (cached_tokens(slot) + iterations) % w_.block_size == 0;
    }
  }
  SERVESWEEP_FUNCTION void cache_filled_blocks() {
    for (std::int32_t slot = r_.first; slot != kNoSlot; slot = s_[slot].next) {
      Sequence& s = s_[slot];
      if (!s.fills_block) continue;
      s.fills_block = false;
      const std::int64_t cached = s.decodes ? cached_tokens(slot) : s.num_computed_tokens;
      cache().cache_filled(slot, s.request, cached - 1, 1);
    }
  }

  // Takes the blocks of a sequence's chunk.
  SERVESWEEP_FUNCTION void take_chunk_blocks(std::int32_t slot) {
    const Sequence& s = s_[slot];
    r_.used_blocks +=
        w_.blocks_of(s.num_computed_tokens + s.chunk) - w_.blocks_of(s.num_computed_tokens);
    if (w_.prefix_caching) cache().extend(slot, s.request, s.num_computed_tokens, s.chunk);
  }

  // Gives back the blocks of a sequence with `cached` tokens in the cache.
  SERVESWEEP_FUNCTION void give_back_blocks(std::int32_t slot, std::int64_t cached) {
    const std::int64_t blocks = w_.blocks_of(cached);
    r_.used_blocks -= w_.prefix_caching ? cache().give_back(slot, blocks) : blocks;
  }

  // Leading blocks of the first `tokens` of a request that are cached.
  SERVESWEEP_FUNCTION std::int32_t count_hits(std::uint32_t request, std::int64_t tokens) const {
    return w_.prefix_caching ? cache().count_hits(request, tokens / w_.block_size) : 0;
  }
  // How many of the request's first `hits` blocks, which are cached, some sequence uses.
  SERVESWEEP_FUNCTION std::int32_t count_held(std::uint32_t request, std::int32_t hits) const {
    return hits == 0 ? 0 : hits - cache().count_free(request, hits);
  }
  // Gives a slot the request's first `hits` blocks, of which `held` are in use already.
  SERVESWEEP_FUNCTION void hold_hits(std::int32_t slot, std::int32_t hits, std::int32_t held) {
    if (hits == 0) return;
    r_.used_blocks += hits - held;
    cache().hold_hits(slot, s_[slot].request, hits);
  }

 private:
  SERVESWEEP_FUNCTION ReplicaSequences(const ReplicaWorld& world, const ReplicaStates& state,
                                       std::int32_t index, const ReplicaMemory& memory)
      : w_(world),
        state_(state),
        index_(index),
        r_(*memory.replica),
        s_(memory.sequences),
        phase_counts_(memory.phases),
        ring_(memory) {}

  SERVESWEEP_FUNCTION BlockPhases phases() const {
    return BlockPhases(phase_counts_, w_.block_size, r_.phase);
  }
  // Made where it is used: a GPU has no registers to keep it.
  SERVESWEEP_FUNCTION PrefixCache cache() const { return PrefixCache(w_, state_.of(index_, w_)); }

  SERVESWEEP_FUNCTION void extend_by_decode(std::int32_t slot, std::int64_t cached) {
    if (w_.async_scheduling) {
      cache().take_blocks(slot, cached, 1);
    } else {
      cache().extend(slot, s_[slot].request, cached, 1);
    }
  }

  SERVESWEEP_FUNCTION void insert_before(std::int32_t slot, std::int32_t other) {
    const std::int32_t previous = s_[other].previous;
    s_[slot].previous = previous;
    s_[slot].next = other;
    (previous == kNoSlot ? r_.first : s_[previous].next) = slot;
    s_[other].previous = slot;
    ++r_.num_running;
  }

  // Moves the first `count` sequences, not all, to the end.
  SERVESWEEP_FUNCTION void rotate(std::int32_t count) {
    std::int32_t cut = r_.first;
    for (std::int32_t i = 1; i < count; ++i) cut = s_[cut].next;
    const std::int32_t first = s_[cut].next;
    s_[r_.last].next = r_.first;
    s_[r_.first].previous = r_.last;
    s_[cut].next = kNoSlot;
    s_[first].previous = kNoSlot;
    r_.first = first;
    r_.last = cut;
  }

  const ReplicaWorld& w_;
  const ReplicaStates& state_;
  std::int32_t index_;
  Replica& r_;
  Sequence* s_;
  std::int32_t* phase_counts_;
  FinishRing ring_;
};

}  // namespace servesweep
