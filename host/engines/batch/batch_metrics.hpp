// The result columns of the batch engine: one table of names, units, texts and how each follows
// from a world's counters and sums.
#pragma once

#include <vector>

#include "host/engines/batch/batch_params.hpp"
#include "host/results/result.hpp"
#include "kernels/batch_runner.hpp"

namespace servesweep {

// The columns of /worlds.
std::vector<ColumnSpec> batch_metric_columns();

// The ragged tables: latency_histogram, gpus, bins.
std::vector<RaggedSpec> batch_tables();

// worlds, params, results: [world].
std::vector<ColumnData> batch_metrics(const std::vector<BatchParams>& params,
                                      const std::vector<BatchResult>& results);
std::vector<RaggedData> batch_table_data(const std::vector<BatchWorld>& worlds,
                                         BatchWaveResult&& wave);

}  // namespace servesweep
