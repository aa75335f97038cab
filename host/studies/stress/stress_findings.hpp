// The findings of the stress study, by topic. Each says only what its step's rows support, and
// nothing where the step was not run.
#pragma once

#include <string>
#include <vector>

#include "host/studies/sentence.hpp"
#include "host/studies/stress/stress_load.hpp"
#include "host/studies/study_data.hpp"

namespace servesweep {

using Findings = std::vector<StudyFinding>;

// The topic "Answer": which scheduler, how many GPUs, which K, and all together.
Findings scheduler_answer(const StudyData& data);
Findings gpu_answer(const StudyData& data);
Findings k_answer(const StudyData& data);
Findings method_answer(const StudyData& data);

Findings scheduler_findings(const StudyData& data);
Findings gpu_findings(const StudyData& data);
Findings k_findings(const StudyData& data);
Findings tail_findings(const StudyData& data);
Findings method_findings(const StudyData& data);
Findings sla_findings(const StudyData& data);
Findings overload_findings(const StudyData& data);
Findings utilization_findings(const StudyData& data);
Findings batch_size_findings(const StudyData& data);
Findings robustness_findings(const StudyData& data);

// "1,000,000 requests at load scaling 100", "1,000 requests at real timestamps"
void say_workload(Sentence& sentence, const StudyData& data, const SeedGroup& group);
// "5 seeds"
void say_seeds(Sentence& sentence, const SeedGroup& group);

}  // namespace servesweep
