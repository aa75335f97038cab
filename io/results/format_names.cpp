#include "io/results/format_names.hpp"

#include <map>
#include <set>

#include "host/engines/engines.hpp"
#include "host/results/study.hpp"
#include "host/sweep/sweep_builder.hpp"
#include "io/results/input_columns.hpp"
#include "io/results/output_format.hpp"

namespace servesweep {
namespace {

bool same(const ColumnSpec& a, const ColumnSpec& b) {
  return a.type == b.type && a.unit == b.unit && a.long_name == b.long_name &&
         a.categories == b.categories;
}

void append(std::vector<NamedDataset>& all, const std::string& engine_name) {
  const auto engine = make_engine(engine_name);
  const ResultSchema schema = engine->schema(build_sweep(RunSpec{}, engine->parameters()));
  const auto add = [&](const std::string& group, const ColumnSpec& column) {
    all.push_back({engine_name, "/" + group + "/" + column.name, column});
  };
  for (const ColumnSpec& column : {world_column(), replication_column()}) add(kWorldsGroup, column);
  for (const ColumnSpec& column : study_columns({})) add(kWorldsGroup, column);
  for (const Parameter& parameter : engine->parameters()) {
    add(kWorldsGroup, input_column(parameter));
  }
  for (const ColumnSpec& column : schema.metrics) add(kWorldsGroup, column);
  for (const RaggedSpec& table : schema.tables) {
    add(table.name, row_size_column());
    for (const ColumnSpec& column : table.columns) add(table.name, column);
    for (const LookupSpec& lookup : table.lookups) add(table.name, lookup.column);
  }
  for (const GroupSpec& group : {sweeps_group(), findings_group(), methods_group()}) {
    for (const ColumnSpec& column : group.columns) add(group.name, column);
  }
}

}  // namespace

std::vector<NamedDataset> all_datasets() {
  std::vector<NamedDataset> all;
  for (const std::string& engine : engine_names()) append(all, engine);
  return all;
}

std::vector<std::string> name_clashes(const std::vector<NamedDataset>& datasets) {
  std::vector<std::string> clashes;
  std::set<std::pair<std::string, std::string>> seen;      // engine, path
  std::map<std::string, const NamedDataset*> definitions;  // by path
  for (const NamedDataset& dataset : datasets) {
    const auto [known, is_new] = definitions.try_emplace(dataset.path, &dataset);
    if (!seen.insert({dataset.engine, dataset.path}).second) {
      clashes.push_back("engine " + dataset.engine + " has two datasets " + dataset.path + " (\"" +
                        known->second->column.long_name + "\" and \"" + dataset.column.long_name +
                        "\") state another name in a field list");
    } else if (!is_new && !same(known->second->column, dataset.column)) {
      clashes.push_back(dataset.path + " means different things in two engines (" +
                        known->second->engine + ": \"" + known->second->column.long_name + "\", " +
                        dataset.engine + ": \"" + dataset.column.long_name +
                        "\", or type, unit or categories differ) use another name or one text");
    }
  }
  return clashes;
}

std::string format_names(const std::vector<NamedDataset>& datasets) {
  std::string text;
  for (const NamedDataset& dataset : datasets) text += dataset.engine + " " + dataset.path + "\n";
  return text;
}

}  // namespace servesweep
