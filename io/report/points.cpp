#include "io/report/points.hpp"

#include <algorithm>

#include "host/results/replications.hpp"

namespace servesweep {

std::size_t Points::replications() const {
  std::size_t most = 0;
  for (const auto& of_point : worlds) most = std::max(most, of_point.size());
  return most;
}

std::vector<ResultColumn> point_inputs(const ResultFile& file) {
  std::vector<ResultColumn> inputs;
  for (const ResultColumn& column : file.columns()) {
    if (is_point_input(column)) inputs.push_back(column);
  }
  return inputs;
}

Points find_points(const ResultFile& file) {
  Codes groups(static_cast<std::size_t>(file.num_worlds()), 0);
  for (const ResultColumn& column : point_inputs(file)) {
    groups = refined(groups, codes_of(file.data(column.spec.name)));
  }
  Points points;
  points.of_world.assign(groups.begin(), groups.end());
  for (std::size_t world = 0; world < groups.size(); ++world) {
    if (groups[world] == points.worlds.size()) points.worlds.emplace_back();
    points.worlds[groups[world]].push_back(world);
  }
  return points;
}

Points select_points(const Points& points, const std::vector<std::size_t>& chosen) {
  Points selected;
  selected.of_world.assign(points.of_world.size(), -1);
  for (const std::size_t point : chosen) {
    for (const std::size_t world : points.worlds[point]) {
      selected.of_world[world] = static_cast<std::int32_t>(selected.worlds.size());
    }
    selected.worlds.push_back(points.worlds[point]);
  }
  return selected;
}

PointMeans point_means(const Points& points, const std::vector<double>& values) {
  PointMeans means;
  for (const auto& worlds : points.worlds) {
    const MeanInterval interval = mean_interval(sample_of(values, worlds));
    means.mean.push_back(interval.mean);
    means.half_width.push_back(interval.half_width);
  }
  return means;
}

}  // namespace servesweep
