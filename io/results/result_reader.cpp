#include "io/results/result_reader.hpp"

#include <nlohmann/json.hpp>
#include <algorithm>
#include <filesystem>
#include <limits>
#include <numeric>
#include <sstream>

#include "host/base/error.hpp"
#include "host/base/names.hpp"
#include "host/base/text.hpp"

namespace servesweep {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Nothing for datasets that are no columns: dimensions without coordinates.
std::optional<ResultColumn> read_column_spec(hid_t group, const std::string& name) {
  const hdf5::Id dataset = hdf5::open_object(group, name);
  const auto role = hdf5::read_text_attribute(dataset, "role");
  if (!role || H5Iget_type(dataset) != H5I_DATASET) return std::nullopt;
  const auto type = hdf5::type_of(dataset);
  if (!type) return std::nullopt;
  ResultColumn column;
  for (const ColumnRole r : {ColumnRole::kIndex, ColumnRole::kInput, ColumnRole::kMetric}) {
    if (*role == name_of(r)) column.role = r;
  }
  const auto text = [&](const char* attribute) {
    return hdf5::read_text_attribute(dataset, attribute).value_or("");
  };
  column.spec = {name, *type, text("units"), text("long_name"), {}};
  column.spec.headline = text("headline") == "1";
  column.spec.has_fill = H5Aexists(dataset, "_FillValue") > 0;
  std::istringstream meanings(text("flag_meanings"));
  for (std::string word; meanings >> word;) column.spec.categories.push_back(word);
  return column;
}

std::vector<ResultColumn> read_column_specs(hid_t group) {
  std::vector<ResultColumn> columns;
  for (const std::string& name : hdf5::children(group)) {
    if (auto column = read_column_spec(group, name)) columns.push_back(std::move(*column));
  }
  return columns;
}

[[noreturn]] void damaged(const std::string& path, const std::string& why) {
  throw IoError("cannot read " + path + " (it is damaged: " + why + ")");
}

void check_codes(const ColumnSpec& spec, const ColumnData& data, const std::string& path) {
  if (spec.type != ColumnType::kCategory) return;
  for (const std::int32_t code : std::get<std::vector<std::int32_t>>(data)) {
    if (code < (spec.has_fill ? -1 : 0) ||
        code >= static_cast<std::int32_t>(spec.categories.size())) {
      damaged(path, "column " + spec.name + " has the code " + std::to_string(code));
    }
  }
}

ColumnData read(hid_t group, const ColumnSpec& spec, std::int64_t first, std::int64_t count,
                const std::string& path) {
  ColumnData data = hdf5::read_rows(hdf5::open_object(group, spec.name), spec.type,
                                    static_cast<hsize_t>(first), static_cast<hsize_t>(count));
  check_codes(spec, data, path);
  return data;
}

// Of every world; IoError where one is negative.
std::vector<std::int32_t> checked_sizes(ColumnData data, const std::string& path) {
  auto sizes = std::get<std::vector<std::int32_t>>(std::move(data));
  for (const std::int32_t size : sizes) {
    if (size < 0) damaged(path, "a row size is " + std::to_string(size));
  }
  return sizes;
}

hdf5::Id open_result_file(const std::string& path) {
  const std::string parts = path + kPartsSuffix;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored) && std::filesystem::is_directory(parts, ignored)) {
    throw IoError("cannot read " + path + " (its run is not finished, and " + parts +
                  " holds what it has done) run the same command again to finish it");
  }
  return hdf5::open_file(path);
}

}  // namespace

ResultFile::ResultFile(const std::string& path) : path_(path), file_(open_result_file(path)) {
  for (const std::string& name : hdf5::attribute_names(file_)) {
    if (auto text = hdf5::read_text_attribute(file_, name)) attributes_.emplace_back(name, *text);
  }
  if (attribute("format") != kFormatName || !hdf5::exists(file_, kWorldsGroup)) {
    throw IoError("cannot read " + path + " (it is no servesweep result file)");
  }
  if (attribute("format_version") != std::to_string(kFormatVersion)) {
    throw IoError("cannot read " + path + " (it has format version " + attribute("format_version") +
                  "; this program reads version " + std::to_string(kFormatVersion) +
                  ") use the servesweep that made it, version " + attribute("code_version") +
                  " of commit " + attribute("git_commit") +
                  ", or what opens any HDF5: xarray, h5py, h5dump");
  }
  worlds_ = hdf5::open_object(file_, kWorldsGroup);
  columns_ = read_column_specs(worlds_);
  num_worlds_ =
      static_cast<std::int64_t>(hdf5::num_rows(hdf5::open_object(worlds_, world_column().name)));
}

