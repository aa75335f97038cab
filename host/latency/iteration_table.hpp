// The table iteration model of a measured profile: layers added up over the model, and the
// attention table completed, so that the device reads a full rectangle.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "host/latency/kernel_profile.hpp"
#include "sim/latency/iteration/table.hpp"

namespace servesweep {

// All numbers of the lowered model in one array, to be copied to a device as it is.
struct IterationTable {
  std::vector<double> numbers;

  // The lowered model, with pointers into a copy of the numbers.
  TableIteration::Lowered at(const double* copy) const;

 private:
  friend IterationTable make_iteration_table(const KernelProfile& profile, std::int32_t layers);
  struct Piece {
    std::size_t begin = 0;
    std::int32_t count = 0;
  };
  Piece add(const std::vector<double>& values);
  Piece tokens_, token_times_, sequences_, sequence_times_;
  std::array<Piece, AttentionTable::kAxes> axes_;
  Piece attention_times_;
};

// layers: of the model. Throws InputError where a layer is missing or measured at less than two
// values.
IterationTable make_iteration_table(const KernelProfile& profile, std::int32_t layers);

}  // namespace servesweep
