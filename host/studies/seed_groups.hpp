// The worlds of one configuration: rows of a frame that agree in some columns, one row per seed.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "host/results/frame.hpp"

namespace servesweep {

struct SeedGroup {
  std::vector<double> key;        // [key column]; NaN: not applicable
  std::vector<std::size_t> rows;  // in order of the column replication
};

// In order of the keys; what is not applicable comes last.
std::vector<SeedGroup> seed_groups(const Frame& frame, const std::vector<std::size_t>& rows,
                                   const std::vector<std::string>& key_columns);
std::vector<SeedGroup> seed_groups(const Frame& frame, const std::vector<std::string>& key_columns);

// A column of a parameter that no world reads is not in the file: NaN then, as where a world does
// not read it.
std::vector<double> numbers_if_any(const Frame& frame, const std::string& column);

// [row] whether the world ran to its end and these metrics are applicable.
std::vector<bool> usable_rows(const Frame& frame, const std::vector<std::string>& metrics);

}  // namespace servesweep
