// The result file of a study: the worlds of all its sweeps as one table, and beside the groups of
// every result file
//   /sweeps     what each sweep was: its step and the root attributes of a result file of it;
//   /findings   what the study found, a sentence a row;
//   /methods    the methods that it compares, with their worlds.
#pragma once

#include <string>
#include <vector>

#include "host/base/provenance.hpp"
#include "host/results/study.hpp"
#include "io/results/result_reader.hpp"

namespace servesweep {

// A sweep's result file as a step of a study.
SweepResult read_sweep_result(const ResultFile& file, const std::string& step);

// IoError where the file is no result file, InputError where it is not this study's.
Study read_study(const ResultFile& file, const std::string& name,
                 const std::vector<std::string>& steps);

// Whole or not at all; an older file of that name goes.
void write_study(const std::string& path, const Study& study, const Provenance& provenance,
                 const std::vector<StudyFinding>& findings, const std::vector<MethodRow>& methods);

}  // namespace servesweep
