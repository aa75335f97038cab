// Which parameters a point reads: Parameter::read_when made fast. A point's canonical form has NaN
// for each parameter that it does not read, so that points which differ in nothing that counts are
// equal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "host/parameter.hpp"

namespace servesweep {

class ReadRules {
 public:
  ReadRules() = default;
  // Throws std::logic_error for conditions that make no sense (unknown keys or values, cycles).
  explicit ReadRules(const ParameterSet& parameters);

  // values: [parameter], raw; unread ones become NaN. Idempotent.
  void canonicalise(double* values) const;

 private:
  // `parameter` is read only if bit values[on] of `accepted` is set (a text: bit 0 = "", 1 =
  // given).
  struct Rule {
    std::uint32_t parameter;
    std::uint32_t on;
    std::uint64_t highest_bit;
    std::uint64_t accepted;
  };
  std::vector<Rule> rules_;  // what a rule depends on is decided by the rules before it
};

}  // namespace servesweep
