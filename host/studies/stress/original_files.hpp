// The files that the public Python simulator llm-scheduler-sim writes for its stress test, for
// those who have scripts for them: its five names, its columns and JSON keys. docs/study_stress.md
// says what differs.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "host/results/study.hpp"

namespace servesweep {

inline constexpr const char* kOriginalStem = "comprehensive_stress_results";

// (file name, contents) of the three steps' tables, of all results, and of the analysis. A row is a
// configuration, its cells means over the seeds.
std::vector<std::pair<std::string, std::string>> original_files(
    const Study& study, const std::vector<StudyFinding>& findings);

// The contents of <stem>_analysis.json.
std::string original_analysis(const Study& study, const std::vector<StudyFinding>& findings);

}  // namespace servesweep
