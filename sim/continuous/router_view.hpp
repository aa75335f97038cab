// What a router sees of the replicas when a request arrives (sim/routers/router.hpp).
#pragma once

#include "sim/continuous/state.hpp"
#include "sim/replica/replica.hpp"

namespace servesweep {

// The replica with the least load, the lowest of equals.
struct LeastLoaded {
  std::int64_t load = INT64_MAX;
  std::int32_t replica = 0;
  SERVESWEEP_FUNCTION void join(const LeastLoaded& other) {
    if (other.load < load || (other.load == load && other.replica < replica)) *this = other;
  }
  template <class F>
  SERVESWEEP_FUNCTION LeastLoaded exchanged(const F& f) const {
    return {f(load), f(replica)};
  }
};

template <class Lanes>
class RouterView {
 public:
  SERVESWEEP_FUNCTION RouterView(const Lanes& lanes, const ContinuousWorld& world,
                                 const ContinuousState& state, std::int64_t request,
                                 std::int64_t now_ns)
      : lanes_(lanes), w_(world), s_(state), request_(request), now_ns_(now_ns) {}

  SERVESWEEP_FUNCTION std::int32_t count() const { return w_.num_replicas; }
  SERVESWEEP_FUNCTION std::uint64_t draw() const { return w_.requests.router_draws[request_]; }
  SERVESWEEP_FUNCTION std::int32_t outstanding(std::int32_t r) const {
    return s_.replicas[r].num_running + s_.replicas[r].num_waiting;
  }
  SERVESWEEP_FUNCTION std::int64_t used_blocks(std::int32_t r) const {
    return ReplicaSequences(w_, s_, r).blocks_at(ticks_of_ns(now_ns_));
  }
  SERVESWEEP_FUNCTION std::int32_t cached_blocks(std::int32_t r) const {
    return ReplicaSequences(w_, s_, r).count_hits(static_cast<std::uint32_t>(request_),
                                                  w_.prompt(request_));
  }

  template <class LoadOf>
  SERVESWEEP_FUNCTION std::int32_t least(const LoadOf& load_of) const {
    return lanes_
        .template reduce<LeastLoaded>(w_.num_replicas,
                                      [&](std::int32_t r, LeastLoaded& least) {
                                        least.join({load_of(r), r});
                                      })
        .replica;
  }

 private:
  const Lanes& lanes_;
  const ContinuousWorld& w_;
  const ContinuousState& s_;
  std::int64_t request_;
  std::int64_t now_ns_;
};

}  // namespace servesweep
