// A small engine's results, made up but with every type of column, for tests of the result file.
// Each value is a pure function of the world's id.
#pragma once

#include <cstdint>
#include <string>

#include "host/base/provenance.hpp"
#include "host/results/result.hpp"
#include "host/sweep/sweep.hpp"

namespace servesweep::sample {

const ResultSchema& schema();

// Axes kind (choice) x num_gpus (1 .. num_gpus) x trace (3 texts), all combinations.
Sweep grid_sweep(int num_gpus = 3, std::int64_t replications = 2);
// kind "binned" reads k_bins (2, 4, 8), kind "plain" does not: 4 points, 3 replications, no grid.
Sweep irregular_sweep(std::int64_t seed = 7);

Provenance provenance();

// The results of worlds first .. first + count - 1.
ResultChunk chunk(std::int64_t first, std::int64_t count);

// The values that chunk() has of a world.
double p99_latency_s(std::int64_t world);
std::int32_t num_buckets(std::int64_t world);

}  // namespace servesweep::sample
