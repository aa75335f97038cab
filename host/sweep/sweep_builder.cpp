#include "host/sweep/sweep_builder.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <tuple>

#include "host/base/sha256.hpp"
#include "host/base/units.hpp"
#include "host/parameters/toml_text.hpp"
#include "host/sweep/checked_spec.hpp"
#include "host/sweep/designs.hpp"
#include "host/sweep/resolved_spec.hpp"

namespace servesweep {
namespace {

constexpr std::size_t kMostFindings = 20;

Diagnostic at(Diagnostic place, std::string message) {
  place.message = std::move(message);
  return place;
}

}  // namespace

class SweepBuilder {
 public:
  SweepBuilder(CheckedSpec spec, const ParameterSet& parameters, std::int64_t most_points,
               std::string file = "", std::string folder = "")
      : spec_(std::move(spec)),
        parameters_(parameters),
        most_points_(most_points),
        file_(std::move(file)) {
    sweep_.parameters_ = &parameters_;
    sweep_.settings_ = spec_.settings;
    sweep_.folder_ = std::move(folder);
    sweep_.rules_ = ReadRules(parameters_, spec_.texts.texts());
    sweep_.warnings_ = spec_.warnings;
  }

  Sweep build(const PointCheck& check) {
    const Design design = make_design();
    throw_errors();
    const std::vector<std::uint32_t> points = canonical_points(design);
    throw_errors();
    store(design, points);
    check_points(check);
    throw_errors();
    resolve();
    return std::move(sweep_);
  }

 private:
  void fail(Diagnostic error) { errors_.push_back(std::move(error)); }
  void throw_errors() {
    if (errors_.empty()) return;
    const auto position = [&](const Diagnostic& e) {
      return std::tuple(e.file != file_, e.line, e.column);
    };
    std::stable_sort(errors_.begin(), errors_.end(),
                     [&](const auto& a, const auto& b) { return position(a) < position(b); });
    throw InputError(std::move(errors_));
  }
  void warn(const Diagnostic& warning) { sweep_.warnings_.push_back(warning.text()); }

  // --- points ---------------------------------------------------------------------------------
  Design make_design() {
    const auto& texts = spec_.texts.texts();
    const bool grid = spec_.design == DesignKind::kGrid;
    const bool sampling = spec_.design == DesignKind::kRandom || spec_.design == DesignKind::kLhs;
    double num_points = sampling ? static_cast<double>(spec_.samples) : 1;
    for (const Axis& axis : spec_.axes) {
      if (!axis.is_axis || sampling) continue;
      const auto values = static_cast<double>(axis.values.size());
      num_points = grid ? num_points * values : values;
    }
    if (num_points > static_cast<double>(most_points_)) {
      const double num_worlds = num_points * sweep_.settings_.replications;
      fail(at(spec_.design_place, "too many points: " + plain_number(num_points) + ", which are " +
                                      plain_number(num_worlds) + " worlds (must be at most " +
                                      format_count(most_points_) + " points" +
                                      ") give the axes fewer values or use design = \"lhs\""));
      return Design::grid({});
    }
    std::vector<Design::Column> columns;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      const Axis& axis = spec_.axes[i];
      if (!axis.is_axis) continue;
      if (sampling) {
        const auto levels = encoded(i, axis.values, false, parameters_, texts).levels;
        const auto values = sampled(parameters_[i], axis, levels, spec_.design, spec_.samples,
                                    sweep_.settings_.seed);
        columns.push_back(encoded(i, values, true, parameters_, texts));
      } else {
        columns.push_back(encoded(i, axis.values, !grid, parameters_, texts));
      }
    }
    return grid ? Design::grid(std::move(columns))
                : Design::table(std::move(columns), static_cast<std::int64_t>(num_points));
  }

  bool conditions_hold(const double* raw) const {
    try {
      return std::all_of(spec_.conditions.begin(), spec_.conditions.end(),
                         [raw](const Where& condition) { return condition.holds(raw); });
    } catch (const InputError& error) {
      throw InputError({at(spec_.where_place, error.what())});
    }
  }

