// The inputs of a sweep's worlds as columns of the result file. A parameter that no world reads
// has no column; where only some worlds read it, the others hold the fill value (texts: "").
#pragma once

#include <cstdint>
#include <vector>

#include "host/results/result.hpp"
#include "host/sweep/sweep.hpp"

namespace servesweep {

class InputColumns {
 public:
  explicit InputColumns(const Sweep& sweep);

  const std::vector<ColumnSpec>& specs() const { return specs_; }
  // [input][world], of the worlds first .. first + count - 1.
  std::vector<ColumnData> values(std::int64_t first, std::int64_t count) const;
  // Any values of parameter `p`, encoded as its column is.
  ColumnData encode(std::size_t p, const std::vector<double>& values) const;

 private:
  const Sweep& sweep_;
  std::vector<std::size_t> parameters_;  // [input]
  std::vector<ColumnSpec> specs_;        // [input]
};

// The column of a parameter.
ColumnSpec input_column(const Parameter& parameter);

}  // namespace servesweep
