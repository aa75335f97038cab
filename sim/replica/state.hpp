// The working memory of a world's replicas while they run: arrays over replicas, carved from one
// block. Histograms lie outside it; they are kept clear between worlds.
#pragma once

#include <cstddef>

#include "sim/core/state_layout.hpp"
#include "sim/replica/class_tally.hpp"
#include "sim/replica/request_list.hpp"
#include "sim/replica/world.hpp"

namespace servesweep {

constexpr std::int32_t kNoSlot = -1;
constexpr std::int32_t kNoBlock = -1;

// A slot: a sequence that runs on a replica, was preempted there and waits, or has come with its KV
// and waits for the end of the iteration.
struct Sequence {
  Ticks first_scheduled;
  Ticks first_token;  // end of the first prefill; negative before
  Ticks last_token;   // of fresh, held up and preempted sequences, and where the client waits for
                      // a batch
  std::int64_t arrival_ns;
  std::int64_t finish_at;  // decoding: its last token is the replica's decode of this number
  std::uint32_t request;
  std::int32_t prompt;
  std::int32_t output;               // tokens to generate
  std::int32_t generated;            // while it does not decode
  std::int32_t num_tokens;           // to prefill
  std::int32_t num_computed_tokens;  // in the KV cache, while it does not decode
  std::int32_t chunk;                // tokens that the iteration in progress prefills
  std::int32_t taken;     // tokens that the iteration being scheduled has taken blocks for, where
                          // these are taken in the order of the running list
  std::int32_t phase;     // decoding: (tokens in the cache - decodes done) modulo block size
  std::int32_t previous;  // in the running list; lists of other slots use next alone
  std::int32_t next;
  bool decodes;
  bool is_fresh;  // decoding: its last token came at last_token, not at the replica's common_last
  bool fills_block;   // asynchronous: its last decode filled a block up that is not cached yet
  bool is_cancelled;  // leaves with the end of the iteration (written where ports are used)
  std::int32_t ring_previous;  // decoding: in its list of the ring
  std::int32_t ring_next;
};

// What a request that was preempted keeps while it waits in the order of the policy; else it keeps
// its slot.
struct PreemptedRequest {
  Ticks first_scheduled;
  Ticks first_token;
  Ticks last_token;
  std::int32_t generated;
};

// Requests that wait, in the order of arrival or of the policy (sim/replica/waiting_queue.hpp).
struct RequestQueue {
  std::uint32_t head = kNoRequest;
  std::uint32_t tail = kNoRequest;  // in the order of arrival
  std::int32_t count = 0;
};

// What a replica is doing until `end`.
enum class Activity : std::int32_t {
  kIdle,         // nothing
  kWaiting,      // for a request or a flush; then it schedules
  kDecodes,      // `planned` decode iterations of all its sequences, a decode run
  kSomeDecodes,  // one decode iteration of the first num_chosen sequences
  kPrefill       // one iteration with prefills
};

// A KV block, where prefixes are cached.
struct CacheBlock {
  std::int32_t previous;  // in the list of free blocks
  std::int32_t next;
  std::int32_t hash;           // that it is cached under, or kNoBlock
  std::int32_t previous_same;  // under the same hash, in the order of caching
  std::int32_t next_same;
  std::int32_t ref_count;  // sequences that use it
};

// Decoding sequences by the iteration in which they end (sim/replica/finish_ring.hpp).
struct FinishLists {
  static constexpr std::int32_t kSize = 1024;  // a power of two
  static constexpr std::int32_t kWords = kSize / 64;
  std::uint64_t used[kWords];  // bit i: list i is not empty
  std::int32_t heads[kSize];   // first slot of a list
};

struct Replica {
  Activity activity = Activity::kIdle;
  Ticks start = 0;
  Ticks end = kNeverTicks;
  IterationLine line;               // of kDecodes
  std::int64_t planned = 0;         // of kDecodes: iterations
  std::int64_t prefill_tokens = 0;  // of kPrefill: in its chunks
  std::int64_t prefill_cached =
      0;                        // of kPrefill: in the cache when it ends, of its chunks' sequences
  std::int32_t num_chunks = 0;  // of kPrefill

