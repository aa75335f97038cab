#include "host/latency/service_grid.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <set>
#include <string>

#include "host/base/error.hpp"

namespace servesweep {

std::vector<double> distinct_values(const std::vector<GridPoint>& points,
                                    double GridPoint::*member) {
  std::set<double> values;
  for (const GridPoint& p : points) values.insert(p.*member);
  return {values.begin(), values.end()};
}

ServiceGrid to_grid(const std::vector<GridPoint>& points) {
  ServiceGrid grid;
  grid.batch_sizes = distinct_values(points, &GridPoint::batch_size);
  grid.lengths = distinct_values(points, &GridPoint::length);
  const std::size_t rows = grid.batch_sizes.size(), columns = grid.lengths.size();
  const auto index = [](const std::vector<double>& sorted, double value) {
    return static_cast<std::size_t>(std::lower_bound(sorted.begin(), sorted.end(), value) -
                                    sorted.begin());
  };
  std::vector<int> count(rows * columns, 0);
  grid.time_ms.assign(rows * columns, 0.0);
  for (const GridPoint& p : points) {
    const std::size_t cell =
        index(grid.batch_sizes, p.batch_size) * columns + index(grid.lengths, p.length);
    ++count[cell];
    grid.time_ms[cell] += p.time_ms;
  }

  constexpr std::size_t listed = 10;
  std::string missing;
  std::size_t num_missing = 0;
  for (std::size_t cell = 0; cell < count.size(); ++cell) {
    if (count[cell] > 0) {
      grid.time_ms[cell] /= count[cell];
    } else if (++num_missing <= listed) {
      missing += fmt::format("{}batch_size {:g} at length {:g}", missing.empty() ? "" : ", ",
                             grid.batch_sizes[cell / columns], grid.lengths[cell % columns]);
    }
  }
  if (num_missing > listed) missing += " and " + std::to_string(num_missing - listed) + " more";
  if (points.empty() || num_missing > 0) {
    throw InputError("incomplete service grid (" +
                     (points.empty() ? std::string("it has no points") : "missing: " + missing) +
                     ") measure every batch size at every length, or use the affine model");
  }
  return grid;
}

}  // namespace servesweep
