// Where an arriving request goes, by what the replicas are doing at that time.
#pragma once

#include "sim/continuous/replica_engine.hpp"

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

// load_of(replica) of all of them, spread over the lanes.
template <class Lanes, class LoadOf>
SERVESWEEP_FUNCTION std::int32_t least_loaded(const Lanes& lanes, std::int32_t num_replicas,
                                              const LoadOf& load_of) {
  return lanes
      .template reduce<LeastLoaded>(num_replicas,
                                    [&](std::int32_t r, LeastLoaded& least) {
                                      least.join({load_of(r), r});
                                    })
      .replica;
}

// floor(draw * count / 2^32).
SERVESWEEP_FUNCTION std::int32_t drawn_below(std::int32_t count, std::uint32_t draw) {
  return static_cast<std::int32_t>(
      static_cast<std::uint64_t>(draw) * static_cast<std::uint32_t>(count) >> 32);
}

// Two different replicas of at least two, by the two halves of a draw.
struct TwoReplicas {
  std::int32_t first;
  std::int32_t second;
  SERVESWEEP_FUNCTION TwoReplicas(std::int32_t num_replicas, std::uint64_t draw)
      : first(drawn_below(num_replicas, static_cast<std::uint32_t>(draw))),
        second(drawn_below(num_replicas - 1, static_cast<std::uint32_t>(draw >> 32))) {
    if (second >= first) ++second;
  }
};

}  // namespace servesweep
