// The KV blocks of a replica by number, for prefix caching, after vLLM's block pool: blocks
// that no sequence uses (ref_count 0) lie in a list and are taken from its front; a block keeps its
// hash until it is taken from the list. A lookup finds the block that was cached first under a
// hash.
#pragma once

#include "sim/replica/state.hpp"

namespace servesweep {

class PrefixCache {
 public:
  SERVESWEEP_FUNCTION PrefixCache(const ReplicaWorld& world, const ReplicaMemory& memory)
      : w_(world),
        blocks_(memory.blocks),
        first_of_(memory.first_of_hash),
        last_of_(memory.last_of_hash),
        tables_(memory.tables),
        r_(*memory.replica) {}

  // All blocks are free, none is cached.
  SERVESWEEP_FUNCTION void reset() {
    r_.first_unused = 0;
    r_.first_free = kNoBlock;
    r_.last_free = kNoBlock;
    for (std::int32_t h = 0; h < w_.num_block_hashes(); ++h) first_of_[h] = kNoBlock;
  }

  // How many leading blocks of a request's tokens are cached, at most `most`.
  SERVESWEEP_FUNCTION std::int32_t count_hits(std::uint32_t request, std::int64_t most) const {
    const std::int64_t looked_up = min_of(most, num_hashes(request));
    std::int32_t hits = 0;
    while (hits < looked_up && first_of_[hash_of(request, hits)] != kNoBlock) ++hits;
    return hits;
  }
  // How many of a request's first `hits` blocks, which are cached, no sequence uses.
  SERVESWEEP_FUNCTION std::int32_t count_free(std::uint32_t request, std::int32_t hits) const {
    std::int32_t count = 0;
    for (std::int32_t i = 0; i < hits; ++i) {
      count += blocks_[first_of_[hash_of(request, i)]].ref_count == 0;
    }
    return count;
  }

  // Gives a slot the request's first `hits` blocks, which are cached.
  SERVESWEEP_FUNCTION void hold_hits(std::int32_t slot, std::uint32_t request, std::int32_t hits) {
    for (std::int32_t i = 0; i < hits; ++i) {
      const std::int32_t b = first_of_[hash_of(request, i)];
      if (blocks_[b].ref_count++ == 0) leave_free(b);
      table(slot)[i] = b;
    }
  }

  // A slot with `cached` tokens in the cache computes `tokens` more: takes the blocks that it lacks
  // and caches the blocks that it fills up.
  SERVESWEEP_FUNCTION void extend(std::int32_t slot, std::uint32_t request, std::int64_t cached,
                                  std::int64_t tokens) {
    take_blocks(slot, cached, tokens);
    cache_filled(slot, request, cached, tokens);
  }
  SERVESWEEP_FUNCTION void take_blocks(std::int32_t slot, std::int64_t cached,
                                       std::int64_t tokens) {
    const std::int64_t end = w_.blocks_of(cached + tokens);
    for (std::int64_t i = w_.blocks_of(cached); i < end; ++i) table(slot)[i] = take();
  }
  SERVESWEEP_FUNCTION void cache_filled(std::int32_t slot, std::uint32_t request,
                                        std::int64_t cached, std::int64_t tokens) {
    const std::int64_t filled = min_of((cached + tokens) / w_.block_size, num_hashes(request));
    for (std::int64_t i = cached / w_.block_size; i < filled; ++i) {
      cache(table(slot)[i], hash_of(request, i));
    }
  }

  // Gives a slot's first `count` blocks back, the last one first; returns how many are free now.
  SERVESWEEP_FUNCTION std::int64_t give_back(std::int32_t slot, std::int64_t count) {
    std::int64_t freed = 0;
    while (count-- > 0) {
      const std::int32_t b = table(slot)[count];
      if (--blocks_[b].ref_count > 0) continue;
      blocks_[b].previous = r_.last_free;
      blocks_[b].next = kNoBlock;
      (r_.last_free == kNoBlock ? r_.first_free : blocks_[r_.last_free].next) = b;
      r_.last_free = b;
      ++freed;
    }
    return freed;
  }

 private:
  SERVESWEEP_FUNCTION std::int32_t* table(std::int32_t slot) const {
    return tables_ + static_cast<std::int64_t>(slot) * w_.table_blocks;
  }
  // Leading KV blocks of a request that have a hash.
  SERVESWEEP_FUNCTION std::int64_t num_hashes(std::uint32_t request) const {
    const std::int64_t hashes =
        w_.requests.prefix_begin[request + 1] - w_.requests.prefix_begin[request];
    if (w_.hashes_per_block > 1) return hashes / w_.hashes_per_block;
    return hashes * w_.blocks_per_hash;
  }
  // Of the i-th KV block of a request. A hash stands for its block and all before it: of several in
  // one KV block the last one tells, and of several KV blocks in one, it and the block's place.
  SERVESWEEP_FUNCTION std::int32_t hash_of(std::uint32_t request, std::int64_t i) const {
    const std::int32_t* hashes = w_.requests.prefix_hashes + w_.requests.prefix_begin[request];
    if (w_.blocks_per_hash == 1) return hashes[(i + 1) * w_.hashes_per_block - 1];
    const std::int64_t hash = i / w_.blocks_per_hash;
    return hashes[hash] * w_.blocks_per_hash +
           static_cast<std::int32_t>(i - hash * w_.blocks_per_hash);
  }

  SERVESWEEP_FUNCTION void leave_free(std::int32_t b) {
    const CacheBlock& block = blocks_[b];
    (block.previous == kNoBlock ? r_.first_free : blocks_[block.previous].next) = block.next;
    (block.next == kNoBlock ? r_.last_free : blocks_[block.next].previous) = block.previous;
  }

  // Blocks that were never used come first, as if all blocks had been in the list in the beginning.
  SERVESWEEP_FUNCTION std::int32_t take() {
    if (r_.first_unused < w_.num_blocks) {
      blocks_[r_.first_unused] = {kNoBlock, kNoBlock, kNoBlock, kNoBlock, kNoBlock, 1};
      return r_.first_unused++;
    }
    const std::int32_t b = r_.first_free;
    leave_free(b);
    CacheBlock& block = blocks_[b];
    block.ref_count = 1;
    if (block.hash != kNoBlock) {
      (block.previous_same == kNoBlock ? first_of_[block.hash]
                                       : blocks_[block.previous_same].next_same) = block.next_same;
      (block.next_same == kNoBlock ? last_of_[block.hash]
                                   : blocks_[block.next_same].previous_same) = block.previous_same;
      block.hash = kNoBlock;
    }
    return b;
  }

  SERVESWEEP_FUNCTION void cache(std::int32_t b, std::int32_t hash) {
    CacheBlock& block = blocks_[b];
    block.hash = hash;
    block.next_same = kNoBlock;
    block.previous_same = first_of_[hash] == kNoBlock ? kNoBlock : last_of_[hash];
    (block.previous_same == kNoBlock ? first_of_[hash] : blocks_[block.previous_same].next_same) =
        b;
    last_of_[hash] = b;
  }

  const ReplicaWorld& w_;
  CacheBlock* blocks_;
  std::int32_t* first_of_;
  std::int32_t* last_of_;
  std::int32_t* tables_;
  Replica& r_;
};

}  // namespace servesweep
