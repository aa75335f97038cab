#include "io/report/latency_cdf.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "host/base/error.hpp"

namespace servesweep {
namespace {

using Histogram = std::map<std::size_t, double>;  // bucket -> requests

void append_quantiles(std::vector<float>& out, const Histogram& histogram,
                      const std::vector<double>& lower, const std::vector<double>& upper) {
  double total = 0;
  for (const auto& [bucket, count] : histogram) total += count;
  auto at = histogram.begin();
  double below = 0;  // requests in the buckets before `at`
  for (const double level : cdf_levels()) {
    // A little less than one, for levels that double cannot hold exactly.
    if (std::min(level, 1 - level) * total < 1 - 1e-9) {
      out.push_back(std::numeric_limits<float>::quiet_NaN());
      continue;
    }
    while (below + at->second < level * total && std::next(at) != histogram.end()) {
      below += at->second;
      ++at;
    }
    const double share = std::min(1.0, (level * total - below) / at->second);
    out.push_back(
        static_cast<float>(lower[at->first] + share * (upper[at->first] - lower[at->first])));
  }
}

}  // namespace

const std::vector<double>& cdf_levels() {
  static const std::vector<double> levels = [] {
    std::vector<double> l = {0.001, 0.002, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08};
    for (int percent = 10; percent < 90; percent += 2) l.push_back(percent / 100.0);
    for (int percent = 90; percent < 100; ++percent) l.push_back(percent / 100.0);
    l.insert(l.end(), {0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999});
    return l;
  }();
  return levels;
}

std::vector<float> latency_cdf(const ResultFile& file, const Points& points,
                               const std::vector<std::size_t>& chosen) {
  const std::vector<double> lower = file.lookup(kHistogramTable, "bucket_lower_s");
  const std::vector<double> upper = file.lookup(kHistogramTable, "bucket_upper_s");
  std::size_t bucket = 0, count = 0;
  const auto columns = file.table_columns(kHistogramTable);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    if (columns[c].spec.name == "bucket") bucket = c;
    if (columns[c].spec.name == "count") count = c;
  }
  std::vector<std::size_t> place(points.size());  // of a point in `chosen`
  std::vector<std::int64_t> worlds;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    place[chosen[i]] = i;
    worlds.insert(worlds.end(), points.worlds[chosen[i]].begin(), points.worlds[chosen[i]].end());
  }
  std::sort(worlds.begin(), worlds.end());
  std::vector<Histogram> histograms(chosen.size());
  file.visit_table(kHistogramTable, worlds, [&](std::int64_t world, const auto& rows) {
    const auto point = static_cast<std::size_t>(points.of_world[static_cast<std::size_t>(world)]);
    for (std::size_t i = 0; i < rows[bucket].size(); ++i) {
      const auto b = static_cast<std::size_t>(rows[bucket][i]);
      if (b >= lower.size()) {
        throw IoError("cannot read " + file.path() + " (world " + std::to_string(world) +
                      " has an unknown latency bucket) make the file again");
      }
      histograms[place[point]][b] += rows[count][i];
    }
  });
  std::vector<float> latencies_s;
  for (const Histogram& histogram : histograms) {
    append_quantiles(latencies_s, histogram, lower, upper);
  }
  return latencies_s;
}

}  // namespace servesweep
