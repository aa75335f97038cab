// What a queue policy is: the order in which the requests that wait at a replica are admitted. A
// policy is a struct with kName and
//   key(requests, request)   int32: the lowest goes first; requests with the same key in the order
//                            of their arrival
// where `requests` answers prompt(request), output(request), predicted(request) and
// priority(request). What the engine asks beside that, a policy overrides where its answer differs.
#pragma once

#include <type_traits>
#include <utility>

#include "sim/core/portability.hpp"

namespace servesweep {

struct PolicyDefaults {
  static constexpr bool kIsFcfs = false;         // the order of arrival: a list serves as the queue
  static constexpr bool kReadsPriority = false;  // needs the requests' classes of priority
  // Where prefills and decodes share an iteration it also says who is preempted, the last one of
  // its order, and where a preempted request waits.
  static constexpr bool kChoosesVictims = false;
};

// For static_assert: what a policy may ask of the requests.
struct AnyRequests {
  std::int32_t prompt(std::uint32_t request) const;
  std::int32_t output(std::uint32_t request) const;
  std::int32_t predicted(std::uint32_t request) const;
  std::int32_t priority(std::uint32_t request) const;
};

template <class Policy, class = void>
constexpr bool kIsQueuePolicy = false;
template <class Policy>
constexpr bool kIsQueuePolicy<
    Policy, std::void_t<decltype(Policy::kName),
                        decltype(Policy::key(std::declval<const AnyRequests&>(), 0u))>> =
    std::is_base_of_v<PolicyDefaults, Policy>&&
        std::is_same_v<std::int32_t, decltype(Policy::key(std::declval<const AnyRequests&>(), 0u))>;

}  // namespace servesweep
