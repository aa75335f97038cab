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

// Empty columns for num_worlds worlds, to be filled by set_batch_metrics from any thread.
std::vector<ColumnData> make_batch_metrics(std::size_t num_worlds);

// Writes row `row` of every column.
void set_batch_metrics(const BatchParams& params, const BatchResult& result, std::size_t row,
                       std::vector<ColumnData>& columns);

// A wave's ragged tables. num_gpus, num_bins: [world].
std::vector<RaggedData> make_batch_tables(BatchWaveResult&& wave,
                                          const std::vector<std::int32_t>& num_gpus,
                                          const std::vector<std::int32_t>& num_bins);

}  // namespace servesweep
