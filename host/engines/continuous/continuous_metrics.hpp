// The result columns of the continuous engine: one table of name, unit, text and formula.
#pragma once

#include <vector>

#include "host/engines/continuous/continuous_params.hpp"
#include "host/results/result.hpp"
#include "kernels/continuous_runner.hpp"

namespace servesweep {

std::vector<ColumnSpec> continuous_metric_columns();
std::vector<RaggedSpec> continuous_tables();

// worlds, results: [world].
std::vector<ColumnData> continuous_metrics(const std::vector<ContinuousWorld>& worlds,
                                           const std::vector<ContinuousResult>& results);
std::vector<RaggedData> continuous_table_data(const std::vector<ContinuousWorld>& worlds,
                                              const ContinuousWaveResult& wave);

}  // namespace servesweep
