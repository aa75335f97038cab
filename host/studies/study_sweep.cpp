#include "host/studies/study_sweep.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace servesweep {

std::string study_sweep_toml(const std::string& engine, std::uint64_t seed,
                             std::int32_t replications, const std::vector<StudyPoint>& all) {
  std::vector<StudyPoint> points;
  for (const StudyPoint& point : all) {  // methods, and changes of one input, can coincide
    if (std::find(points.begin(), points.end(), point) == points.end()) points.push_back(point);
  }
  std::map<std::string, std::vector<std::string>> columns;
  for (const StudyPoint& point : points) {
    for (const auto& [key, value] : point) columns[key].push_back(value);
  }
  std::map<std::string, std::string> tables;
  bool varies = false;
  for (const auto& column : columns) {  // not [key, values]: clang 14's lambdas cannot see those
    const std::string& key = column.first;
    const std::vector<std::string>& values = column.second;
    const std::size_t dot = key.rfind('.');
    const bool same = std::all_of(values.begin(), values.end(),
                                  [&](const std::string& v) { return v == values.front(); });
    varies |= !same;
    tables[key.substr(0, dot)] +=
        key.substr(dot + 1) + " = " +
        (same ? values.front() : fmt::format("[{}]", fmt::join(values, ", "))) + "\n";
  }
  std::string text =
      fmt::format("engine = {}\nseed = {}\nreplications = {}\n", toml(engine), seed, replications);
  for (const auto& [table, lines] : tables) text += "\n[" + table + "]\n" + lines;
  if (varies) text += "\n[sweep]\ndesign = \"zip\"\n";
  return text;
}

}  // namespace servesweep
