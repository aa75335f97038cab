// What a result file holds: the tables that the writer follows and docs/output_format.md is made
// from. A change that readers can notice raises kFormatVersion.
#pragma once

#include <string>
#include <vector>

#include "host/base/provenance.hpp"
#include "host/results/frame.hpp"
#include "host/sweep/sweep.hpp"
#include "io/hdf5/hdf5.hpp"

namespace servesweep {

inline constexpr const char* kFormatName = "servesweep results";
inline constexpr std::int32_t kFormatVersion = 2;

// Behind the name of a result file: the folder of what its run has done while it is not finished.
inline constexpr const char* kPartsSuffix = ".parts";

inline constexpr const char* kWorldsGroup = "worlds";
inline constexpr const char* kGridGroup = "grid";
inline constexpr const char* kWorldDimension = "world";
inline constexpr const char* kEntryDimension = "entry";
inline constexpr const char* kRowSize = "row_size";
inline constexpr const char* kProfileAttribute = "profile";
// The attribute of studies alone:
inline constexpr const char* kStudyAttribute = "study";

struct Attribute {
  std::string name;
  hdf5::AttributeValue value;
  std::string text;  // for people
};

const char* name_of(ColumnRole role);
const char* name_of(ColumnType type);

std::vector<Attribute> root_attributes(const ResultSchema& schema, const Sweep& sweep,
                                       const Provenance& provenance);
// Root attributes of a study's file, which holds several sweeps.
std::vector<Attribute> study_attributes(const std::string& study, const std::string& engine,
                                        const Provenance& provenance);
// The one root attribute that only profiled runs write.
Attribute profile_attribute(const std::string& json);
// `rank` of the dataset: 1 for a column.
std::vector<Attribute> column_attributes(const ColumnSpec& column, ColumnRole role);
// The fixed columns: `world` and `replication` of /worlds and of /grid, `row_size` of the tables.
const ColumnSpec& world_column();
const ColumnSpec& replication_column();
const ColumnSpec& row_size_column();

// A group of plain columns, beside the worlds of a study.
struct GroupSpec {
  std::string name, long_name, dimension;
  std::vector<ColumnSpec> columns;
};
// Its first column, `step`; a column for each root attribute of a sweep's own file follows.
const GroupSpec& sweeps_group();
const GroupSpec& findings_group();
const GroupSpec& methods_group();

void write_attributes(hid_t object, const std::vector<Attribute>& attributes);

// One line per column, equal for equal schemas.
std::string schema_text(const ResultSchema& schema);

// docs/output_format.md
std::string output_format_markdown(const ResultSchema& schema);

}  // namespace servesweep