  std::int64_t decodes_done = 0;  // decode iterations
  std::int32_t phase = 0;         // decodes_done modulo block size
  std::int32_t num_decoding = 0;
  std::int64_t context_sum = 0;  // over decoding sequences: tokens in the cache + 1
  std::int64_t used_blocks = 0;
  std::int32_t first_unused = 0;       // of prefix caching: blocks that were never taken
  std::int32_t first_free = kNoBlock;  // list of the blocks that were given back
  std::int32_t last_free = kNoBlock;

  std::int32_t first = kNoSlot;  // running list, in the order of admission
  std::int32_t last = kNoSlot;
  std::int32_t num_running = 0;
  std::int32_t partial = kNoSlot;  // the first running sequence whose prefill is not complete
  std::int32_t num_admitted = 0;   // by the iteration in progress: the last running sequences
  std::int32_t num_chosen = 0;     // of kSomeDecodes
  std::int32_t num_preempted = 0;  // when the iteration was scheduled
  std::int32_t num_fresh = 0;      // decoding sequences whose last_token is their own
  Ticks common_last = 0;           // last token of the other decoding sequences
  std::int32_t num_held_up = 0;    // sequences that would decode, but not in this iteration
  // Of asynchronous scheduling: sequences that have ended but hold their slots and blocks until the
  // next iteration is scheduled, linked by ring_next.
  std::int32_t first_finished = kNoSlot;
  std::int32_t last_finished = kNoSlot;
  std::int32_t num_finished = 0;
  Ticks seen = kNeverTicks;  // and the next iteration knows what had arrived by then
  std::int32_t free_slot = kNoSlot;

  std::int32_t num_waiting = 0;  // preempted, received, unseen, in the queue or the client's batch
  std::int32_t preempted = kNoSlot;  // list, the sequence that was preempted last first
  RequestQueue queue;
  RequestQueue preempted_queue;           // where the policy says where preempted requests wait
  RequestQueue unseen;                    // arrived after what the next iteration may know
  std::uint32_t batch_head = kNoRequest;  // members of the client's batch that wait
  std::uint32_t batch_tail = kNoRequest;
  std::int32_t ended = kNoSlot;  // members that ended, where the client waits for the whole batch
  std::int32_t batch_output = 0;
  std::int64_t last_arrival_ns = 0;

  // Changed by the ports alone that the continuous engine does not use.
  std::int32_t received = kNoSlot;  // list of sequences that came with their KV and do not run yet
  std::int32_t num_received = 0;
  std::int32_t num_cancelled = 0;  // running sequences that leave with the end of the iteration
  bool is_stopped = false;

  std::uint64_t touched[kNumLatencyKinds] = {};
  ReplicaTally tally;
  ReplicaPeaks peaks;
};

SERVESWEEP_FUNCTION ReplicaUse use_of(const Replica& r) {
  return {r.tally.completed, r.tally.iterations, r.tally.preemptions, r.tally.output_tokens,
          r.peaks.running,   r.peaks.waiting,    r.peaks.blocks,      r.tally.busy + r.tally.cut};
}

// What belongs to one replica alone.
struct ReplicaMemory {
  Replica* replica;
  Sequence* sequences;  // [slot]
  FinishLists* ring;
  std::int32_t* phases;  // [block_size]: decoding sequences by phase
  // Null without prefix caching.
  CacheBlock* blocks;           // [num_blocks]
  std::int32_t* first_of_hash;  // [hash]: block found under it
  std::int32_t* last_of_hash;   // [hash]: block cached last, if any
  std::int32_t* tables;         // [slot][table_blocks]: blocks of the slot's sequence
};

struct ReplicaStates {
  std::int64_t* next_ns;        // [replica]: Replica::end, rounded down to ns; kNever: never
  Replica* replicas;            // [replica]
  Sequence* sequences;          // [replica][slot]
  FinishLists* rings;           // [replica]
  std::int32_t* phases;         // [replica][block_size]
  std::uint32_t* next;          // [request]: a request is in one list of one replica
  std::uint32_t* child;         // [request], or null: queues are in the order of arrival
  PreemptedRequest* preempted;  // [request], or null: preempted requests keep their slots
  CacheBlock* blocks;           // [replica][num_blocks]; null like the next three without caching
  std::int32_t* first_of_hash;  // [replica][hash]
  std::int32_t* last_of_hash;   // [replica][hash]
  std::int32_t* tables;         // [replica][slot][table_blocks]
  ClassTally* classes;          // [replica][class]; null like the next one without classes
  std::uint32_t* class_counts;  // [class][latency of a request][bucket], zero before a world runs

