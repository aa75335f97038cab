// The files that the public Python simulator llm-scheduler-sim writes for its stress test, for
// those who have scripts for them: its five names, its columns and JSON keys. docs/study_stress.md
// says what differs.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "host/results/study.hpp"

namespace servesweep {

// What the simulator's names begin with; the study's begin with the result file's name.
inline constexpr const char* kOriginalPrefix = "comprehensive_stress_results_";
inline constexpr const char* kOriginalFiles[] = {
    "step1_request_scaling.csv", "step2_gpu_scaling.csv", "step3_kbins_sensitivity.csv",
    "all_results.csv", "analysis.json"};

// (name behind the prefix, contents) of the three steps' tables, of all results, and of the
// analysis. A row is a configuration, its cells means over the seeds.
std::vector<std::pair<std::string, std::string>> original_files(
    const Study& study, const std::vector<StudyFinding>& findings);

// The contents of analysis.json.
std::string original_analysis(const Study& study, const std::vector<StudyFinding>& findings);

}  // namespace servesweep
