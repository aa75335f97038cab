// Least squares of a few columns.
#pragma once

#include <cstddef>
#include <vector>

namespace servesweep {

struct LeastSquares {
  bool determined = false;                      // no column follows from those before it
  std::vector<double> x;                        // [column]
  std::vector<std::vector<double>> covariance;  // of x for unit variance: (A^T A)^-1
};

// columns: [column][row].
LeastSquares solve_least_squares(const std::vector<std::vector<double>>& columns,
                                 const std::vector<double>& y);

}  // namespace servesweep
