#include "io/results/shard.hpp"

#include <cstdio>
#include <numeric>
#include <stdexcept>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "io/files/atomic_file.hpp"
#include "io/files/checksum.hpp"
#include "io/hdf5/hdf5.hpp"

namespace servesweep {
namespace {

constexpr const char* kMetrics = "metrics";
constexpr const char* kTables = "tables";
constexpr const char* kRows = "row_size";
constexpr const char* kColumns = "columns";
constexpr const char* kFirstWorld = "first_world";
constexpr const char* kNumWorlds = "num_worlds";

std::int64_t size_of(const ColumnData& column) {
  return std::visit([](const auto& v) { return static_cast<std::int64_t>(v.size()); }, column);
}

std::int64_t total(const std::vector<std::int32_t>& row_size) {
  return std::accumulate(row_size.begin(), row_size.end(), std::int64_t{0});
}

ColumnData read_column(hid_t group, const std::string& name, ColumnType type) {
  const hdf5::Id dataset = hdf5::open_object(group, name);
  return hdf5::read_rows(dataset, type, 0, hdf5::num_rows(dataset));
}

std::vector<ColumnData> read_columns(hid_t group, const std::vector<ColumnSpec>& specs,
                                     std::int64_t rows, const std::string& path) {
  std::vector<ColumnData> columns;
  for (const ColumnSpec& spec : specs) {
    columns.push_back(read_column(group, spec.name, spec.type));
    if (size_of(columns.back()) != rows) {
      throw IoError("cannot read " + path + " (column " + spec.name + " has the wrong length)");
    }
  }
  return columns;
}

std::int64_t read_number(hid_t object, const char* name, const std::string& path) {
  const auto text = hdf5::read_text_attribute(object, name);
  if (!text) throw IoError("cannot read " + path + " (it has no attribute " + name + ")");
  const auto number = number_of<std::int64_t>(*text);
  if (!number) throw IoError("cannot read " + path + " (attribute " + name + " is no number)");
  return *number;
}

bool fits(const ColumnData& column, const ColumnSpec& spec, std::int64_t rows) {
  const std::size_t type = spec.type == ColumnType::kText      ? 3
                           : spec.type == ColumnType::kFloat64 ? 2
                           : spec.type == ColumnType::kInt64   ? 1
                                                               : 0;
  return column.index() == type && size_of(column) == rows;
}

void check_chunk(const ResultSchema& schema, const ResultChunk& chunk) {
  bool ok = chunk.num_worlds > 0 && chunk.metrics.size() == schema.metrics.size() &&
            chunk.tables.size() == schema.tables.size();
  for (std::size_t i = 0; ok && i < chunk.metrics.size(); ++i) {
    ok = fits(chunk.metrics[i], schema.metrics[i], chunk.num_worlds);
  }
  for (std::size_t t = 0; ok && t < chunk.tables.size(); ++t) {
    const RaggedData& table = chunk.tables[t];
    ok = static_cast<std::int64_t>(table.row_size.size()) == chunk.num_worlds &&
         table.columns.size() == schema.tables[t].columns.size();
    for (std::size_t i = 0; ok && i < table.columns.size(); ++i) {
      ok = fits(table.columns[i], schema.tables[t].columns[i], total(table.row_size));
    }
  }
  if (!ok) throw std::logic_error("a result chunk does not fit its schema");
}

}  // namespace

Shard write_shard(const std::string& folder, const ResultSchema& schema, const ResultChunk& chunk) {
  check_chunk(schema, chunk);
  Shard shard;
  shard.worlds = {chunk.first_world, chunk.first_world + chunk.num_worlds};
  char name[64];
  std::snprintf(name, sizeof name, "/shard-%012lld-%012lld.h5",
                static_cast<long long>(shard.worlds.first),
                static_cast<long long>(shard.worlds.second));
  shard.path = folder + name;

  // Made in memory, because HDF5 does not recover from a disk that fills up under an open file.
  const hdf5::Id file = hdf5::create_memory_file();
  hdf5::write_attribute(file, kFirstWorld, chunk.first_world);
  hdf5::write_attribute(file, kNumWorlds, chunk.num_worlds);
  const hdf5::Id metrics = hdf5::create_group(file, kMetrics);
  for (std::size_t i = 0; i < schema.metrics.size(); ++i) {
    hdf5::write_checked_column(metrics, schema.metrics[i].name, chunk.metrics[i]);
  }
  const hdf5::Id tables = hdf5::create_group(file, kTables);
  for (std::size_t t = 0; t < schema.tables.size(); ++t) {
    const RaggedSpec& spec = schema.tables[t];
    const hdf5::Id table = hdf5::create_group(tables, spec.name);
    hdf5::write_checked_column(table, kRows, chunk.tables[t].row_size);
    const hdf5::Id columns = hdf5::create_group(table, kColumns);
    for (std::size_t i = 0; i < spec.columns.size(); ++i) {
      hdf5::write_checked_column(columns, spec.columns[i].name, chunk.tables[t].columns[i]);
    }
    shard.num_entries.push_back(total(chunk.tables[t].row_size));
  }
  const std::string_view image = hdf5::file_image(file);
  AtomicFile atomic(shard.path);
  atomic.write(image);
  atomic.write(checksum_line(image));
  atomic.commit();
  return shard;
}

Shard open_shard(const std::string& path, const ResultSchema& schema) {
  // HDF5 crashes on some damaged files.
  if (verify_checksum(path) != Checksum::kSame) {
    throw IoError("cannot read " + path + " (its checksum differs)");
  }
  Shard shard;
  shard.path = path;
  {
    const hdf5::Id file = hdf5::open_file(path);
    shard.worlds.first = read_number(file, kFirstWorld, path);
    shard.worlds.second = shard.worlds.first + read_number(file, kNumWorlds, path);
  }
  read_shard_metrics(shard, schema);
  for (std::size_t t = 0; t < schema.tables.size(); ++t) {
    shard.num_entries.push_back(total(read_shard_table(shard, schema, t).row_size));
  }
  return shard;
}

std::vector<ColumnData> read_shard_metrics(const Shard& shard, const ResultSchema& schema) {
  const hdf5::Id file = hdf5::open_file(shard.path);
  return read_columns(hdf5::open_object(file, kMetrics), schema.metrics,
                      shard.worlds.second - shard.worlds.first, shard.path);
}

RaggedData read_shard_table(const Shard& shard, const ResultSchema& schema, std::size_t table) {
  const RaggedSpec& spec = schema.tables[table];
  const hdf5::Id file = hdf5::open_file(shard.path);
  const hdf5::Id group = hdf5::open_object(file, std::string(kTables) + "/" + spec.name);
  RaggedData data;
  data.row_size =
      std::get<std::vector<std::int32_t>>(read_column(group, kRows, ColumnType::kInt32));
  if (static_cast<std::int64_t>(data.row_size.size()) != shard.worlds.second - shard.worlds.first) {
    throw IoError("cannot read " + shard.path + " (table " + spec.name + " has the wrong length)");
  }
  data.columns = read_columns(hdf5::open_object(group, kColumns), spec.columns,
                              total(data.row_size), shard.path);
  return data;
}

}  // namespace servesweep
