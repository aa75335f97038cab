// The requests that wait at a replica in the order of its policy: a list where that is the order of
// arrival, else a pairing heap (Fredman et al. 1986, doi:10.1007/BF01840439). Links are arrays over
// all requests of the world.
#pragma once

#include "sim/replica/state.hpp"

namespace servesweep {

class WaitingQueue {
 public:
  SERVESWEEP_FUNCTION WaitingQueue(const ReplicaWorld& world, const ReplicaStates& state,
                                   Replica& replica)
      : w_(world), r_(replica), next_(state.next), child_(state.child) {}

  SERVESWEEP_FUNCTION bool is_empty() const { return r_.queue_head == kNoRequest; }
  SERVESWEEP_FUNCTION std::uint32_t head() const { return r_.queue_head; }

  SERVESWEEP_FUNCTION void push(std::uint32_t request) {
    ++r_.num_queued;
    if (child_ == nullptr) {
      append_request(next_, r_.queue_head, r_.queue_tail, request);
      return;
    }
    next_[request] = kNoRequest;
    child_[request] = kNoRequest;
    r_.queue_head = is_empty() ? request : meld(r_.queue_head, request);
  }

  SERVESWEEP_FUNCTION std::uint32_t pop() {
    --r_.num_queued;
    const std::uint32_t request = r_.queue_head;
    r_.queue_head = child_ == nullptr ? next_[request] : meld_children(child_[request]);
    return request;
  }

  // Takes a request out, wherever it is; false: it is not in the queue. Builds the queue again.
  SERVESWEEP_FUNCTION bool remove(std::uint32_t request) {
    std::uint32_t head = kNoRequest;
    std::uint32_t tail = kNoRequest;
    bool found = false;
    while (!is_empty()) {
      const std::uint32_t next = pop();
      if (next == request) {
        found = true;
      } else {
        append_request(next_, head, tail, next);
      }
    }
    while (head != kNoRequest) {
      const std::uint32_t kept = head;
      head = next_[kept];
      push(kept);
    }
    return found;
  }

 private:
  SERVESWEEP_FUNCTION std::int32_t key(std::uint32_t request) const {
    return QueuePolicies::visit(w_.policy, [&](auto chosen) { return chosen.key(w_, request); });
  }
  SERVESWEEP_FUNCTION bool is_before(std::uint32_t a, std::uint32_t b) const {
    const std::int32_t key_a = key(a);
    const std::int32_t key_b = key(b);
    return key_a < key_b || (key_a == key_b && a < b);
  }

  // The later one becomes the first child of the other.
  SERVESWEEP_FUNCTION std::uint32_t meld(std::uint32_t a, std::uint32_t b) {
    const bool a_first = is_before(a, b);
    const std::uint32_t root = a_first ? a : b;
    const std::uint32_t below = a_first ? b : a;
    next_[below] = child_[root];
    child_[root] = below;
    next_[root] = kNoRequest;
    return root;
  }

  // Two passes: pairs from left to right, then their winners from right to left.
  SERVESWEEP_FUNCTION std::uint32_t meld_children(std::uint32_t first) {
    std::uint32_t pairs = kNoRequest;
    while (first != kNoRequest) {
      const std::uint32_t second = next_[first];
      std::uint32_t rest = kNoRequest;
      std::uint32_t winner = first;
      if (second != kNoRequest) {
        rest = next_[second];
        winner = meld(first, second);
      }
      next_[winner] = pairs;
      pairs = winner;
      first = rest;
    }
    std::uint32_t root = kNoRequest;
    while (pairs != kNoRequest) {
      const std::uint32_t rest = next_[pairs];
      next_[pairs] = kNoRequest;
      root = root == kNoRequest ? pairs : meld(root, pairs);
      pairs = rest;
    }
    return root;
  }

  const ReplicaWorld& w_;
  Replica& r_;
  std::uint32_t* next_;
  std::uint32_t* child_;
};

}  // namespace servesweep
