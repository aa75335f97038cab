// What is true of a replica between its events, and of a world in its end. Only builds with
// assertions compile it.
#pragma once

#ifndef NDEBUG

#include <cassert>

#include "sim/replica/block_phases.hpp"
#include "sim/replica/state.hpp"

namespace servesweep {

// Counts over a replica's running list.
struct RunningCounts {
  std::int32_t running = 0;
  std::int32_t decoding = 0;
  std::int32_t finished = 0;
  std::int32_t held_up = 0;
  std::int64_t context_sum = 0;
  std::int64_t blocks = 0;  // if no two sequences shared one
};

// activity: what has been scheduled, kIdle where it has just ended. The blocks of its first
// iteration are taken; a decode run takes the blocks of its later iterations when it ends.
SERVESWEEP_FUNCTION RunningCounts count_running(const ReplicaWorld& w, const ReplicaMemory& m,
                                                Activity activity) {
  const Replica& r = *m.replica;
  const bool prefills = activity == Activity::kPrefill;
  const bool all_decode = activity == Activity::kDecodes || (prefills && mixes_decodes(w.mode));
  const BlockPhases phases(m.phases, w.block_size, r.phase);
  RunningCounts counts;
  std::int32_t previous = kNoSlot;
  for (std::int32_t slot = r.first; slot != kNoSlot; slot = m.sequences[slot].next) {
    const Sequence& s = m.sequences[slot];
    assert(s.previous == previous);
    previous = slot;
    ++counts.running;
    if (!s.decodes && s.generated == s.output) {  // has ended, and is not settled
      ++counts.finished;
      counts.blocks += w.blocks_of(s.num_computed_tokens);
      continue;
    }
    if (!s.decodes) {
      const bool is_held_up = s.num_computed_tokens == s.num_tokens;
      counts.held_up += is_held_up;
      assert(prefills || slot == r.partial || w.limits_chunks());
      assert(s.num_computed_tokens <= s.num_tokens);
      counts.blocks += w.blocks_of(s.num_computed_tokens + (prefills && !is_held_up ? s.chunk : 0));
      continue;
    }
    assert(s.finish_at > r.decodes_done);
    const std::int64_t generated = s.output - (s.finish_at - r.decodes_done);
    const std::int64_t cached = s.prompt + generated - w.prefill_tokens_out();
    assert(s.phase == phases.phase_of(static_cast<std::int32_t>(cached)));
    const bool decodes =
        all_decode || (activity == Activity::kSomeDecodes && counts.decoding < r.num_chosen);
    ++counts.decoding;
    counts.context_sum += cached + 1;
    counts.blocks += w.blocks_of(cached + (decodes ? 1 : 0));
  }
  assert(r.last == previous);
  return counts;
}

// Sequences in the ring, which are the decoding ones, each in the list of its end.
SERVESWEEP_FUNCTION std::int32_t count_ring(const ReplicaMemory& m) {
  std::int32_t count = 0;
  for (std::int32_t list = 0; list < FinishLists::kSize; ++list) {
    const bool used = (m.ring->used[list / 64] >> (list % 64) & 1) != 0;
    assert(used == (m.ring->heads[list] != kNoSlot));
    for (std::int32_t slot = m.ring->heads[list]; slot != kNoSlot;
         slot = m.sequences[slot].ring_next) {
      assert(m.sequences[slot].finish_at % FinishLists::kSize == list);
      ++count;
    }
  }
  return count;
}

// Members of the client's batch that ended and wait for the others.
SERVESWEEP_FUNCTION std::int32_t count_ended(const ReplicaMemory& m) {
  std::int32_t count = 0;
  for (std::int32_t slot = m.replica->ended; slot != kNoSlot; slot = m.sequences[slot].next) {
    ++count;
  }
  return count;
}

SERVESWEEP_FUNCTION void check_replica(const ReplicaWorld& w, const ReplicaStates& state,
                                       std::int32_t index, Activity activity) {
  const ReplicaMemory m = state.of(index, w);
  const Replica& r = *m.replica;
  const RunningCounts counts = count_running(w, m, activity);
  assert(counts.running == r.num_running);
  assert(counts.running <= w.max_sequences);
  assert(counts.decoding == r.num_decoding);
  assert(counts.finished == r.num_finished);
  assert(counts.held_up == r.num_held_up);
  assert(counts.decoding == count_ring(m));
  assert(counts.context_sum == r.context_sum);
  assert(r.num_fresh >= 0 && r.num_fresh <= r.num_decoding);
  assert(r.phase == r.decodes_done % w.block_size);
  std::int64_t blocks = counts.blocks;
  std::int32_t in_phases = 0;
  for (std::int32_t phase = 0; phase < w.block_size; ++phase) {
    assert(m.phases[phase] >= 0);
    in_phases += m.phases[phase];
  }
  assert(in_phases == r.num_decoding);

  for (std::int32_t slot = r.received; slot != kNoSlot; slot = m.sequences[slot].next) {
    blocks += w.blocks_of(m.sequences[slot].num_computed_tokens);
  }
  assert(w.prefix_caching ? r.used_blocks <= blocks : r.used_blocks == blocks);
  assert(r.used_blocks >= 0 && r.used_blocks <= w.num_blocks);

  std::int32_t preempted = 0;
  for (std::int32_t slot = r.preempted; slot != kNoSlot; slot = m.sequences[slot].next) {
    ++preempted;
  }
  std::int32_t in_batch = 0;
  for (std::uint32_t i = r.batch_head; i != kNoRequest; i = state.next[i]) ++in_batch;
  assert(r.num_waiting == preempted + in_batch + r.queue.count + r.preempted_queue.count +
                              r.unseen.count + r.num_received);
  assert(r.num_running + preempted + r.num_received + count_ended(m) <= w.num_slots());
}

// `admitted` requests came and were not rejected.
SERVESWEEP_FUNCTION void check_world(const ReplicaWorld& w, const ReplicaStates& state,
                                     std::int32_t num_replicas, std::int64_t admitted) {
  std::int64_t found = 0;
  for (std::int32_t i = 0; i < num_replicas; ++i) {
    const Replica& r = state.replicas[i];
    found += r.tally.completed + count_ended(state.of(i, w)) + r.num_running + r.num_waiting;
  }
  assert(found == admitted);
}

}  // namespace servesweep

#endif
