#include "io/results/output_format.hpp"

#include <limits>

#include "host/results/study.hpp"

namespace servesweep {

const char* name_of(ColumnType type) {
  switch (type) {
    case ColumnType::kInt32:
      return "int32";
    case ColumnType::kInt64:
      return "int64";
    case ColumnType::kFloat64:
      return "float64";
    case ColumnType::kCategory:
      return "category";
    case ColumnType::kText:
      break;
  }
  return "text";
}

const char* name_of(ColumnRole role) {
  switch (role) {
    case ColumnRole::kIndex:
      return "index";
    case ColumnRole::kInput:
      return "input";
    case ColumnRole::kMetric:
      break;
  }
  return "metric";
}

namespace {

std::vector<Attribute> format_attributes(const std::string& engine) {
  return {
      {"format", kFormatName, "What kind of file this is."},
      {"format_version", kFormatVersion, "Version of the format that this page describes."},
      {"engine", engine, "The model that the worlds followed."},
  };
}

void append(std::vector<Attribute>& all, const Provenance& provenance) {
  Provenance::fields([&](auto member, const char* name, const char* text) {
    all.push_back({name, provenance.*member, text});
  });
}

}  // namespace

std::vector<Attribute> root_attributes(const ResultSchema& schema, const Sweep& sweep,
                                       const Provenance& provenance) {
  const SweepSettings& settings = sweep.settings();
  std::vector<Attribute> all = format_attributes(schema.engine);
  all.push_back({"seed", settings.seed, "Seed of all random draws."});
  all.push_back({"replications", settings.replications, "Worlds per point of the sweep."});
  all.push_back({"design", settings.design, "How the sweep's axes were combined."});
  append(all, provenance);
  all.push_back({"sweep_fingerprint", sweep.fingerprint(),
                 "SHA-256 of what decides the results; equal for equal sweeps."});
  all.push_back({"resolved_toml", sweep.resolved_toml(),
                 "The sweep file with every default filled in; runs the same sweep again."});
  return all;
}

std::vector<Attribute> study_attributes(const std::string& study, const std::string& engine,
                                        const Provenance& provenance) {
  std::vector<Attribute> all = format_attributes(engine);
  all.push_back({kStudyAttribute, study, "Only of a study: which one."});
  append(all, provenance);
  return all;
}

Attribute profile_attribute(const std::string& json) {
  return {kProfileAttribute, json,
          "Only of `run --profile`: where its time went, as JSON (docs/profile.md)."};
}

std::vector<Attribute> column_attributes(const ColumnSpec& column, ColumnRole role) {
  std::vector<Attribute> all = {
      {"long_name", column.long_name, "What it is, in one sentence."},
      {"role", name_of(role), "`index`, `input` (a parameter of the sweep) or `metric`."},
  };
  if (column.type == ColumnType::kCategory) {
    std::vector<std::int32_t> codes;
    std::string meanings;
    for (const std::string& category : column.categories) {
      meanings += (codes.empty() ? "" : " ") + category;
      codes.push_back(static_cast<std::int32_t>(codes.size()));
    }
    all.push_back({"flag_values", codes, "Categories: the codes (CF conventions)."});
    all.push_back({"flag_meanings", meanings, "Categories: the names of the codes, in order."});
  } else if (column.type != ColumnType::kText) {
    all.push_back({"units", column.unit.empty() ? "1" : column.unit,
                   "Numbers: UDUNITS; `1` for pure numbers."});
  }
  if (column.has_fill && column.type != ColumnType::kText) {
    const char* text = "Not applicable to this world: NaN, or -1 in integers and categories.";
    if (column.type == ColumnType::kFloat64) {
      all.push_back({"_FillValue", std::numeric_limits<double>::quiet_NaN(), text});
    } else if (column.type == ColumnType::kInt64) {
      all.push_back({"_FillValue", std::int64_t{-1}, text});
    } else {
      all.push_back({"_FillValue", std::int32_t{-1}, text});
    }
  }
  if (column.headline) {
    all.push_back(
        {"headline", std::int32_t{1}, "Among the columns that `show` prints by default."});
  }
  return all;
}

const ColumnSpec& world_column() {
  static const ColumnSpec column = {kWorldDimension,
                                    ColumnType::kInt64,
                                    "1",
                                    "World id: point of the sweep * replications + replication.",
                                    {}};
  return column;
}

const ColumnSpec& replication_column() {
  static const ColumnSpec column = {
      "replication", ColumnType::kInt32, "1", "Replication: equal inputs, other random draws.", {}};
  return column;
}

const ColumnSpec& row_size_column() {
  static const ColumnSpec column = {kRowSize,
                                    ColumnType::kInt32,
                                    "1",
                                    "Number of entries of the world; they follow those of the "
                                    "world before it.",
                                    {}};
  return column;
}

const GroupSpec& sweeps_group() {
  static const GroupSpec group = {"sweeps",
                                  "The sweeps of the study.",
                                  "sweep",
                                  {{kStepColumn, ColumnType::kText, "", "Step of the study.", {}}}};
  return group;
}

const GroupSpec& findings_group() {
  static const GroupSpec group = {
      "findings",
      "What the study found.",
      "finding",
      {{"topic", ColumnType::kText, "", "What it is about.", {}},
       {"text", ColumnType::kText, "", "The finding, a sentence.", {}},
       {"numbers",
        ColumnType::kText,
        "",
        "Its numbers, a JSON object; an array where several have one name.",
        {}}}};
  return group;
}

const GroupSpec& methods_group() {
  static const GroupSpec group = {
      "methods",
      "The methods that the study compares, at its largest volume.",
      "choice",
      {{"rps_scaling", ColumnType::kFloat64, "1", "Load scaling.", {}},
       {"method", ColumnType::kText, "", "The method.", {}},
       {"world", ColumnType::kInt64, "1", "Its world in /worlds, the first replication.", {}}}};
  return group;
}

void write_attributes(hid_t object, const std::vector<Attribute>& attributes) {
  for (const Attribute& a : attributes) hdf5::write_attribute(object, a.name, a.value);
}

std::string schema_text(const ResultSchema& schema) {
  std::string text = "engine " + schema.engine + "\n";
  const auto add = [&](const ColumnSpec& column) {
    text += "  " + column.name + " " + name_of(column.type) + " [" + column.unit + "]";
    for (const std::string& category : column.categories) text += " " + category;
    text += "\n";
  };
  for (const ColumnSpec& column : schema.metrics) add(column);
  for (const RaggedSpec& table : schema.tables) {
    text += "table " + table.name + "\n";
    for (const ColumnSpec& column : table.columns) add(column);
    for (const LookupSpec& lookup : table.lookups) add(lookup.column);
  }
  return text;
}

}  // namespace servesweep