std::string ResultFile::attribute(std::string_view name) const {
  for (const auto& [key, text] : attributes_) {
    if (key == name) return text;
  }
  return "";
}

bool ResultFile::has_column(std::string_view name) const {
  return servesweep::has_column(columns_, name);
}

const ResultColumn& ResultFile::column(std::string_view name) const {
  return columns_[column_position(columns_, name, path_)];
}

ColumnData ResultFile::data(std::string_view name, std::int64_t first, std::int64_t count) const {
  return read(worlds_, column(name).spec, first, count < 0 ? num_worlds_ - first : count, path_);
}

std::vector<double> ResultFile::numbers(std::string_view name) const {
  return column_numbers(column(name).spec, data(name));
}

std::vector<std::string> ResultFile::texts(std::string_view name) const {
  return column_texts(column(name).spec, data(name));
}

std::vector<std::string> ResultFile::tables() const {
  std::vector<std::string> names;
  for (const std::string& name : hdf5::children(file_)) {
    const hdf5::Id object = hdf5::open_object(file_, name);
    if (H5Iget_type(object) == H5I_GROUP && hdf5::exists(object, kRowSize)) names.push_back(name);
  }
  return names;
}

hdf5::Id ResultFile::open_table(const std::string& table) const {
  const auto names = tables();
  if (std::find(names.begin(), names.end(), table) == names.end()) {
    throw InputError("unknown table " + table + " (not in " + path_ + ")" +
                     did_you_mean(nearest(table, names)));
  }
  return hdf5::open_object(file_, table);
}

std::vector<ResultColumn> ResultFile::table_columns(const std::string& table) const {
  std::vector<ResultColumn> columns = read_column_specs(open_table(table));
  std::erase_if(columns, [](const ResultColumn& c) { return c.role == ColumnRole::kIndex; });
  return columns;
}

std::vector<std::vector<double>> ResultFile::table_rows(const std::string& table,
                                                        std::int64_t world) const {
  std::vector<std::vector<double>> of_world;
  visit_table(table, {world}, [&](std::int64_t, const auto& rows) { of_world = rows; });
  return of_world;
}

void ResultFile::visit_table(
    const std::string& table, const std::vector<std::int64_t>& worlds,
    const std::function<void(std::int64_t, const std::vector<std::vector<double>>&)>& visit) const {
  if (worlds.empty()) return;
  for (const std::int64_t world : {worlds.front(), worlds.back()}) {
    if (world >= 0 && world < num_worlds_) continue;
    throw InputError("unknown world " + std::to_string(world) + " (" + path_ + " has worlds 0.." +
                     std::to_string(num_worlds_ - 1) + ")");
  }
  const hdf5::Id group = open_table(table);
  // Kept open: neighbouring worlds are in the same chunk, which HDF5 then unpacks once.
  std::vector<std::pair<ColumnSpec, hdf5::Id>> columns;
  for (const ResultColumn& column : table_columns(table)) {
    columns.emplace_back(column.spec, hdf5::open_object(group, column.spec.name));
  }
  const auto sizes =
      checked_sizes(read(group, row_size_column(), 0, worlds.back() + 1, path_), path_);
  std::vector<std::vector<double>> rows(columns.size());
  std::int64_t at = 0, first = 0;
  for (const std::int64_t world : worlds) {
    for (; at < world; ++at) first += sizes[static_cast<std::size_t>(at)];
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const auto& [spec, dataset] = columns[c];
      rows[c] = column_numbers(
          spec, hdf5::read_rows(dataset, spec.type, static_cast<hsize_t>(first),
                                static_cast<hsize_t>(sizes[static_cast<std::size_t>(world)])));
    }
    visit(world, rows);
  }
}

std::vector<double> ResultFile::lookup(const std::string& table, const std::string& name) const {
  const hdf5::Id group = open_table(table);
  const hdf5::Id dataset = hdf5::open_object(group, name);
  return std::get<std::vector<double>>(
      hdf5::read_rows(dataset, ColumnType::kFloat64, 0, hdf5::num_rows(dataset)));
}

