// The keys of a sweep file that are no parameters of worlds, as field lists, as models have:
// one list for parsing, range checks and docs. `engine` and `sweep.where` are read apart.
#pragma once

#include <cstdint>

#include "host/parameters/parameter.hpp"
#include "host/sweep/sweep.hpp"

namespace servesweep {

enum class DesignKind { kGrid, kZip, kCsv, kRandom, kLhs };
template <>
struct EnumNames<DesignKind> {
  static constexpr const char* values[] = {"grid", "zip", "csv", "random", "lhs"};
};
template <>
struct EnumNames<SaveDetails> {
  static constexpr const char* values[] = {"auto", "true", "false"};
};

struct RunFields {
  std::int64_t seed = 42;
  std::int32_t replications = 1;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&RunFields::seed, "seed", "", 0.0, kLargestInteger,
          "Seed of everything random: workloads, predictions, sampled designs.");
    visit(&RunFields::replications, "replications", "", 1.0, 1e6,
          "Worlds per point; they differ in their random draws only.");
  }
};

struct DesignFields {
  DesignKind design = DesignKind::kGrid;
  std::int64_t samples = 0;
  InputFile csv;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&DesignFields::design, "design",
          "How axes make points: all combinations, element by element, the rows of a CSV file, "
          "random draws, or a Latin hypercube.");
    visit(&DesignFields::samples, "samples", "", 0.0, 1e7,
          "Number of points of the designs random and lhs.");
    visit(&DesignFields::csv, "csv",
          "File of the design csv: a header of keys, then a point per row.");
  }
};

struct OutputFields {
  SaveDetails save_histograms = SaveDetails::kAuto;
  bool exact_percentiles = false;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&OutputFields::save_histograms, "save_histograms",
          "Write each world's latency histogram; auto: up to 100,000 worlds.");
    visit(&OutputFields::exact_percentiles, "exact_percentiles",
          "Percentiles from all latencies instead of the histogram, in worlds of up to 16,777,216 "
          "requests and, of the continuous engine, output tokens.");
  }
};

// All settings, in the order of the file.
inline const ParameterSet& setting_parameters() {
  static const ParameterSet set = [] {
    ParameterSet s;
    s.add<RunFields>("");
    s.add<DesignFields>("sweep");
    s.add<OutputFields>("output");
    return s;
  }();
  return set;
}

// The text of the keys that have no field.
inline constexpr const char* kEngineText = "What a world is; chooses the other tables.";
inline constexpr const char* kWhereText =
    "Conditions that a point must meet, in names of parameters: a string or an array of strings.";

}  // namespace servesweep
