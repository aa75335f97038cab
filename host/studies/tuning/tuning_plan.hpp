// The tuning study: what makes requests wait, and which settings of a continuous-batching server
// change it. Its steps are the experiments of a public vLLM optimization suite (repository
// QwenInferenceOptimization, weeks 2 and 3), as sweeps; this file says which worlds each has, and
// docs/study_tuning.md maps the two.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/sweep/sweep_points.hpp"

namespace servesweep {

// In the order of their codes in the column `step`.
enum class TuningStep {
  kQueueTime,         // the mix at once: client batches, and max_num_seqs
  kQueueBetween,      // between the two max_num_seqs where the queue share falls below one half
  kMaxNumSeqs,        // a batch of equal requests over max_num_seqs
  kMemory,            // the mix at once over gpu_memory_utilization
  kChunkedLatency,    // requests alone, over chunk sizes
  kChunkedItl,        // long prompts among chats, over chunk sizes
  kBenchmarkLatency,  // requests alone, over output lengths
  kBenchmarkBatch,    // batches of equal requests, over their size
  kBenchmarkMix,      // the mix: at once, steadily, one request at a time
  kBenchmarkLengths,  // the long requests of the mix one at a time; prompts of all lengths
  kComparison,        // before and after, at once and steadily
};

const std::vector<std::string>& tuning_step_names();  // "queue_time", ...

// What is run or skipped together: an experiment of the suite.
struct TuningExperiment {
  const char* name;        // of the option: --skip-<name>
  const char* suite_name;  // its option in the suite, where it is another one
  std::vector<TuningStep> steps;
};
const std::vector<TuningExperiment>& tuning_experiments();

struct TuningSettings {
  std::int64_t requests = 100;     // of the mix
  std::int64_t client_batch = 16;  // of the client before
  double gpu_memory_gb = 40;
  std::int32_t seeds = 5;
  std::uint64_t seed = 42;
};

// The step's sweep. `max_num_seqs`: what the comparison sets after, or what kQueueBetween
// tries; else ignored.
SweepPoints tuning_sweep(TuningStep step, const TuningSettings& settings,
                         const std::vector<std::int64_t>& max_num_seqs);

// InputError where the GPU's memory is not enough for one of these experiments.
void check_gpu_memory(const std::vector<TuningExperiment>& experiments, double gpu_memory_gb);

// What the server's coefficients rest on.
inline constexpr std::int64_t kMostMeasuredSequences = 32;
inline constexpr double kPromptToken_ms = 0.0487;  // at the GPU's peak
inline constexpr double kPeakTflops = 312;

}  // namespace servesweep