RaggedTable ResultFile::table(const std::string& name) const {
  const hdf5::Id group = open_table(name);
  RaggedTable table;
  table.spec.name = name;
  table.spec.long_name = hdf5::read_text_attribute(group, "long_name").value_or("");
  const auto all = [&](const std::string& dataset, ColumnType type) {
    const hdf5::Id id = hdf5::open_object(group, dataset);
    return hdf5::read_rows(id, type, 0, hdf5::num_rows(id));
  };
  table.data.row_size = checked_sizes(all(kRowSize, ColumnType::kInt32), path_);
  const auto entries =
      std::accumulate(table.data.row_size.begin(), table.data.row_size.end(), std::int64_t{0});
  for (const std::string& dataset : hdf5::children(group)) {
    const auto column = read_column_spec(group, dataset);
    if (!column && dataset != kEntryDimension) table.spec.lookup_dimension = dataset;
    if (!column || dataset == kRowSize || dataset == world_column().name) continue;
    ColumnData values = all(dataset, column->spec.type);
    check_codes(column->spec, values, path_);
    if (column->role == ColumnRole::kIndex) {
      if (column->spec.type != ColumnType::kFloat64) damaged(path_, dataset + " is no real number");
      table.spec.lookups.push_back({column->spec, std::get<std::vector<double>>(values)});
    } else {
      const auto rows = std::visit([](const auto& v) { return v.size(); }, values);
      if (static_cast<std::int64_t>(rows) != entries) {
        damaged(path_, dataset + " of " + name + " has another number of entries");
      }
      table.spec.columns.push_back(column->spec);
      table.data.columns.push_back(std::move(values));
    }
  }
  return table;
}

std::vector<StudySweep> ResultFile::sweeps() const {
  std::vector<StudySweep> sweeps;
  for (const auto& [name, texts] : text_columns(sweeps_group().name)) {
    sweeps.resize(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (name == kStepColumn) {
        sweeps[i].step = texts[i];
      } else {
        sweeps[i].attributes.emplace_back(name, texts[i]);
      }
    }
  }
  return sweeps;
}

std::vector<StudyFinding> ResultFile::findings() const {
  std::vector<StudyFinding> findings;
  for (const auto& [name, texts] : text_columns(findings_group().name)) {
    findings.resize(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (name == "topic") findings[i].topic = texts[i];
      if (name == "text") findings[i].text = texts[i];
      if (name != "numbers") continue;
      const auto numbers = nlohmann::ordered_json::parse(texts[i], nullptr, false);
      if (!numbers.is_object()) damaged(path_, "the numbers of a finding are no JSON object");
      for (const auto& [key, value] : numbers.items()) {
        for (const auto& one : value.is_array() ? value : nlohmann::ordered_json{value}) {
          findings[i].numbers.emplace_back(key, one.is_number() ? one.get<double>() : kNaN);
        }
      }
    }
  }
  return findings;
}

std::vector<MethodRow> ResultFile::methods() const {
  std::vector<MethodRow> methods;
  for (const auto& [name, texts] : text_columns(methods_group().name)) {
    methods.resize(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (name == "method") methods[i].method = texts[i];
      if (name == "rps_scaling")
        methods[i].rps_scaling = number_of<double>(texts[i]).value_or(kNaN);
      if (name != "world") continue;
      const auto world = number_of<std::int64_t>(texts[i]);
      if (!world || *world < 0 || *world >= num_worlds_) damaged(path_, "a method has no world");
      methods[i].row = static_cast<std::size_t>(*world);
    }
  }
  return methods;
}

// A small group of columns, all as texts; empty where the file has no such group.
std::vector<std::pair<std::string, std::vector<std::string>>> ResultFile::text_columns(
    const std::string& group_name) const {
  std::vector<std::pair<std::string, std::vector<std::string>>> columns;
  if (!hdf5::exists(file_, group_name)) return columns;
  const hdf5::Id group = hdf5::open_object(file_, group_name);
  for (const ResultColumn& column : read_column_specs(group)) {
    const hdf5::Id dataset = hdf5::open_object(group, column.spec.name);
    columns.emplace_back(column.spec.name,
                         column_texts(column.spec, hdf5::read_rows(dataset, column.spec.type, 0,
                                                                   hdf5::num_rows(dataset))));
  }
  return columns;
}

ResultFile::Origin ResultFile::origin(std::int64_t world) const {
  if (!has_column(kSweepColumn)) return {{"", attributes_}, world};
  const auto number = [&](const char* column) {
    return column_numbers(this->column(column).spec, data(column, world, 1)).at(0);
  };
  const std::vector<StudySweep> all = sweeps();
  const double sweep = number(kSweepColumn);
  if (!(sweep >= 0 && sweep < static_cast<double>(all.size()))) {
    damaged(path_, "world " + std::to_string(world) + " is of no sweep");
  }
  return {all[static_cast<std::size_t>(sweep)],
          static_cast<std::int64_t>(number(kSweepWorldColumn))};
}

Frame ResultFile::frame() const {
  Frame frame(path_);
  for (const ResultColumn& column : columns_) {
    frame.add(column, static_cast<std::size_t>(num_worlds_),
              [this, name = column.spec.name] { return data(name); });
  }
  return frame;
}

}  // namespace servesweep
