// Requests that wait at a replica in the order of its policy: a list where that is the order of
// arrival, else a pairing heap (Fredman et al. 1986, doi:10.1007/BF01840439). Links are arrays over
// all requests of the world; a request is in one queue at a time.
#pragma once

#include "sim/replica/state.hpp"

namespace servesweep {

// Whether the policy puts one request before another.
SERVESWEEP_FUNCTION bool is_before(const ReplicaWorld& w, std::uint32_t a, std::uint32_t b) {
  return QueuePolicies::visit(w.policy, [&](auto chosen) {
    const std::int32_t key_a = chosen.key(w, a);
    const std::int32_t key_b = chosen.key(w, b);
    return key_a < key_b || (key_a == key_b && a < b);
  });
}

class WaitingQueue {
 public:
  SERVESWEEP_FUNCTION WaitingQueue(const ReplicaWorld& world, const ReplicaStates& state,
                                   RequestQueue& queue)
      : w_(world), q_(queue), next_(state.next), child_(state.child) {}

  SERVESWEEP_FUNCTION bool is_empty() const { return q_.head == kNoRequest; }
  SERVESWEEP_FUNCTION std::uint32_t head() const { return q_.head; }

  SERVESWEEP_FUNCTION void push(std::uint32_t request) {
    ++q_.count;
    if (child_ == nullptr) {
      append_request(next_, q_.head, q_.tail, request);
      return;
    }
    next_[request] = kNoRequest;
    child_[request] = kNoRequest;
    q_.head = is_empty() ? request : meld(q_.head, request);
  }

  SERVESWEEP_FUNCTION std::uint32_t pop() {
    --q_.count;
    const std::uint32_t request = q_.head;
    q_.head = child_ == nullptr ? next_[request] : meld_children(child_[request]);
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
  SERVESWEEP_FUNCTION bool is_before(std::uint32_t a, std::uint32_t b) const {
    return servesweep::is_before(w_, a, b);
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
  RequestQueue& q_;
  std::uint32_t* next_;
  std::uint32_t* child_;
};

}  // namespace servesweep
