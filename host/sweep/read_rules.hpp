// Which parameters a point reads: Parameter::read_when made fast. A point's canonical form has NaN
// for each parameter that it does not read, so that points which differ in nothing that counts are
// equal.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "host/parameters/parameter.hpp"

namespace servesweep {

class ReadRules {
 public:
  ReadRules() = default;
  // texts: by id; of another one it is known only that it is given. Throws std::logic_error for
  // conditions that make no sense (unknown keys or values, cycles).
  explicit ReadRules(const ParameterSet& parameters, const std::vector<std::string>& texts = {""});

  // values: [parameter], raw; values that are not read become NaN. Idempotent.
  void canonicalise(double* values) const;

 private:
  // `parameter` is read only where values[on] is accepted; the last entry stands for all beyond.
  struct Rule {
    std::size_t parameter;
    std::size_t on;
    std::vector<bool> accepted;  // [stored value]
  };
  std::vector<Rule> rules_;  // what a rule depends on is decided by the rules before it
};

}  // namespace servesweep
