#include "io/results/ragged_writer.hpp"

#include <numeric>
#include <utility>

#include "io/hdf5/dimension_scale.hpp"
#include "io/results/output_format.hpp"

namespace servesweep {

RaggedWriter::RaggedWriter(hid_t file, const RaggedSpec& spec, std::int64_t num_worlds,
                           std::int64_t num_entries)
    : spec_(spec),
      group_(hdf5::create_group(file, spec.name)),
      rows_(group_, kWorldDimension, num_worlds),
      entries_(group_, kEntryDimension, num_entries) {
  hdf5::write_attribute(group_, "long_name", spec.long_name);
  rows_.add_column(world_column(), ColumnRole::kIndex);
  rows_.add_column(row_size_column(), ColumnRole::kIndex,
                   {{"sample_dimension", kEntryDimension, "The dimension that it counts."}});
  hdf5::create_dimension(group_, kEntryDimension, static_cast<hsize_t>(num_entries));
  for (const ColumnSpec& column : spec.columns) entries_.add_column(column, ColumnRole::kMetric);
}

void RaggedWriter::append(const RaggedData& data) {
  std::vector<std::int64_t> worlds(data.row_size.size());
  std::iota(worlds.begin(), worlds.end(), worlds_);
  worlds_ += static_cast<std::int64_t>(worlds.size());
  const std::vector<ColumnData> index = {std::move(worlds), data.row_size};
  rows_.append({&index});
  entries_.append({&data.columns});
}

void RaggedWriter::finish() {
  rows_.finish();
  entries_.finish();
  std::vector<hdf5::Dimensioned> dimensioned = rows_.dimensioned();
  for (auto& d : entries_.dimensioned()) dimensioned.push_back(std::move(d));
  if (!spec_.lookups.empty()) {
    const auto size = static_cast<std::int64_t>(spec_.lookups[0].values.size());
    hdf5::create_dimension(group_, spec_.lookup_dimension, static_cast<hsize_t>(size));
    TableWriter lookups(group_, spec_.lookup_dimension, size);
    std::vector<ColumnData> values;
    for (const LookupSpec& lookup : spec_.lookups) {
      lookups.add_column(lookup.column, ColumnRole::kIndex);
      values.emplace_back(lookup.values);
    }
    lookups.append({&values});
    lookups.finish();
    for (auto& d : lookups.dimensioned()) dimensioned.push_back(std::move(d));
  }
  hdf5::link_dimension_scales(group_, dimensioned);
}

}  // namespace servesweep
