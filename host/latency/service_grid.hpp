// Measured batch times of the service model, and the complete table that the model "grid" reads.
#pragma once

#include <vector>

namespace servesweep {

// One measurement.
struct GridPoint {
  double batch_size = 0;  // >= 1
  double length = 0;      // longest total length in the batch, tokens
  double time_ms = 0;
};

// The distinct values of a member, ascending.
std::vector<double> distinct_values(const std::vector<GridPoint>& points,
                                    double GridPoint::*member);

// A complete table, ascending in both directions.
struct ServiceGrid {
  std::vector<double> batch_sizes;
  std::vector<double> lengths;
  std::vector<double> time_ms;  // [batch size][length]
};

// Repeated points are averaged. Throws InputError, naming what is missing, where a batch size lacks
// a length that another one has.
ServiceGrid to_grid(const std::vector<GridPoint>& points);

}  // namespace servesweep
