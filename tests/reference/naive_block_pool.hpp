// The KV blocks of one replica for naive_continuous.hpp, after vLLM's block pool: blocks have
// numbers, and those that no sequence holds lie in a list, taken from its front. Prefix caching: a
// block may carry a hash, which it loses when it is taken from the front; the first block cached
// under a hash is the one found, until it loses the hash.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <vector>

namespace servesweep::reference::continuous {

using Int = std::int64_t;
using Blocks = std::vector<std::size_t>;  // of one sequence, in the order of its tokens

class NaiveBlockPool {
 public:
  explicit NaiveBlockPool(Int num_blocks) : blocks_(static_cast<std::size_t>(num_blocks)) {
    for (std::size_t b = 0; b < blocks_.size(); ++b) add_free(b);
  }

  NaiveBlockPool(NaiveBlockPool&&) = default;  // not to be copied: blocks know their place

  Int free() const { return static_cast<Int>(free_.size()); }
  Int held() const { return static_cast<Int>(blocks_.size()) - free(); }  // by one or by several
  bool is_held(std::size_t b) const { return blocks_[b].holders > 0; }

  // The leading ones of these hashes that are cached, as blocks.
  Blocks find(const std::vector<Int>& hashes) const {
    Blocks found;
    for (const Int hash : hashes) {
      const auto hit = cached_.find(hash);
      if (hit == cached_.end()) break;
      found.push_back(hit->second.front());
    }
    return found;
  }
  void hold(std::size_t b) {
    if (blocks_[b].holders++ == 0) free_.erase(blocks_[b].place);
  }
  std::size_t take() {  // needs free() > 0
    const std::size_t b = free_.front();
    if (std::optional<Int>& hash = blocks_[b].hash) {
      cached_[*hash].remove(b);
      if (cached_[*hash].empty()) cached_.erase(*hash);
      hash.reset();
    }
    hold(b);
    return b;
  }
  void cache(std::size_t b, Int hash) {
    blocks_[b].hash = hash;
    cached_[hash].push_back(b);
  }
  void give_back(Blocks& blocks) {  // the last one first
    for (; !blocks.empty(); blocks.pop_back()) {
      if (--blocks_[blocks.back()].holders == 0) add_free(blocks.back());
    }
  }

 private:
  struct Block {
    Int holders = 0;
    std::optional<Int> hash = {};
    std::list<std::size_t>::iterator place = {};  // in the free list, while no sequence holds it
  };
  void add_free(std::size_t b) { blocks_[b].place = free_.insert(free_.end(), b); }

  std::vector<Block> blocks_;
  std::list<std::size_t> free_;
  std::map<Int, std::list<std::size_t>> cached_;  // by hash, in the order of caching
};

}  // namespace servesweep::reference::continuous
