// The working memory of one continuous world while it runs, carved from one block. Histograms lie
// outside it; they are kept clear between worlds.
#pragma once

#include <cstddef>

#include "sim/continuous/result.hpp"
#include "sim/continuous/world.hpp"
#include "sim/core/state_layout.hpp"

namespace servesweep {

constexpr std::uint32_t kNoRequest = UINT32_MAX;
constexpr std::int32_t kNoSlot = -1;
constexpr std::int32_t kNoBlock = -1;

// A slot: a sequence that runs on a replica, or was preempted there and waits.
struct Sequence {
  Ticks first_scheduled;
  Ticks first_token;  // end of the first prefill; negative before
  Ticks last_token;   // of fresh and preempted ones, and of those whose client waits for others
  std::int64_t arrival_ns;
  std::int64_t finish_at;  // decoding: its last token is the replica's decode of this number
  std::uint32_t request;
  std::int32_t prompt;
  std::int32_t output;     // tokens to generate
  std::int32_t generated;  // while it does not decode
  std::int32_t known;      // tokens to prefill
  std::int32_t computed;   // of them, while it does not decode
  std::int32_t chunk;      // prefilled by the iteration that runs
  std::int32_t phase;      // decoding: (tokens in the cache - decodes done) modulo block size
  std::int32_t previous;   // in the running list; of preempted and free slots only next is used
  std::int32_t next;
  bool decodes;
  std::int32_t ring_previous;  // decoding: in its list of the ring
  std::int32_t ring_next;
};

// What a replica is doing until `end`.
enum class Flight : std::int32_t {
  kIdle,        // nothing
  kWaking,      // waits for a request or a flush, and then schedules
  kDecodes,     // `planned` decode iterations of all its sequences
  kSomeDecode,  // one decode iteration of the first num_chosen sequences
  kPrefill      // one iteration with prefills
};

// A KV block, where prefixes are cached.
struct CacheBlock {
  std::int32_t previous;  // in the list of free blocks
  std::int32_t next;
  std::int32_t hash;           // that it is cached under, or kNoBlock
  std::int32_t previous_same;  // under the same hash, in the order of caching
  std::int32_t next_same;
  std::int32_t holders;
};

// Decoding sequences by the iteration in which they end (sim/continuous/finish_ring.hpp).
struct FinishLists {
  static constexpr std::int32_t kSize = 1024;  // a power of two
  static constexpr std::int32_t kWords = kSize / 64;
  std::uint64_t used[kWords];  // bit i: list i is not empty
  std::int32_t heads[kSize];   // first slot of a list
};

struct Replica {
  Flight flight = Flight::kIdle;
  Ticks start = 0;
  Ticks end = kNeverTicks;
  IterationLine line;  // of kDecodes
  std::int64_t planned = 0;
  std::int64_t prefill_tokens = 0;  // of kPrefill: in its chunks
  std::int64_t prefill_cached = 0;  // in the cache of their sequences with them
  std::int32_t num_chunks = 0;

  std::int64_t decodes_done = 0;  // decode iterations
  std::int32_t phase = 0;         // decodes_done modulo block size
  std::int32_t num_decoding = 0;
  std::int64_t context_sum = 0;  // over decoding sequences: tokens in the cache + 1
  std::int64_t used_blocks = 0;
  std::int32_t first_unused = 0;       // of prefix caching: blocks that were never taken
  std::int32_t first_free = kNoBlock;  // those that were given back
  std::int32_t last_free = kNoBlock;

  std::int32_t first = kNoSlot;  // running list, in the order of admission
  std::int32_t last = kNoSlot;
  std::int32_t num_running = 0;
  std::int32_t partial = kNoSlot;  // the one whose prefill is not complete: the last one
  std::int32_t num_admitted = 0;   // by the iteration that runs: the last ones
  std::int32_t num_chosen = 0;     // of kSomeDecode
  std::int32_t num_preempted = 0;  // when the iteration was scheduled
  std::int32_t num_fresh = 0;      // so many last ones have a last_token of their own
  Ticks common_last = 0;           // last token of the other decoding ones
  std::int32_t free_slot = kNoSlot;

  std::int32_t num_waiting = 0;      // all of the following
  std::int32_t preempted = kNoSlot;  // the last one first
  std::uint32_t queue_head = kNoRequest;
  std::uint32_t queue_tail = kNoRequest;
  std::int32_t num_queued = 0;
  std::uint32_t batch_head = kNoRequest;  // the client's batch, as far as it waits
  std::uint32_t batch_tail = kNoRequest;
  std::int32_t ended = kNoSlot;  // members that ended, where the client waits for all
  std::int32_t batch_output = 0;
  std::int64_t last_arrival_ns = 0;

