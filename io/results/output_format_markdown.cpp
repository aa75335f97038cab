#include <set>

#include "host/results/study.hpp"
#include "io/results/output_format.hpp"

namespace servesweep {
namespace {

std::string type_text(const ColumnSpec& column) {
  if (column.type != ColumnType::kCategory) return name_of(column.type);
  std::string text = "int32 code:";
  for (std::size_t code = 0; code < column.categories.size(); ++code) {
    text += (code == 0 ? " " : ", ") + std::to_string(code) + " " + column.categories[code];
  }
  return text;
}

std::string row(const std::string& dataset, const std::string& shape, const ColumnSpec& column) {
  const bool has_unit = !column.unit.empty() && column.unit != "1";
  std::string text = column.long_name;
  if (!text.ends_with('.')) text += '.';
  if (column.has_fill) text += " Can be not applicable.";
  return "| `" + dataset + column.name + "` | " + shape + " | " + type_text(column) + " | " +
         (has_unit ? column.unit : "") + " | " + text + " |\n";
}

std::string attribute_table(const std::vector<Attribute>& attributes) {
  std::string text = "| attribute | meaning |\n|---|---|\n";
  for (const Attribute& a : attributes) text += "| `" + a.name + "` | " + a.text + " |\n";
  return text;
}

constexpr const char* kColumnHeader =
    "| dataset | shape | type | unit | meaning |\n|---|---|---|---|---|\n";

// Every attribute that a column can have, once.
std::vector<Attribute> all_column_attributes() {
  ColumnSpec number{"", ColumnType::kFloat64, "s", "", {}, true, true};
  ColumnSpec category{"", ColumnType::kCategory, "", "", {"a"}, true, true};
  std::vector<Attribute> all;
  std::set<std::string> seen;
  for (const ColumnSpec& column : {number, category}) {
    for (Attribute& a : column_attributes(column, ColumnRole::kMetric)) {
      if (seen.insert(a.name).second) all.push_back(std::move(a));
    }
  }
  return all;
}

constexpr const char* kIntroduction = R"(# The result file

Generated from the tables that the writer follows (io/results/output_format.cpp and the engines' result
schemas): do not edit.

A result file is HDF5 that is valid netCDF-4, so h5py, xarray, pandas, h5dump, R and Julia open it as
it is. It is complete when it is there: until all worlds are done their results are in the folder
`<file>.parts`, whose contents are private to servesweep. Equal sweeps make equal columns, bit for
bit; the files differ in attributes that say where and when they were made, and are equal byte for
byte where `run --fixed-time` fixes the times and program, machine and command are the same.

Behind the HDF5 data stands a line with the SHA-256 of all before it, which HDF5 ignores. `servesweep verify`
compares it, and so do the commands that read result files, unless they are given `--no-verify`. A program that
opens the file to write cuts the line off: such a file is read as before, and `verify` says that it has no checksum.

| group | content |
|---|---|
| `/` | attributes: provenance and the whole specification |
| `/worlds` | one row per world: its inputs and its metrics |
| `/grid` | the axes over which the rows of `/worlds` run, where every combination of axis values is a world |
| `/<table>` | tables in which a world has any number of rows, such as histograms |
| `/sweeps`, `/findings`, `/methods` | of [studies](#studies) only |

```python
import xarray as xr
worlds = xr.open_dataset("out.h5", group="worlds").to_dataframe()
axes = xr.open_dataset("out.h5", group="grid")            # full factorials only
p99 = worlds.p99_latency_s.to_numpy().reshape(axes.attrs["shape"])
```

`servesweep.worlds("out.h5")` of the Python package in `python/` does this with the names of
categories instead of their codes; `scripts/plot` draws figures (plots.md).

)";

constexpr const char* kConventions = R"(
Every dataset has a dimension scale, numbers are little-endian, texts are variable-length UTF-8,
columns are in chunks, numbers through the shuffle and deflate filters. Categories are int32 codes named by
`flag_values` and `flag_meanings` (CF conventions); a switch is a category too. Where a value is not
applicable (a parameter that the world's scheduler does not read, a mean over nothing) floats are
NaN, integers and codes are -1, which is then their `_FillValue`, and texts are empty.

)";

constexpr const char* kWorlds = R"(
Beside these, `/worlds` has one column per parameter that any world reads, `role` "input": names
(`scheduler_kind`, `k_bins`, `workload_rps`), units and meanings are those of docs/parameters.md.
Integers are int64, choices and switches categories, lists of integers texts. World ids do not
depend on how the sweep file is written.

)";

constexpr const char* kGrid = R"(
Only where the points of the sweep are all combinations of the axes' values. The axes, in the order of
docs/parameters.md, and `replication` are dimensions with their values as coordinates (choices as codes).
The attributes `axes` (names, with spaces between them) and `shape` say how every column of `/worlds` is an
array `[axis, ..., replication]`: the last axis varies fastest. `servesweep.grid("out.h5")` of the Python
package is that as an xarray dataset; R: `array(x, rev(shape))`. There are no arrays in the file itself, as
HDF5's virtual datasets keep R's ncdf4 from opening it.

)";

