// Values of a sweep file against the parameters they are for: types, ranges, choices, axes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/base/text_pool.hpp"
#include "host/parameters/parameter.hpp"
#include "host/parameters/run_spec.hpp"
#include "host/sweep/sweep_settings.hpp"

namespace servesweep {

// A range of reals or integers to draw from; ends inclusive.
struct Interval {
  double from = 0, to = 0;
  bool log = false;
};

// What a sweep file gives for one parameter: one value, the values of an axis, or an interval.
struct Axis {
  std::vector<double> values;  // in the order of the file
  bool is_axis = false;        // an array or a range, however many values it has
  std::optional<Interval> interval;
};

class ValueReader {
 public:
  static constexpr std::int64_t kMostRangeValues = 1'000'000;

  // Appends to `errors`, never throws; all three must outlive the reader.
  ValueReader(const RunSpec& spec, TextPool& texts, ErrorList& errors)
      : spec_(spec), texts_(texts), errors_(errors) {}

  // The stored value of `value` (entry.value or a part of it), or nothing after an error.
  std::optional<double> scalar(const Parameter& parameter, const SpecEntry& entry,
                               const SpecValue& value);
  // Errors leave `values` short or empty.
  Axis axis(const Parameter& parameter, const SpecEntry& entry, DesignKind design);

 private:
  void invalid(const Parameter& parameter, const SpecEntry& entry, const SpecValue& value);
  std::optional<std::string> integers(const SpecValue::Array& array);
  void list(const Parameter& parameter, const SpecEntry& entry, DesignKind design, Axis& axis);
  void range(const Parameter& parameter, const SpecEntry& entry, DesignKind design, Axis& axis);

  const RunSpec& spec_;
  TextPool& texts_;
  ErrorList& errors_;
};

}  // namespace servesweep
