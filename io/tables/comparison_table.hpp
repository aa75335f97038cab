// A comparison of two result files as text for people.
#pragma once

#include <cstddef>
#include <string>

#include "host/results/change_limit.hpp"
#include "host/results/compare.hpp"

namespace servesweep {

struct ComparedSide {
  const Frame& frame;
  std::string seed;       // "" where its worlds have several
  std::string condition;  // that chose its worlds, or ""
};

// What was compared and how pairs were made, a line per metric, the `top` pairs of the largest
// changes (0: all), and as many points without a partner.
std::string render_comparison(const Comparison& comparison, const ComparedSide& a,
                              const ComparedSide& b, std::size_t top);

// Why a limit failed, or what to know where it held; "" where there is nothing to say.
std::string render_verdict(const Comparison& comparison, const Frame& a, const Frame& b,
                           const ChangeLimit& limit, const LimitVerdict& verdict);

}  // namespace servesweep
