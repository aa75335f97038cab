// Lane groups: the lanes that run one world together. Every lane runs the whole engine with the
// same values in its local variables; what lanes share is the world's memory, and that is written
// only inside the calls below. Each call begins and ends with the lanes in step, so that what one
// lane wrote before it is seen by all lanes after it.
//
// A group type offers
//   all(body)                  body() in every lane; compiled as one function where that pays
//   once(body)                 body() in one lane
//   for_each(count, body)      body(i) for i = 0 .. count - 1, spread over the lanes; no two
//                              calls may write one place, but by add()
//   add(counter, n)            counter += n, also by several lanes at a time
//   reduce<T>(count, body)     body(i, partial) for every i in any order; partials start as T(),
//                              and T::join() puts them together in any order; all lanes get the
//                              result. T::exchanged(f) is the T whose members are f(member)
//   first(count, is_wanted)    the lowest i with is_wanted(i), or count
//   count_leading(count, is)   how many of i = 0 .. count - 1 come before the first with !is(i),
//                              where all after that one fail too
//   least(values, count)       minimum of values[0 .. count - 1]; count is a multiple of 8 > 0
//   pack(count, is, body)      body(rank, i) for the i with is(i), rank counting them; returns how
//                              many there are
// A body or predicate may write what belongs to its i alone. Whatever the group, the results have
// the same bits: partials are integers, minima or maxima.
#pragma once

#include "sim/core/clock.hpp"

namespace servesweep {

// A partial result of reduce(): a sum of non-negative integers.
struct IntegerSum {
  std::int64_t value = 0;
  SERVESWEEP_FUNCTION void join(const IntegerSum& other) { value += other.value; }
  template <class F>
  SERVESWEEP_FUNCTION IntegerSum exchanged(const F& f) const {
    return {f(value)};
  }
};

// The group of width 1, for CPUs and everything else that runs a world in one thread.
struct OneLane {
  // Calls that the compiler would keep cost a twentieth of the instructions.
  template <class Body>
  __attribute__((flatten)) SERVESWEEP_FUNCTION void all(const Body& body) const {
    body();
  }

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
    std::int64_t least = values[0];
    for (std::int32_t j = 1; j < 8; ++j) least = min_of(least, values[j]);
    for (std::int32_t i = 8; i < count; i += 8) {
      for (std::int32_t j = 0; j < 8; ++j) least = min_of(least, values[i + j]);
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

// Some neighbouring lanes of a GPU's warp, or of something that acts like one. A Warp offers
//   width(), lane()    how many lanes, a power of two up to 32, and which one this is
//   sync()             all lanes get here before one goes on, and see what the others wrote
//   exchange(v, m)     the v of lane (lane() ^ m)
//   ballot(b)          bit l is lane l's b
//   atomic_add(c, n)   c += n
template <class Warp>
class GroupLanes {
 public:
  SERVESWEEP_FUNCTION explicit GroupLanes(const Warp& warp) : warp_(warp) {}

  template <class Body>
  SERVESWEEP_FUNCTION void all(const Body& body) const {
    body();
  }

  template <class Body>
  SERVESWEEP_FUNCTION void once(const Body& body) const {
    warp_.sync();
    if (warp_.lane() == 0) body();
    warp_.sync();
  }

  template <class Body>
  SERVESWEEP_FUNCTION void for_each(std::int32_t count, const Body& body) const {
    warp_.sync();
    for (std::int32_t i = warp_.lane(); i < count; i += warp_.width()) body(i);
    warp_.sync();
  }

  SERVESWEEP_FUNCTION void add(std::uint32_t& counter, std::uint32_t n) const {
    warp_.atomic_add(counter, n);
  }

  template <class T, class Body>
  SERVESWEEP_FUNCTION T reduce(std::int32_t count, const Body& body) const {
    T result;
    warp_.sync();
    for (std::int32_t i = warp_.lane(); i < count; i += warp_.width()) body(i, result);
    warp_.sync();
    for (std::int32_t mask = warp_.width() / 2; mask > 0; mask /= 2) {
      result.join(result.exchanged([&](auto value) { return warp_.exchange(value, mask); }));
    }
    return result;
  }

  template <class Predicate>
  SERVESWEEP_FUNCTION std::int32_t first(std::int32_t count, const Predicate& is_wanted) const {
    warp_.sync();
    for (std::int32_t begin = 0; begin < count; begin += warp_.width()) {
      const std::int32_t i = begin + warp_.lane();
      const std::uint32_t wanted = warp_.ballot(i < count && is_wanted(i));
      warp_.sync();
      if (wanted != 0) return begin + lowest_bit(wanted);
    }
    return count;
  }

  template <class Predicate>
  SERVESWEEP_FUNCTION std::int32_t count_leading(std::int32_t count, const Predicate& is) const {
    return first(count, [&](std::int32_t i) { return !is(i); });
  }

  SERVESWEEP_FUNCTION std::int64_t least(const std::int64_t* values, std::int32_t count) const {
    std::int64_t least = kNever;
    warp_.sync();
    for (std::int32_t i = warp_.lane(); i < count; i += warp_.width()) {
      least = min_of(least, values[i]);
    }
    for (std::int32_t mask = warp_.width() / 2; mask > 0; mask /= 2) {
      least = min_of(least, warp_.exchange(least, mask));
    }
    return least;
  }

  template <class Predicate, class Body>
  SERVESWEEP_FUNCTION std::int32_t pack(std::int32_t count, const Predicate& is,
                                        const Body& body) const {
    std::int32_t rank = 0;
    warp_.sync();
    for (std::int32_t begin = 0; begin < count; begin += warp_.width()) {
      const std::int32_t i = begin + warp_.lane();
      const bool is_here = i < count && is(i);
      const std::uint32_t all = warp_.ballot(is_here);
      const std::uint32_t below = (std::uint32_t{1} << warp_.lane()) - 1;
      if (is_here) body(rank + count_bits(all & below), i);
      rank += count_bits(all);
    }
    warp_.sync();
    return rank;
  }

 private:
  Warp warp_;
};

}  // namespace servesweep
