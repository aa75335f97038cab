// Iteration times from measured tables, for the naive simulator: nested tables as they are in the
// files, interpolated from axis to axis.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <map>
#include <vector>

#include "tests/reference/naive_continuous.hpp"

namespace servesweep::reference::continuous {

// Interpolates in the first of its axes between the two values beside x, or the two last or first
// ones where x lies outside, but never falls beyond the last one; what is at a value is a table of
// the other axes.
struct Table {
  double value = 0.0;
  std::map<double, Table> next = {};

  void put(const std::vector<double>& at, double v, std::size_t axis = 0) {
    if (axis == at.size()) value = v;
    if (axis < at.size()) next[at[axis]].put(at, v, axis + 1);
  }
  double operator()(const std::vector<double>& at, std::size_t axis = 0) const {
    if (axis == at.size()) return value;
    auto above = next.lower_bound(at[axis]);
    if (above != next.end() && above->first == at[axis]) return above->second(at, axis + 1);
    if (next.size() == 1) return next.begin()->second(at, axis + 1);
    const bool beyond = above == next.end();
    if (beyond) --above;
    if (above == next.begin()) ++above;
    const auto below = std::prev(above);
    const double width = above->first - below->first;
    const double low = below->second(at, axis + 1), high = above->second(at, axis + 1);
    if (beyond) return high + (at[axis] - above->first) / width * std::max(0.0, high - low);
    return low + (at[axis] - below->first) / width * (high - low);
  }
};

// Nanoseconds in units of the clock, half a unit up.
inline Int128 units_of_ns(double ns) {
  const long double units = std::ldexp(static_cast<long double>(ns), 40);
  const long double whole = std::floor(units);
  return static_cast<Int128>(whole) + (units - whole >= 0.5L ? 1 : 0);
}

// Times in ns of the whole model, rounded as docs/continuous_engine.md says: where nothing is
// prefilled the time at the largest measured context that is not above the mean, and the slope from
// there on.
struct TableService {
  Table tokens, sequences, attention;
  std::vector<double> contexts;  // ascending

  Int128 operator()(const Iteration& it) const {
    Int q = 0, k = 0, sum = 0;
    for (const Chunk& c : it.prefills) q += c.q, k += c.k;
    for (const Decode& d : it.decodes) sum += d.context;
    const auto real = [](Int x) { return static_cast<double>(x); };
    const Int n = it.n(), mean = n == 0 ? 0 : sum / n;
    const double others = tokens({real(q + n)}) + sequences({real(std::ssize(it.prefills) + n)});
    if (!it.prefills.empty()) {
      const double all = attention({real(q), real(k), real(n), real(mean)});
      return std::max(kUnitsPerNs, units_of_ns(others + all));
    }
    auto from = std::prev(std::upper_bound(contexts.begin(), contexts.end(), real(mean)));
    const double at_from = attention({0, 0, real(n), *from});
    double slope = 0;
    if (std::next(from) != contexts.end()) {
      const double to = *std::next(from);
      slope = (attention({0, 0, real(n), to}) - at_from) / (to - *from);
    } else {
      const double before = *std::prev(from);
      slope = std::max(0.0, at_from - attention({0, 0, real(n), before})) / (*from - before);
    }
    const Int128 later = Int128{mean - std::llround(*from)} * units_of_ns(slope);
    return std::max(kUnitsPerNs, units_of_ns(others + at_from) + later);
  }
};

}  // namespace servesweep::reference::continuous
