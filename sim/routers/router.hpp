// What a router is: which replica an arriving request goes to, by what the replicas are doing then.
// A router is a struct with kName and
//   route(replicas, state)   int32: the replica, 0 .. replicas.count() - 1
// where `replicas`, of which there are two at least, answers for the request that arrives
//   count()              replicas
//   draw()               uint64: two random draws of 32 bits; needs kNeedsDraws
//   outstanding(r)       int32: requests that run or wait at replica r
//   used_blocks(r)       int64: KV blocks in use there
//   cached_blocks(r)     int32: leading blocks of the request's prompt that are cached there
//   least(load_of)       int32: the replica with the lowest load_of(r), an int64; of equal
//                        replicas the first. Lanes share the search
// Every replica has ended what ends before the arrival. What the engine asks beside that, a router
// overrides where its answer differs.
#pragma once

#include <type_traits>
#include <utility>

#include "sim/core/portability.hpp"

namespace servesweep {

struct RouterDefaults {
  static constexpr bool kNeedsDraws = false;    // reads draw()
  static constexpr bool kLooksAtCache = false;  // reads cached_blocks()
};

// What a world's router keeps from one request to the next. A router that does not want to look at
// every replica keeps an index of their loads here; the engine then has to tell it of changes.
struct RouterState {
  std::int32_t turn = 0;
};

// floor(draw * count / 2^32).
SERVESWEEP_FUNCTION std::int32_t drawn_below(std::int32_t count, std::uint32_t draw) {
  return static_cast<std::int32_t>(
      static_cast<std::uint64_t>(draw) * static_cast<std::uint32_t>(count) >> 32);
}

// For static_assert: what a router may ask of the replicas.
struct AnyReplicas {
  std::int32_t count() const;
  std::uint64_t draw() const;
  std::int32_t outstanding(std::int32_t replica) const;
  std::int64_t used_blocks(std::int32_t replica) const;
  std::int32_t cached_blocks(std::int32_t replica) const;
  template <class LoadOf>
  std::int32_t least(const LoadOf& load_of) const;
};

template <class Router, class = void>
constexpr bool kIsRouter = false;
template <class Router>
constexpr bool kIsRouter<
    Router,
    std::void_t<decltype(Router::kName), decltype(Router::route(std::declval<const AnyReplicas&>(),
                                                                std::declval<RouterState&>()))>> =
    std::is_base_of_v<RouterDefaults, Router>&&
        std::is_same_v<std::int32_t, decltype(Router::route(std::declval<const AnyReplicas&>(),
                                                            std::declval<RouterState&>()))>;

}  // namespace servesweep
