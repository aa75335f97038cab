// Lane groups: the lanes that run one world together. Every lane runs the whole engine with the
// same values in its local variables; what lanes share is the world's memory, and that is written
// only inside the calls below. Each call begins and ends with the lanes in step, so that what one
// of them wrote before it is seen by all after it.
//
// A group type offers
//   once(body)                 body() in one lane
//   for_each(count, body)      body(i) for i = 0 .. count - 1, spread over the lanes; no two of
//   them
//                              may write one place, but by add()
//   add(counter, n)            counter += n, also by several lanes at a time
//   reduce<T>(count, body)     body(i, partial) for every i; partials start as T() and are put
//                              together by T::join() in any order; all lanes get the result
//   first(count, is_wanted)    the lowest i with is_wanted(i), or count
//   count_leading(count, is)   how many of i = 0 .. count - 1 come before the first with !is(i),
//                              where all after that one fail too
//   least(values, count)       minimum of values[0 .. count - 1]; count is a multiple of 8
//   pack(count, is, body)      body(rank, i) for the i with is(i), rank counting them; returns how
//                              many there are
// Whatever the group, the results have the same bits: partials are integers, minima or maxima.
#pragma once

#include "sim/clock.hpp"

namespace servesweep {

// A partial result of reduce(): a sum of non-negative integers.
struct IntegerSum {
  std::int64_t value = 0;
  SERVESWEEP_FUNCTION void join(const IntegerSum& other) { value += other.value; }
};

// The group of width 1, for CPUs and everything else that runs a world in one thread.
struct OneLane {
  template <class Body>
  SERVESWEEP_INLINE void once(const Body& body) const {
    body();
  }

  template <class Body>
  SERVESWEEP_INLINE void for_each(std::int32_t count, const Body& body) const {
    for (std::int32_t i = 0; i < count; ++i) body(i);
  }

  SERVESWEEP_INLINE void add(std::uint32_t& counter, std::uint32_t n) const { counter += n; }

  template <class T, class Body>
  SERVESWEEP_INLINE T reduce(std::int32_t count, const Body& body) const {
    T result;
    for (std::int32_t i = 0; i < count; ++i) body(i, result);
    return result;
  }

  template <class Predicate>
  SERVESWEEP_INLINE std::int32_t first(std::int32_t count, const Predicate& is_wanted) const {
    std::int32_t i = 0;
    while (i < count && !is_wanted(i)) ++i;
    return i;
  }

  // Gallops, then halves: most runs are short, and what lies far ahead is not in the cache.
  template <class Predicate>
  SERVESWEEP_INLINE std::int32_t count_leading(std::int32_t count, const Predicate& is) const {
    std::int32_t low = 0;  // the first `low` are
    std::int32_t high = 1;
    while (high < count && is(high - 1)) {
      low = high;
      high *= 2;
    }
    if (high >= count) {
      if (count == 0 || is(count - 1)) return count;
      high = count;
    }
    while (high - low > 1) {
      const std::int32_t middle = (low + high) / 2;
      (is(middle - 1) ? low : high) = middle;
    }
    return low;
  }

  SERVESWEEP_INLINE std::int64_t least(const std::int64_t* values, std::int32_t count) const {
    std::int64_t least = kNever;
    for (std::int32_t i = 0; i < count; i += 8) {
      std::int64_t here = values[i];
      for (std::int32_t j = 1; j < 8; ++j) here = min_of(here, values[i + j]);
      least = min_of(least, here);
    }
    return least;
  }

  template <class Predicate, class Body>
  SERVESWEEP_INLINE std::int32_t pack(std::int32_t count, const Predicate& is,
                                      const Body& body) const {
    std::int32_t rank = 0;
    for (std::int32_t i = 0; i < count; ++i) {
      if (is(i)) body(rank++, i);
    }
    return rank;
  }
};

}  // namespace servesweep
