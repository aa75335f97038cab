#include "io/results/study_file.hpp"

#include <nlohmann/json.hpp>
#include <algorithm>
#include <numeric>

#include "host/base/error.hpp"
#include "io/files/atomic_file.hpp"
#include "io/files/checksum.hpp"
#include "io/hdf5/dimension_scale.hpp"
#include "io/results/output_format.hpp"
#include "io/results/ragged_writer.hpp"
#include "io/results/table_writer.hpp"
#include "io/results/verify.hpp"

namespace servesweep {
namespace {

// columns: in order of the group's.
void write_group(hid_t file, const GroupSpec& spec, std::size_t rows,
                 const std::vector<ColumnData>& columns) {
  const hdf5::Id group = hdf5::create_group(file, spec.name);
  hdf5::write_attribute(group, "long_name", spec.long_name);
  hdf5::create_dimension(group, spec.dimension, rows);
  TableWriter table(group, spec.dimension, static_cast<std::int64_t>(rows));
  for (const ColumnSpec& column : spec.columns) table.add_column(column, ColumnRole::kIndex);
  table.append({&columns});
  table.finish();
  hdf5::link_dimension_scales(group, table.dimensioned());
}

void write_sweeps(hid_t file, const std::vector<StudySweep>& sweeps) {
  GroupSpec spec = sweeps_group();
  std::vector<ColumnData> columns;
  const auto add = [&](auto value) {
    std::vector<std::string> values;
    for (const StudySweep& sweep : sweeps) values.push_back(value(sweep));
    columns.emplace_back(std::move(values));
  };
  add([](const StudySweep& s) { return s.step; });
  std::vector<std::string> names;
  for (const StudySweep& sweep : sweeps) {
    for (const auto& [name, text] : sweep.attributes) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  for (const std::string& name : names) {
    spec.columns.push_back(
        {name, ColumnType::kText, "", "Root attribute of the sweep's own result file.", {}});
    add([&](const StudySweep& s) { return s.attribute(name); });
  }
  write_group(file, spec, sweeps.size(), columns);
}

void write_findings(hid_t file, const std::vector<StudyFinding>& findings) {
  std::vector<std::string> topics, texts, numbers;
  for (const StudyFinding& finding : findings) {
    topics.push_back(finding.topic);
    texts.push_back(finding.text);
    nlohmann::ordered_json json = nlohmann::ordered_json::object();
    for (const auto& [name, value] : finding.numbers) json[name].push_back(value);
    for (auto& values : json) {
      if (values.size() == 1) values = nlohmann::ordered_json(values[0]);
    }
    numbers.push_back(json.dump());
  }
  write_group(file, findings_group(), findings.size(), {topics, texts, numbers});
}

void write_methods(hid_t file, const std::vector<MethodRow>& methods) {
  std::vector<std::string> names;
  std::vector<double> scalings;
  std::vector<std::int64_t> worlds;
  for (const MethodRow& method : methods) {
    names.push_back(method.method);
    scalings.push_back(method.rps_scaling);
    worlds.push_back(static_cast<std::int64_t>(method.row));
  }
  write_group(file, methods_group(), methods.size(), {scalings, names, worlds});
}

}  // namespace

SweepResult read_sweep_result(const ResultFile& file, const std::string& step) {
  SweepResult result;
  result.sweep.step = step;
  for (const auto& [name, text] : file.attributes()) {
    if (name != kProfileAttribute) result.sweep.attributes.emplace_back(name, text);
  }
  result.worlds = file.frame().in_memory();
  for (const std::string& table : file.tables()) result.tables.push_back(file.table(table));
  return result;
}

Study read_study(const ResultFile& file, const std::string& name,
                 const std::vector<std::string>& steps) {
  const std::string there = file.attribute(kStudyAttribute);
  if (there != name) {
    throw InputError(file.path() + " holds " +
                     (there.empty() ? "the results of a sweep" : "a study \"" + there + "\"") +
                     " (not a study \"" + name + "\") choose another output");
  }
  Study study;
  study.name = name;
  study.steps = steps;
  study.worlds = file.frame().in_memory();
  if (study.worlds.column(kStepColumn).spec.categories != steps) {
    throw InputError(file.path() + " was made by another version of servesweep (" +
                     file.attribute("code_version") +
                     ", with other steps) choose another output, or start over with --fresh");
  }
  for (const std::string& table : file.tables()) study.tables.push_back(file.table(table));
  study.sweeps = file.sweeps();
  return study;
}

void write_study(const std::string& path, const Study& study, const Provenance& provenance,
                 const std::vector<StudyFinding>& findings, const std::vector<MethodRow>& methods) {
  remove_leftovers(path);
  AtomicFile atomic(path);
  hdf5::Id file = hdf5::create_file(atomic.temporary_path());
  write_attributes(
      file, study_attributes(study.name, study.sweeps.front().attribute("engine"), provenance));
  {
    const hdf5::Id group = hdf5::create_group(file, kWorldsGroup);
    hdf5::write_attribute(group, "long_name", "Inputs and results of the worlds, one a row.");
    const auto rows = static_cast<std::int64_t>(study.worlds.num_rows());
    TableWriter table(group, kWorldDimension, rows);
    std::string coordinates;
    std::vector<ColumnData> data;
    for (const ResultColumn& column : study.worlds.columns()) {
      table.add_column(column.spec, column.role);
      data.push_back(study.worlds.data(column.spec.name));
      if (column.role == ColumnRole::kMetric || column.spec.name == kWorldDimension) continue;
      coordinates += (coordinates.empty() ? "" : " ") + column.spec.name;
    }
    hdf5::write_attribute(group, "coordinates", coordinates);
    table.append({&data});
    table.finish();
    hdf5::link_dimension_scales(group, table.dimensioned());
  }
  for (const RaggedTable& table : study.tables) {
    const auto& sizes = table.data.row_size;
    RaggedWriter writer(file, table.spec, static_cast<std::int64_t>(sizes.size()),
                        std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}));
    writer.append(table.data);
    writer.finish();
  }
  write_sweeps(file, study.sweeps);
  write_findings(file, findings);
  write_methods(file, methods);
  hdf5::close_file(file);
  append_checksum(atomic.descriptor(), path);
  check_written(atomic.temporary_path(), static_cast<std::int64_t>(study.worlds.num_rows()));
  atomic.commit();
}

}  // namespace servesweep