  std::uint64_t touched[kNumLatencyKinds] = {};
  ReplicaTally tally;
  ReplicaPeaks peaks;
};

SERVESWEEP_FUNCTION ReplicaUse use_of(const Replica& r) {
  return {r.tally.completed, r.tally.iterations, r.tally.preemptions, r.tally.output_tokens,
          r.peaks.running,   r.peaks.waiting,    r.peaks.blocks,      r.tally.busy};
}

// What is one replica's alone.
struct ReplicaMemory {
  Replica* replica;
  Sequence* sequences;  // [slot]
  FinishLists* ring;
  std::int32_t* phases;  // [block_size]: decoding sequences by phase
  // Null without prefix caching.
  CacheBlock* blocks;           // [num_blocks]
  std::int32_t* first_of_hash;  // [hash]: block found under it
  std::int32_t* last_of_hash;   // [hash]: block cached last, where there is one
  std::int32_t* tables;         // [slot][table_blocks]: blocks of the slot's sequence
};

struct ContinuousState {
  std::int64_t* next_ns;        // [replica]: when its flight ends, rounded down; kNever: never
  Replica* replicas;            // [replica]
  Sequence* sequences;          // [replica][slot]
  FinishLists* rings;           // [replica]
  std::int32_t* phases;         // [replica][block_size]
  std::uint32_t* next;          // [request]: a request is in one list of one replica
  std::uint32_t* child;         // [request], or null: queues are in order of arrival
  CacheBlock* blocks;           // [replica][num_blocks], or null like those below
  std::int32_t* first_of_hash;  // [replica][hash]
  std::int32_t* last_of_hash;   // [replica][hash]
  std::int32_t* tables;         // [replica][slot][table_blocks]
  ContinuousResult* result;     // [1]

  SERVESWEEP_FUNCTION static std::size_t bytes(const ContinuousWorld& world) {
    ContinuousState state;
    return state.place(nullptr, world);
  }

  // Lays the arrays out from `memory` (aligned to StateLayout::kAlignment) on; returns the bytes
  // taken.
  SERVESWEEP_FUNCTION std::size_t place(unsigned char* memory, const ContinuousWorld& world) {
    StateLayout layout(memory);
    const auto replicas_count = static_cast<std::size_t>(world.num_replicas);
    const auto slots = replicas_count * static_cast<std::size_t>(world.num_slots());
    const auto requests = static_cast<std::size_t>(world.requests.count);
    layout.take(next_ns, replicas_count);
    layout.take(replicas, replicas_count);
    layout.take(sequences, slots);
    layout.take(rings, replicas_count);
    layout.take(phases, replicas_count * static_cast<std::size_t>(world.block_size));
    layout.take(next, requests);
    layout.take(child, world.policy == QueuePolicy::kFcfs ? 0 : requests);
    const bool caches = world.prefix_caching;
    const auto hashes = static_cast<std::size_t>(caches ? world.requests.num_hashes : 0);
    layout.take(blocks, caches ? replicas_count * static_cast<std::size_t>(world.num_blocks) : 0);
    layout.take(first_of_hash, replicas_count * hashes);
    layout.take(last_of_hash, replicas_count * hashes);
    layout.take(tables, caches ? slots * static_cast<std::size_t>(world.table_blocks) : 0);
    layout.take(result, 1);
    return layout.bytes();
  }

  SERVESWEEP_FUNCTION ReplicaMemory of(std::int32_t r, const ContinuousWorld& world) const {
    const std::int64_t at = r;
    const std::int64_t slots = at * world.num_slots();
    ReplicaMemory memory{};
    memory.replica = replicas + r;
    memory.sequences = sequences + slots;
    memory.ring = rings + r;
    memory.phases = phases + at * world.block_size;
    if (world.prefix_caching) {
      memory.blocks = blocks + at * world.num_blocks;
      memory.first_of_hash = first_of_hash + at * world.requests.num_hashes;
      memory.last_of_hash = last_of_hash + at * world.requests.num_hashes;
      memory.tables = tables + slots * world.table_blocks;
    }
    return memory;
  }
};

// The histograms of a world: counts [LatencyKind][HistogramLayout::kNumBuckets], all zero.
struct ContinuousHistograms {
  static constexpr int kCount = kNumLatencyKinds;
  static constexpr std::size_t kCounts = std::size_t{kCount} * HistogramLayout::kNumBuckets;
  Histogram of[kCount];

  SERVESWEEP_FUNCTION explicit ContinuousHistograms(std::uint32_t* counts) {
    for (int kind = 0; kind < kCount; ++kind) {
      of[kind].counts = counts + kind * HistogramLayout::kNumBuckets;
    }
  }
};

}  // namespace servesweep
