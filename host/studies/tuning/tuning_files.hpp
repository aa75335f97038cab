// The JSON files that the public optimization suite (host/studies/tuning/tuning_plan.hpp) writes,
// for those who have scripts for them: its names and keys, every value measured.
// docs/study_tuning.md says what differs.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "host/results/study.hpp"

namespace servesweep {

// (file name, contents) for each experiment that was run. Values are means over the seeds.
// `result_file`: what they say they are of.
std::vector<std::pair<std::string, std::string>> tuning_files(const Study& study,
                                                              const std::string& result_file);

}  // namespace servesweep
