// Every name that a result file can have. They are frozen for a format version (a test compares
// them with tests/io/names_of_format_<version>.txt): programs of others read files by them.
#pragma once

#include <string>
#include <vector>

#include "host/results/result.hpp"

namespace servesweep {

struct NamedDataset {
  std::string engine;
  std::string path;  // "/worlds/k_bins"
  ColumnSpec column;
};

// The datasets of every engine: inputs, metrics, tables, and what the files of studies add.
std::vector<NamedDataset> all_datasets();

// Sentences on names that an engine gives twice, and on names that mean different things (type,
// unit, text, categories) in two engines. Empty where all is well.
std::vector<std::string> name_clashes(const std::vector<NamedDataset>& datasets);

// A line for each dataset of each engine, a line per name.
std::string format_names(const std::vector<NamedDataset>& datasets);

}  // namespace servesweep
