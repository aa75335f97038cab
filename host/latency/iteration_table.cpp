#include "host/latency/iteration_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "host/base/error.hpp"
#include "host/base/units.hpp"

namespace servesweep {

namespace {

constexpr double kNsPerUs = 1000.0;
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

// Times that are measured at some values, by value; one alone holds everywhere.
using Measured = std::map<double, double>;

double interpolated(const Measured& measured, double x) {
  if (measured.size() == 1) return measured.begin()->second;
  std::vector<double> values, times;
  for (const auto& [value, time] : measured) {
    values.push_back(value);
    times.push_back(time);
  }
  const TablePlace place =
      TablePlace::of(values.data(), static_cast<std::int32_t>(values.size()), x);
  const auto cell = static_cast<std::size_t>(place.cell);
  return place.between(times[cell], times[cell + 1]);
}

struct Curve {
  std::vector<double> values, time_ns;
};

// The sum of layers in the whole model, at all values at which one of the layers is measured.
template <std::size_t kCount>
Curve sum_of(const std::vector<KernelProfile::Layer>& rows, const ProfiledLayer (&layers)[kCount],
             std::int32_t model_layers) {
  std::map<std::string, Measured> measured;
  std::set<double> values;
  for (const KernelProfile::Layer& row : rows) {
    measured[row.layer][row.at] = row.time_us;
    values.insert(row.at);
  }
  Curve sum;
  sum.values.assign(values.begin(), values.end());
  sum.time_ns.resize(sum.values.size());
  for (const ProfiledLayer& layer : layers) {
    const Measured& times = measured[layer.name];
    if (times.size() < 2) {
      throw InputError(std::string("too few times of layer ") + layer.name +
                       " (interpolation needs two values) measure more");
    }
    const double runs = layer.times * (layer.in_each_layer ? model_layers : 1);
    for (std::size_t i = 0; i < sum.values.size(); ++i) {
      sum.time_ns[i] += kNsPerUs * runs * interpolated(times, sum.values[i]);
    }
  }
  return sum;
}

// A table over the four axes; kMissing where nothing was measured.
class Grid {
 public:
  explicit Grid(const std::vector<KernelProfile::Attention>& rows) {
    std::array<std::set<double>, kAxes> values;
    for (std::set<double>& axis : values) axis.insert(0.0);
    for (const KernelProfile::Attention& row : rows) {
      for (std::size_t a = 0; a < kAxes; ++a) values[a].insert(row.at[a]);
    }
    double cells = 1;
    for (const std::set<double>& axis : values) cells *= static_cast<double>(axis.size());
    if (cells > kMostCells) {
      throw InputError("attention.csv spans " + format_quantity(cells) + " cells (" +
                       format_count(static_cast<std::int64_t>(rows.size()), "row") +
                       " with too many different values; at most " + format_quantity(kMostCells) +
                       ") measure on a grid");
    }
    std::size_t size = 1;
    for (std::size_t a = kAxes; a-- > 0;) {
      axes_[a].assign(values[a].begin(), values[a].end());
      strides_[a] = size;
      size *= axes_[a].size();
    }
    times_.assign(size, kMissing);
    times_[0] = 0.0;  // nothing to attend to
    for (const KernelProfile::Attention& row : rows) times_[index_of(row.at)] = row.time_us;
  }

  // Along the last axis first: so a value is what interpolation from axis to axis between the
  // measured ones gives.
  void complete() {
    for (std::size_t a = kAxes; a-- > 0;) {
      for (std::size_t i = 0; i < times_.size(); ++i) {
        if (i / strides_[a] % axes_[a].size() == 0) complete_line(a, i);
      }
    }
  }

  const std::vector<double>& axis(std::size_t a) const { return axes_[a]; }
  const std::vector<double>& times() const { return times_; }

 private:
  static constexpr std::size_t kAxes = AttentionTable::kAxes;
  static constexpr double kMostCells = 1 << 24;

  std::size_t index_of(const std::array<double, kAxes>& at) const {
    std::size_t index = 0;
    for (std::size_t a = 0; a < kAxes; ++a) {
      const auto place = std::lower_bound(axes_[a].begin(), axes_[a].end(), at[a]);
      index += strides_[a] * static_cast<std::size_t>(place - axes_[a].begin());
    }
    return index;
  }

  void complete_line(std::size_t a, std::size_t begin) {
    Measured measured;
    for (std::size_t i = 0; i < axes_[a].size(); ++i) {
      const double time = times_[begin + i * strides_[a]];
      if (!std::isnan(time)) measured[axes_[a][i]] = time;
    }
    if (measured.empty()) return;
    for (std::size_t i = 0; i < axes_[a].size(); ++i) {
      double& time = times_[begin + i * strides_[a]];
      if (std::isnan(time)) time = interpolated(measured, axes_[a][i]);
    }
  }

  std::array<std::vector<double>, kAxes> axes_;
  std::array<std::size_t, kAxes> strides_ = {};
  std::vector<double> times_;  // [axis 0][axis 1][axis 2][axis 3]
};

}  // namespace

IterationTable::Piece IterationTable::add(const std::vector<double>& values) {
  const Piece piece{numbers.size(), static_cast<std::int32_t>(values.size())};
  numbers.insert(numbers.end(), values.begin(), values.end());
  return piece;
}

TableIteration::Lowered IterationTable::at(const double* copy) const {
  TableIteration::Lowered model;
  model.tokens = {copy + tokens_.begin, copy + token_times_.begin, tokens_.count};
  model.sequences = {copy + sequences_.begin, copy + sequence_times_.begin, sequences_.count};
  for (std::size_t a = 0; a < axes_.size(); ++a) {
    model.attention.values[a] = copy + axes_[a].begin;
    model.attention.counts[a] = axes_[a].count;
  }
  model.attention.time_ns = copy + attention_times_.begin;
  return model;
}

IterationTable make_iteration_table(const KernelProfile& profile, std::int32_t layers) {
  IterationTable table;
  const Curve tokens = sum_of(profile.dense, kDenseLayers, layers);
  table.tokens_ = table.add(tokens.values);
  table.token_times_ = table.add(tokens.time_ns);
  const Curve sequences = sum_of(profile.per_sequence, kSequenceLayers, layers);
  table.sequences_ = table.add(sequences.values);
  table.sequence_times_ = table.add(sequences.time_ns);

  Grid grid(profile.attention);
  constexpr const char* kNames[] = {"prefill_chunk", "kv_prefill", "n_decode", "kv_decode"};
  for (std::size_t a = 0; a < table.axes_.size(); ++a) {
    if (grid.axis(a).size() < 2) {
      throw InputError(std::string("attention at no ") + kNames[a] +
                       " above 0 (interpolation needs one) measure more");
    }
    table.axes_[a] = table.add(grid.axis(a));
  }
  grid.complete();
  std::vector<double> attention_ns = grid.times();
  for (double& time : attention_ns) time *= kNsPerUs * layers;
  table.attention_times_ = table.add(attention_ns);
  return table;
}

}  // namespace servesweep
