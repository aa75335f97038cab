// The result columns of the continuous engine: one table of name, unit, text and formula.
#pragma once

#include <vector>

#include "host/engines/continuous/continuous_params.hpp"
#include "host/results/result.hpp"
#include "kernels/continuous_runner.hpp"

namespace servesweep {

std::vector<ColumnSpec> continuous_metric_columns();
std::vector<RaggedSpec> continuous_tables();

// Columns for so many worlds, to be filled row by row.
std::vector<ColumnData> make_continuous_metrics(std::size_t num_worlds);
void set_continuous_metrics(const ContinuousWorld& world, const ContinuousResult& result,
                            std::size_t row, std::vector<ColumnData>& columns);

std::vector<RaggedData> make_continuous_tables(const ContinuousWaveResult& wave,
                                               const std::vector<std::int32_t>& num_replicas);

}  // namespace servesweep
