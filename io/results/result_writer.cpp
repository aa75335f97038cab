#include "io/results/result_writer.hpp"

#include <numeric>

#include "host/run/profile_report.hpp"
#include "io/files/atomic_file.hpp"
#include "io/files/checksum.hpp"
#include "io/results/input_columns.hpp"
#include "io/results/output_format.hpp"
#include "io/results/ragged_writer.hpp"
#include "io/results/table_writer.hpp"
#include "io/results/verify.hpp"
#include "kernels/device/profile.hpp"

namespace servesweep {
namespace {

// Worlds first .. first + count - 1, and their replications.
std::vector<ColumnData> index_columns(const Sweep& sweep, std::int64_t first, std::int64_t count) {
  std::vector<std::int64_t> ids(static_cast<std::size_t>(count));
  std::iota(ids.begin(), ids.end(), first);
  std::vector<std::int32_t> replications;
  for (const std::int64_t id : ids) replications.push_back(sweep.replication(id));
  return {std::move(ids), std::move(replications)};
}

void write_worlds(hid_t file, const ResultSchema& schema, const Sweep& sweep,
                  const InputColumns& inputs, const std::vector<Shard>& shards) {
  const hdf5::Id group = hdf5::create_group(file, kWorldsGroup);
  hdf5::write_attribute(group, "long_name", "Inputs and results of the worlds, one a row.");
  std::string coordinates = replication_column().name;
  for (const ColumnSpec& input : inputs.specs()) coordinates += " " + input.name;
  hdf5::write_attribute(group, "coordinates", coordinates);

  TableWriter table(group, kWorldDimension, sweep.num_worlds());
  table.add_column(world_column(), ColumnRole::kIndex);
  table.add_column(replication_column(), ColumnRole::kIndex);
  for (const ColumnSpec& input : inputs.specs()) table.add_column(input, ColumnRole::kInput);
  for (const ColumnSpec& metric : schema.metrics) table.add_column(metric, ColumnRole::kMetric);
  for (const Shard& shard : shards) {
    const auto [first, end] = shard.worlds;
    const auto index = index_columns(sweep, first, end - first);
    const auto input_values = inputs.values(first, end - first);
    const auto metrics = read_shard_metrics(shard, schema);
    table.append({&index, &input_values, &metrics});
  }
  table.finish();
  hdf5::link_dimension_scales(group, table.dimensioned());
}

// The axes' values as coordinates, and in which order the rows of /worlds run over them.
void write_grid(hid_t file, const Sweep& sweep, const InputColumns& inputs) {
  const hdf5::Id group = hdf5::create_group(file, kGridGroup);
  hdf5::write_attribute(group, "long_name", "The axes over which the rows of /worlds run.");
  std::string axes;
  std::vector<std::int32_t> shape;
  const auto add_axis = [&](const ColumnSpec& column, ColumnRole role, const ColumnData& values) {
    const auto size = std::visit([](const auto& v) { return hsize_t{v.size()}; }, values);
    const hdf5::Id dataset = hdf5::create_dataset(group, column.name, column.type, {size});
    hdf5::write_rows(dataset, 0, values);
    write_attributes(dataset, column_attributes(column, role));
    hdf5::make_dimension_scale(dataset, column.name);
    axes += (axes.empty() ? "" : " ") + column.name;
    shape.push_back(static_cast<std::int32_t>(size));
  };
  for (std::size_t a = 0; a < sweep.axes().size(); ++a) {
    const std::size_t p = sweep.axes()[a];
    add_axis(input_column(sweep.parameters()[p]), ColumnRole::kInput,
             inputs.encode(p, sweep.axis_values()[a]));
  }
  add_axis(replication_column(), ColumnRole::kIndex,
           index_columns(sweep, 0, sweep.settings().replications)[1]);
  hdf5::write_attribute(group, "axes", axes);
  hdf5::write_attribute(group, "shape", shape);
}

void write_contents(hid_t file, const ResultSchema& schema, const Sweep& sweep,
                    const Provenance& provenance, const std::vector<Shard>& shards) {
  const ProfileRegion region("servesweep::write_result");
  write_attributes(file, root_attributes(schema, sweep, provenance));
  const InputColumns inputs(sweep);
  write_worlds(file, schema, sweep, inputs, shards);
  if (sweep.full_factorial()) write_grid(file, sweep, inputs);
  for (std::size_t t = 0; t < schema.tables.size(); ++t) {
    std::int64_t num_entries = 0;
    for (const Shard& shard : shards) num_entries += shard.num_entries[t];
    RaggedWriter table(file, schema.tables[t], sweep.num_worlds(), num_entries);
    for (const Shard& shard : shards) table.append(read_shard_table(shard, schema, t));
    table.finish();
  }
}

}  // namespace

void write_result_file(const std::string& path, const ResultSchema& schema, const Sweep& sweep,
                       const Provenance& provenance, const std::vector<Shard>& shards,
                       const std::function<void()>& may_replace) {
  remove_leftovers(path);
  AtomicFile atomic(path);
  hdf5::Id file = hdf5::create_file(atomic.temporary_path());
  write_contents(file, schema, sweep, provenance, shards);
  if (const Profile* profile = Profile::active()) {
    write_attributes(file, {profile_attribute(profile_json(profile->report()))});
  }
  const ProfileRegion region("servesweep::close_result");
  hdf5::close_file(file);
  append_checksum(atomic.descriptor(), path);
  check_written(atomic.temporary_path(), sweep.num_worlds());
  may_replace();
  atomic.commit();
}

}  // namespace servesweep