constexpr const char* kTablesText = R"(
A table is a contiguous ragged array (CF conventions): `row_size` `[world]` says how many entries
each world has, and the columns `[entry]` hold the entries of all worlds, one world after another.
The rows of world w are therefore

```python
import h5py, numpy as np
with h5py.File("out.h5") as f:
    t = f["latency_histogram"]
    end = np.cumsum(t["row_size"][:])
    rows = slice(end[w] - t["row_size"][w], end[w])
    bucket, count = t["bucket"][rows], t["count"][rows]
```

Histograms hold only the buckets that are not empty. As a dense array `[world, bucket]`:

```python
with h5py.File("out.h5") as f:
    t = f["latency_histogram"]
    sizes = t["row_size"][:]
    dense = np.zeros((len(sizes), len(t["bucket_lower_s"])), dtype=np.int64)
    dense[np.repeat(np.arange(len(sizes)), sizes), t["bucket"][:]] = t["count"][:]
```

Columns over another dimension than `entry` say what the values of an index column stand for, the
same for all worlds: the edges of a bucket, for one. Histograms of several worlds merge by adding
the counts of equal buckets.
)";

constexpr const char* kStudies = R"(
The file of a study (`servesweep study`) holds the worlds of several sweeps, its steps. It has no
`/grid`, and of the attributes of `/` only those of the format, the engine and the last command;
those of each sweep are in `/sweeps`. `study` names the study. In `/worlds` four columns say where
a row comes from, `world` numbers the rows, and inputs that the worlds of a sweep do not read are
not applicable to them.

)";

}  // namespace

std::string output_format_markdown(const ResultSchema& schema) {
  std::string text = kIntroduction;
  std::vector<Attribute> of_root = root_attributes(schema, Sweep(), Provenance());
  of_root.push_back(profile_attribute(""));
  text += "## Attributes of `/`\n\n" + attribute_table(of_root);
  text += "\n## Attributes of every column\n\n" + attribute_table(all_column_attributes());
  text += kConventions;

  const std::string worlds = std::string("/") + kWorldsGroup + "/";
  text += "## /worlds, engine `" + schema.engine + "`\n\n";
  text += kColumnHeader + row(worlds, "world", world_column()) +
          row(worlds, "world", replication_column());
  for (const ColumnSpec& metric : schema.metrics) text += row(worlds, "world", metric);
  text += kWorlds;
  text += "## /grid\n" + std::string(kGrid);
  text += "## Tables\n" + std::string(kTablesText);
  for (const RaggedSpec& table : schema.tables) {
    const std::string group = "/" + table.name + "/";
    text += "\n### /" + table.name + "\n\n" + table.long_name + "\n\n" + kColumnHeader;
    text += row(group, "world", row_size_column());
    for (const ColumnSpec& column : table.columns) text += row(group, kEntryDimension, column);
    for (const LookupSpec& lookup : table.lookups) {
      text += row(group, table.lookup_dimension, lookup.column);
    }
  }
  text += "\n## Studies\n" + std::string(kStudies) + kColumnHeader;
  for (const ColumnSpec& column : study_columns({"step1_request_scaling", "..."})) {
    text += row(worlds, "world", column);
  }
  for (const GroupSpec* group : {&sweeps_group(), &findings_group(), &methods_group()}) {
    for (const ColumnSpec& column : group->columns) {
      text += row("/" + group->name + "/", group->dimension, column);
    }
  }
  text +=
      "\n`/sweeps` has a text column for each root attribute of a sweep's own result file, too.\n";
  return text;
}

}  // namespace servesweep