  SERVESWEEP_FUNCTION void take(StateLayout& layout, const ReplicaWorld& world,
                                std::int32_t num_replicas) {
    const auto replicas_count = static_cast<std::size_t>(num_replicas);
    const auto slots = replicas_count * static_cast<std::size_t>(world.num_slots());
    const auto requests = static_cast<std::size_t>(world.requests.count);
    layout.take(next_ns, replicas_count);
    layout.take(replicas, replicas_count);
    layout.take(sequences, slots);
    layout.take(rings, replicas_count);
    layout.take(phases, replicas_count * static_cast<std::size_t>(world.block_size));
    layout.take(next, requests);
    layout.take(child, is_fcfs(world.policy) ? 0 : requests);
    layout.take(preempted, world.policy_chooses_victims() ? requests : 0);
    const bool caches = world.prefix_caching;
    const auto hashes = static_cast<std::size_t>(caches ? world.num_block_hashes() : 0);
    layout.take(blocks, caches ? replicas_count * static_cast<std::size_t>(world.num_blocks) : 0);
    layout.take(first_of_hash, replicas_count * hashes);
    layout.take(last_of_hash, replicas_count * hashes);
    const auto classes_count = static_cast<std::size_t>(world.requests.num_classes);
    layout.take(classes, replicas_count * classes_count);
    layout.take(class_counts, classes_count * kNumRequestLatencies * HistogramLayout::kNumBuckets);
    layout.take(tables, caches ? slots * static_cast<std::size_t>(world.table_blocks) : 0);
  }

  // What a replica counts of a request's class.
  SERVESWEEP_FUNCTION ClassTally& class_tally(const ReplicaWorld& world, std::int32_t r,
                                              std::int64_t request) const {
    const std::int64_t at = r;
    return classes[at * world.requests.num_classes + world.class_of(request)];
  }
  // A class's histogram of one latency.
  SERVESWEEP_FUNCTION std::uint32_t* counts_of_class(std::int32_t index, int latency) const {
    return class_counts + (static_cast<std::size_t>(index) * kNumRequestLatencies +
                           static_cast<unsigned>(latency)) *
                              HistogramLayout::kNumBuckets;
  }

  SERVESWEEP_FUNCTION ReplicaMemory of(std::int32_t r, const ReplicaWorld& world) const {
    const std::int64_t at = r;
    const std::int64_t slots = at * world.num_slots();
    ReplicaMemory memory{};
    memory.replica = replicas + r;
    memory.sequences = sequences + slots;
    memory.ring = rings + r;
    memory.phases = phases + at * world.block_size;
    if (world.prefix_caching) {
      memory.blocks = blocks + at * world.num_blocks;
      memory.first_of_hash = first_of_hash + at * world.num_block_hashes();
      memory.last_of_hash = last_of_hash + at * world.num_block_hashes();
      memory.tables = tables + slots * world.table_blocks;
    }
    return memory;
  }
};

}  // namespace servesweep
