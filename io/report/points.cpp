#include "io/report/points.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string_view>
#include <type_traits>
#include <unordered_map>

#include "host/base/statistics.hpp"

namespace servesweep {
namespace {

// Worlds of a group that differ in the column become different groups.
void split_groups(std::vector<std::uint32_t>& group_of_world, const ColumnData& data) {
  std::visit(
      [&]<class T>(const std::vector<T>& values) {
        using Key =
            std::conditional_t<std::is_same_v<T, std::string>, std::string_view,
                               std::conditional_t<std::is_same_v<T, double>, std::uint64_t, T>>;
        const auto key = [](const T& value) -> Key {
          if constexpr (std::is_same_v<T, double>) {
            return std::bit_cast<std::uint64_t>(std::isnan(value) ? std::nan("") : value);
          } else {
            return value;
          }
        };
        std::unordered_map<Key, std::uint32_t> codes;
        std::unordered_map<std::uint64_t, std::uint32_t> groups;
        for (std::size_t w = 0; w < values.size(); ++w) {
          const auto next_code = static_cast<std::uint32_t>(codes.size());
          const std::uint64_t code = codes.try_emplace(key(values[w]), next_code).first->second;
          const auto next_group = static_cast<std::uint32_t>(groups.size());
          group_of_world[w] =
              groups.try_emplace(code << 32 | group_of_world[w], next_group).first->second;
        }
      },
      data);
}

}  // namespace

std::size_t Points::replications() const {
  std::size_t most = 0;
  for (const auto& of_point : worlds) most = std::max(most, of_point.size());
  return most;
}

std::vector<ResultColumn> point_inputs(const ResultFile& file) {
  std::vector<ResultColumn> inputs;
  for (const ResultColumn& column : file.columns()) {
    if (column.role == ColumnRole::kInput || column.spec.name == kStepColumn) {
      inputs.push_back(column);
    }
  }
  return inputs;
}

Points find_points(const ResultFile& file) {
  const auto num_worlds = static_cast<std::size_t>(file.num_worlds());
  std::vector<std::uint32_t> group(num_worlds, 0);
  for (const ResultColumn& column : point_inputs(file)) {
    split_groups(group, file.data(column.spec.name));
  }
  // Splitting numbers the groups in the order of their first worlds.
  Points points;
  points.of_world.assign(group.begin(), group.end());
  for (std::size_t w = 0; w < num_worlds; ++w) {
    if (group[w] == points.worlds.size()) points.worlds.emplace_back();
    points.worlds[group[w]].push_back(static_cast<std::int64_t>(w));
  }
  return points;
}

Points select_points(const Points& points, const std::vector<std::size_t>& chosen) {
  Points selected;
  selected.of_world.assign(points.of_world.size(), -1);
  for (const std::size_t point : chosen) {
    for (const std::int64_t world : points.worlds[point]) {
      selected.of_world[static_cast<std::size_t>(world)] =
          static_cast<std::int32_t>(selected.worlds.size());
    }
    selected.worlds.push_back(points.worlds[point]);
  }
  return selected;
}

PointMeans point_means(const Points& points, const std::vector<double>& values) {
  PointMeans means;
  std::vector<double> sample;
  for (const auto& worlds : points.worlds) {
    sample.clear();
    for (const std::int64_t world : worlds) {
      sample.push_back(values[static_cast<std::size_t>(world)]);
    }
    const MeanInterval interval = mean_interval(sample);
    means.mean.push_back(interval.mean);
    means.half_width.push_back(interval.half_width);
  }
  return means;
}

}  // namespace servesweep
