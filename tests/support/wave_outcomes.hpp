// What a wave reports of its worlds, to be compared to the bit.
#pragma once

#include <string>
#include <vector>

#include "kernels/batch_runner.hpp"
#include "tests/support/result_bytes.hpp"

namespace servesweep::testing {

// Everything that is known of one world, comparable.
struct Outcome {
  std::string metrics;
  std::string details;
};

// The outcomes of a wave, in the order of its worlds.
inline std::vector<Outcome> outcomes_of(const BatchWaveResult& wave,
                                        const std::vector<BatchWorld>& worlds) {
  std::vector<Outcome> outcomes;
  std::size_t bucket = 0, gpu = 0, bin = 0;
  for (std::size_t i = 0; i < worlds.size(); ++i) {
    Bytes details;
    if (!wave.num_buckets.empty()) {
      for (std::int32_t n = 0; n < wave.num_buckets[i]; ++n, ++bucket) {
        details.add(wave.buckets[bucket], wave.bucket_counts[bucket]);
      }
      for (std::int32_t n = 0; n < worlds[i].num_gpus; ++n, ++gpu) {
        details.add(wave.gpus[gpu]);
      }
      for (std::int32_t n = 0; n < worlds[i].workload.num_bins; ++n, ++bin) {
        details.add(wave.bins[bin]);
      }
    }
    Bytes metrics;
    metrics.add(wave.worlds[i]);
    outcomes.push_back({metrics.text, details.text});
  }
  return outcomes;
}

}  // namespace servesweep::testing