  // The codes of the points that the conditions leave, 0 where not read: sorted, distinct.
  std::vector<std::uint32_t> canonical_points(const Design& design) {
    const std::size_t width = design.columns().size();
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      const Axis& axis = spec_.axes[i];
      sweep_.base_.push_back(axis.values.empty() ? parameters_[i].default_value : axis.values[0]);
    }
    std::vector<double> raw = sweep_.base_, canonical;
    std::vector<std::uint32_t> codes(width), points;
    std::int64_t kept = 0;
    for (std::int64_t index = 0; index < design.num_points(); ++index) {
      design.point(index, codes.data());
      for (std::size_t c = 0; c < width; ++c) {
        raw[design.columns()[c].parameter] = design.columns()[c].levels[codes[c] - 1];
      }
      if (!conditions_hold(raw.data())) continue;
      ++kept;
      canonical = raw;
      sweep_.rules_.canonicalise(canonical.data());
      for (std::size_t c = 0; c < width; ++c) {
        if (std::isnan(canonical[design.columns()[c].parameter])) codes[c] = 0;
      }
      points.insert(points.end(), codes.begin(), codes.end());
    }
    if (kept == 0) {
      fail(at(spec_.where_place, "no points are left (sweep.where drops all " +
                                     std::to_string(design.num_points()) + ") relax it"));
      return points;
    }
    const auto distinct = sort_points(points, width, static_cast<std::size_t>(kept));
    const bool grid = spec_.design == DesignKind::kGrid;
    if (!grid && static_cast<std::int64_t>(distinct) < kept) {
      warn(at(spec_.design_place, std::to_string(kept - static_cast<std::int64_t>(distinct)) +
                                      " of " + std::to_string(kept) +
                                      " points repeat another one (equal in all that they "
                                      "read) and make no worlds"));
    }
    sweep_.num_points_ = static_cast<std::int64_t>(distinct);
    if (sweep_.num_worlds() > kMostWorlds) {
      fail(at(spec_.design_place, "too many worlds: " + format_count(sweep_.num_worlds()) + " = " +
                                      format_count(sweep_.num_points_, "point") + " x " +
                                      format_count(sweep_.settings_.replications, "replication") +
                                      " (must be at most " + format_count(kMostWorlds) +
                                      ") lower replications or give the axes fewer values"));
    }
    return points;
  }

  // Sorts rows of `width` codes and drops repeated rows; returns how many rows are left.
  static std::size_t sort_points(std::vector<std::uint32_t>& points, std::size_t width,
                                 std::size_t count) {
    if (width == 0) return 1;
    const auto row = [&](std::size_t i) {
      return points.begin() + static_cast<std::ptrdiff_t>(i * width);
    };
    const auto before = [&](std::size_t a, std::size_t b) {
      return std::lexicographical_compare(row(a), row(a + 1), row(b), row(b + 1));
    };
    const auto equal = [&](std::size_t a, std::size_t b) {
      return std::equal(row(a), row(a + 1), row(b));
    };
    bool ascending = true;  // grids whose points read all axes are
    for (std::size_t i = 1; i < count && ascending; ++i) ascending = before(i - 1, i);
    if (ascending) return count;
    std::vector<std::uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), before);
    order.erase(std::unique(order.begin(), order.end(), equal), order.end());
    std::vector<std::uint32_t> sorted;
    sorted.reserve(order.size() * width);
    for (const std::uint32_t i : order) sorted.insert(sorted.end(), row(i), row(i + 1));
    points = std::move(sorted);
    return order.size();
  }

  // Keeps as axes the columns that have several values in `points`.
  void store(const Design& design, const std::vector<std::uint32_t>& points) {
    const std::size_t width = design.columns().size();
    const auto count = static_cast<std::size_t>(sweep_.num_points_);
    std::vector<std::vector<std::uint32_t>> new_code(width);  // [column][code]
    std::vector<std::size_t> kept;                            // columns
    for (std::size_t c = 0; c < width; ++c) {
      const Design::Column& column = design.columns()[c];
      new_code[c].assign(column.levels.size() + 1, 0);
      for (std::size_t i = 0; i < count; ++i) new_code[c][points[i * width + c]] = 1;
      new_code[c][0] = 0;
      std::vector<double> used;
      for (std::size_t code = 1; code <= column.levels.size(); ++code) {
        if (new_code[c][code] == 0) continue;
        used.push_back(column.levels[code - 1]);
        new_code[c][code] = static_cast<std::uint32_t>(used.size());
      }
      if (used.size() > 1) {
        kept.push_back(c);
        sweep_.axes_.push_back(column.parameter);
        sweep_.axis_values_.push_back(std::move(used));
      } else if (used.size() == 1) {
        sweep_.base_[column.parameter] = used[0];
      }
    }
    sweep_.points_.reserve(count * kept.size());
    for (std::size_t i = 0; i < count; ++i) {
      for (const std::size_t c : kept) sweep_.points_.push_back(new_code[c][points[i * width + c]]);
    }
  }

  // --- the finished sweep ---------------------------------------------------------------------
  // The place of the parameter, or of one that decides whether it is read; else the file.
  Diagnostic place_of(const std::string& key) const {
    const auto i = parameters_.find(key);
    if (!i) return {file_, 0, 0, ""};
    if (spec_.places[*i]) return *spec_.places[*i];
    for (const Condition& condition : parameters_[*i].read_when) {
      Diagnostic place = place_of(condition.key);
      if (place.line > 0) return place;
    }
    return {file_, 0, 0, ""};
  }

  bool is_written(const std::string& key) const {
    const auto i = parameters_.find(key);
    return i && spec_.places[*i] && spec_.places[*i]->line > 0;
  }

  void check_points(const PointCheck& check) {
    read_.assign(parameters_.size(), false);
    std::vector<double> values(parameters_.size());
    std::vector<char> read(parameters_.size(), 0);
    std::set<std::string> seen;
    for (std::int64_t point = 0; point < sweep_.num_points_; ++point) {
      sweep_.values(point * sweep_.settings_.replications, values.data());
      for (std::size_t i = 0; i < values.size(); ++i) {
        read[i] = static_cast<char>(read[i] | (values[i] == values[i]));
      }
      if (!check || seen.size() > kMostFindings) continue;
      for (const Finding& finding : check(values.data(), spec_.texts.texts())) {
        if (finding.only_if_given && !is_written(finding.key)) continue;
        if (!seen.insert(finding.message).second) continue;
        if (finding.is_warning) {
          warn(at(place_of(finding.key), finding.message));
          continue;
        }
        fail(at(place_of(finding.key),
                seen.size() > kMostFindings ? "further findings are not shown" : finding.message));
        if (seen.size() > kMostFindings) break;
      }
    }
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      read_[i] = read[i] != 0;
      if (!read_[i] && spec_.places[i]) {
        warn(at(*spec_.places[i], parameters_[i].key + " is not used (no world reads it)"));
      }
    }
  }

  // Texts by spelling, then the text of the whole and what follows from it.
  void resolve() {
    std::vector<std::string>& texts = sweep_.texts_;
    const auto& pool = spec_.texts.texts();
    const auto for_each_text = [&](auto&& visit) {
      for (std::size_t i = 0; i < parameters_.size(); ++i) {
        if (parameters_[i].is_text()) visit(sweep_.base_[i]);
      }
      for (std::size_t a = 0; a < sweep_.axes_.size(); ++a) {
        if (!parameters_[sweep_.axes_[a]].is_text()) continue;
        for (double& value : sweep_.axis_values_[a]) visit(value);
      }
    };
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      if (!read_[i]) sweep_.base_[i] = parameters_[i].default_value;
    }
    for_each_text([&](double& id) { texts.push_back(pool[static_cast<std::size_t>(id)]); });
    std::sort(texts.begin(), texts.end());
    texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
    sweep_.rules_ = ReadRules(parameters_, texts);
    for_each_text([&](double& id) {
      id = static_cast<double>(
          std::lower_bound(texts.begin(), texts.end(), pool[static_cast<std::size_t>(id)]) -
          texts.begin());
    });

    // Every point stands for the combinations of values of the axes that it does not read: the
    // points are the whole grid when they stand for all combinations.
    double combinations = 1, stood_for = 0;
    for (const auto& values : sweep_.axis_values_) {
      combinations *= static_cast<double>(values.size());
    }
    const std::size_t width = sweep_.axes_.size();
    bool all_read = true;
    for (std::size_t i = 0; i < static_cast<std::size_t>(sweep_.num_points_); ++i) {
      double here = 1;
      for (std::size_t a = 0; a < width; ++a) {
        if (sweep_.points_[i * width + a] > 0) continue;
        all_read = false;
        here *= static_cast<double>(sweep_.axis_values_[a].size());
      }
      stood_for += here;
    }
    const bool grid = combinations <= static_cast<double>(kMostPoints) && stood_for == combinations;
    sweep_.full_factorial_ = grid && all_read;

    std::vector<std::vector<double>> values(parameters_.size());
    std::vector<bool> is_axis(parameters_.size(), false);
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      if (read_[i]) values[i] = {sweep_.base_[i]};
    }
    for (std::size_t a = 0; a < width; ++a) {
      const std::size_t parameter = sweep_.axes_[a];
      is_axis[parameter] = true;
      values[parameter] = sweep_.axis_values_[a];
      if (grid) continue;
      values[parameter].clear();
      for (std::size_t i = a; i < sweep_.points_.size(); i += width) {
        // Any value does for an axis that the point does not read.
        const std::uint32_t code = std::max(sweep_.points_[i], 1u);
        values[parameter].push_back(sweep_.axis_values_[a][code - 1]);
      }
    }
    sweep_.resolved_toml_ =
        resolved_spec(sweep_.settings_, grid ? DesignKind::kGrid : DesignKind::kZip, parameters_,
                      sweep_.texts_, values, is_axis);
    sweep_.fingerprint_ = sha256_hex(sweep_.resolved_toml_);
  }

  CheckedSpec spec_;
  const ParameterSet& parameters_;
  const std::int64_t most_points_;
  const std::string file_;
  std::vector<Diagnostic> errors_;
  std::vector<bool> read_;  // [parameter], by any world
  Sweep sweep_;
};

Sweep build_sweep(const RunSpec& spec, const ParameterSet& parameters, const PointCheck& check,
                  std::int64_t most_points) {
  return SweepBuilder(check_spec(spec, parameters), parameters, most_points, spec.file, spec.folder)
      .build(check);
}

Sweep build_sweep(const SweepPoints& points, const ParameterSet& parameters,
                  const PointCheck& check, std::int64_t most_points) {
  return SweepBuilder(check_points(points, parameters), parameters, most_points).build(check);
}

}  // namespace servesweep
