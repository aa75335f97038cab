#include "host/sweep/designs.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "host/base/random.hpp"

namespace servesweep {
namespace {

// Streams that no workload has: workloads count streams up from 0.
constexpr StreamId kDrawStream{0xFFFF};
constexpr StreamId kOrderStream{0xFFFE};

// FNV-1a: an axis keeps its draws when other parameters join or leave.
std::uint32_t stream_number(const std::string& key) {
  std::uint32_t hash = 2166136261u;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

double draw(const Parameter& p, const Interval& interval, double u) {
  const double from = interval.from, to = interval.to;
  double value;
  if (interval.log) {
    value = from * std::pow(to / from, u);
    if (p.type == ParameterType::kInteger) value = std::round(value);
  } else if (p.type == ParameterType::kInteger) {
    value = from + std::floor(u * (to - from + 1));
  } else {
    value = from + u * (to - from);
  }
  return std::clamp(value, from, to);
}

}  // namespace

Design Design::grid(std::vector<Column> columns) {
  Design design;
  design.columns_ = std::move(columns);
  for (const Column& column : design.columns_) {
    design.num_points_ *= static_cast<std::int64_t>(column.levels.size());
  }
  return design;
}

Design Design::table(std::vector<Column> columns, std::int64_t num_points) {
  Design design;
  design.is_grid_ = false;
  design.columns_ = std::move(columns);
  design.num_points_ = num_points;
  return design;
}

void Design::point(std::int64_t index, std::uint32_t* codes) const {
  if (!is_grid_) {
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      codes[c] = columns_[c].codes[static_cast<std::size_t>(index)];
    }
    return;
  }
  auto rest = static_cast<std::uint64_t>(index);
  for (std::size_t c = columns_.size(); c-- > 0;) {
    const std::size_t levels = columns_[c].levels.size();
    codes[c] = static_cast<std::uint32_t>(rest % levels) + 1;
    rest /= levels;
  }
}

bool level_before(const Parameter& parameter, const std::vector<std::string>& texts, double a,
                  double b) {
  if (!parameter.is_text()) return a < b;
  return texts[static_cast<std::size_t>(a)] < texts[static_cast<std::size_t>(b)];
}

Design::Column encoded(std::size_t parameter, const std::vector<double>& values, bool with_codes,
                       const ParameterSet& parameters, const std::vector<std::string>& texts) {
  const auto before = [&](double a, double b) {
    return level_before(parameters[parameter], texts, a, b);
  };
  Design::Column column{parameter, values, {}};
  std::sort(column.levels.begin(), column.levels.end(), before);
  column.levels.erase(std::unique(column.levels.begin(), column.levels.end()), column.levels.end());
  if (!with_codes) return column;
  column.codes.reserve(values.size());
  for (const double value : values) {
    const auto at = std::lower_bound(column.levels.begin(), column.levels.end(), value, before);
    column.codes.push_back(static_cast<std::uint32_t>(at - column.levels.begin()) + 1);
  }
  return column;
}

std::vector<double> sampled(const Parameter& parameter, const Axis& axis,
                            const std::vector<double>& levels, DesignKind design,
                            std::int64_t samples, std::uint64_t seed) {
  const auto count = static_cast<std::size_t>(samples);
  const RandomStream draws(seed, stream_number(parameter.key), kDrawStream);
  std::vector<std::size_t> stratum(count);
  std::iota(stratum.begin(), stratum.end(), 0);
  if (design == DesignKind::kLhs) {
    const RandomStream order(seed, stream_number(parameter.key), kOrderStream);
    for (std::size_t i = count; i-- > 1;) {
      const auto j = static_cast<std::size_t>(order.uniform(i) * static_cast<double>(i + 1));
      std::swap(stratum[i], stratum[j]);
    }
  }
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    double u = draws.uniform(i);
    if (design == DesignKind::kLhs) {
      u = (static_cast<double>(stratum[i]) + u) / static_cast<double>(count);
    }
    values[i] =
        axis.interval
            ? draw(parameter, *axis.interval, u)
            : levels[std::min(static_cast<std::size_t>(u * static_cast<double>(levels.size())),
                              levels.size() - 1)];
  }
  return values;
}

}  // namespace servesweep
