// A validated, expanded sweep: which worlds there are, in the order of their ids.
//
// World ids do not depend on the order in which the sweep file writes tables, keys or array
// elements: points are brought to a canonical form (parameters that a world does not read become
// NaN), sorted by their values in registered order (texts by their spelling), made unique, and
// each is repeated for its replications: id = point * replications + replication.
// Only axes count for the order: what else a point has follows from them. Not read sorts first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "host/parameters/parameter.hpp"
#include "host/sweep/read_rules.hpp"

namespace servesweep {

enum class SaveDetails { kAuto, kAlways, kOff };

// What a sweep file sets beside its parameters; no setting is an axis.
struct SweepSettings {
  std::string engine = "batch";
  std::uint64_t seed = 42;
  std::int32_t replications = 1;
  std::string design = "grid";
  SaveDetails save_histograms = SaveDetails::kAuto;  // [output]; auto: up to 100,000 worlds
  bool exact_percentiles = false;                    // [output]
};

class Sweep {
 public:
  const ParameterSet& parameters() const { return *parameters_; }
  const SweepSettings& settings() const { return settings_; }
  // [text id], sorted, [0] is "": as spelt in the sweep file. What is a file name starts in the
  // folder of the sweep file; path() leads there from the current folder.
  const std::vector<std::string>& texts() const { return texts_; }
  std::string path(const std::string& text) const;

  std::int64_t num_points() const { return num_points_; }
  std::int64_t num_worlds() const { return num_points() * settings_.replications; }
  std::int32_t replication(std::int64_t world) const {
    return static_cast<std::int32_t>(world % settings_.replications);
  }

  // Writes the world's value of every parameter to out[0 .. parameters().size()).
  void values(std::int64_t world, double* out) const;

  // Parameters with more than one value, in registered order, and their sorted distinct values
  // ("not read" is none).
  const std::vector<std::size_t>& axes() const { return axes_; }
  const std::vector<std::vector<double>>& axis_values() const { return axis_values_; }
  // Every combination of axis values is a world: ids run through the axes in C order.
  bool full_factorial() const { return full_factorial_; }

  // The whole specification with every default filled in, as TOML that reproduces this sweep;
  // equal for equal sweeps however their files were written. A grid of all axis values is written
  // as such, any other set of points as a zip of columns, in the order of ids.
  const std::string& resolved_toml() const { return resolved_toml_; }
  // SHA-256 (hex) of what decides the results; resuming compares it.
  const std::string& fingerprint() const { return fingerprint_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  friend class SweepBuilder;
  const ParameterSet* parameters_ = nullptr;
  SweepSettings settings_;
  std::vector<std::string> texts_{""};
  std::string folder_;
  ReadRules rules_;
  std::vector<double> base_;                      // [parameter], read or not
  std::vector<std::size_t> axes_;                 // [axis]
  std::vector<std::vector<double>> axis_values_;  // [axis][value]
  std::vector<std::uint32_t> points_;  // [point][axis], 1 + index of a value; 0: not read
  std::int64_t num_points_ = 0;
  bool full_factorial_ = false;
  std::string resolved_toml_;
  std::string fingerprint_;
  std::vector<std::string> warnings_;
};

}  // namespace servesweep
