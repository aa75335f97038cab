// The results of a study: worlds of several sweeps in one table. A step of a study is a sweep; a
// step run again adds its worlds, and replaces worlds of the step with equal inputs, seed and
// replication.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "host/results/frame.hpp"

namespace servesweep {

// Columns that the worlds of a study have beside the columns of a sweep.
inline constexpr const char* kStepColumn = "step";               // category: the study's steps
inline constexpr const char* kSweepColumn = "sweep";             // which of the study's sweeps
inline constexpr const char* kSweepWorldColumn = "sweep_world";  // world id in that sweep

// The columns step, sweep, sweep_world, and the seed of the world's sweep.
std::vector<ColumnSpec> study_columns(const std::vector<std::string>& steps);

struct StudySweep {
  std::string step;
  // What the result file of that sweep says of itself: its root attributes.
  std::vector<std::pair<std::string, std::string>> attributes;

  std::string attribute(const std::string& name) const;  // "" for unknown names
};

// The topic of what a study was made to find out.
inline constexpr const char* kAnswerTopic = "Answer";

// A sentence, and every number in it.
struct StudyFinding {
  std::string topic;
  std::string text;
  std::vector<std::pair<std::string, double>> numbers;
};

// A method that a study compares.
struct MethodRow {
  double rps_scaling = 1;
  std::string method;
  std::size_t row = 0;  // of its first replication among the study's worlds
};

struct Study {
  std::string name;
  std::vector<std::string> steps;  // the categories of `step`
  std::vector<StudySweep> sweeps;  // [sweep], in the order in which they were added
  // world, replication, step, sweep, sweep_world, inputs (the first is the sweep's seed), metrics;
  // by step, sweep and world.
  Frame worlds{""};
  std::vector<RaggedTable> tables;
};

// The results of a sweep: world, replication, inputs, metrics.
struct SweepResult {
  StudySweep sweep;
  Frame worlds{""};
  std::vector<RaggedTable> tables;
};

// Sweeps of which no world is left go.
void add_sweep(Study& study, const SweepResult& result);

// Findings are about the newest sweep of each step: that of the settings that were asked for last.
// False if it is the newest already.
bool make_newest(Study& study, const std::string& step, const std::string& fingerprint);

// The rows of the sweep with this step and fingerprint, as far as they are still there.
std::vector<std::size_t> rows_of_sweep(const Study& study, const std::string& step,
                                       const std::string& fingerprint);

}  // namespace servesweep
