// Which raw points a design makes of its axes: before conditions, and before points that differ in
// nothing that counts become one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "host/parameters/parameter.hpp"
#include "host/sweep/value_reader.hpp"

namespace servesweep {

class Design {
 public:
  struct Column {
    std::size_t parameter = 0;
    std::vector<double> levels;        // distinct, in the order of world ids
    std::vector<std::uint32_t> codes;  // [point], 1 + index of a level; not for grids
  };

  // Columns in the order of their parameters. A grid: all combinations, the last column fastest.
  static Design grid(std::vector<Column> columns);
  static Design table(std::vector<Column> columns, std::int64_t num_points);

  const std::vector<Column>& columns() const { return columns_; }
  std::int64_t num_points() const { return num_points_; }
  // Writes the codes of a point to codes[0 .. columns().size()).
  void point(std::int64_t index, std::uint32_t* codes) const;

 private:
  bool is_grid_ = true;
  std::vector<Column> columns_;
  std::int64_t num_points_ = 1;
};

// The order of a parameter's values in world ids: numeric, texts by spelling.
bool level_before(const Parameter& parameter, const std::vector<std::string>& texts, double a,
                  double b);

// Levels and codes of a column of values, [point] or (no codes) just a set.
Design::Column encoded(std::size_t parameter, const std::vector<double>& values, bool with_codes,
                       const ParameterSet& parameters, const std::vector<std::string>& texts);

// `samples` draws for one axis: uniform over its interval (or its logarithm), or from its levels;
// with lhs one draw in each of `samples` equal strata, in random order. A pure function of the
// seed, the parameter's key and the axis, whatever else is sampled.
std::vector<double> sampled(const Parameter& parameter, const Axis& axis,
                            const std::vector<double>& levels, DesignKind design,
                            std::int64_t samples, std::uint64_t seed);

}  // namespace servesweep
