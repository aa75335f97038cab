// The HDF5 C library as owning ids and a few functions. Any failure is an IoError that names the
// file and the innermost reason. Objects get no time stamps, links and attributes keep their order
// of creation, so that equal contents are equal files. One thread at a time.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "host/results/result.hpp"

namespace servesweep::hdf5 {

class Id {
 public:
  using Closer = herr_t (*)(hid_t);
  Id() = default;
  Id(hid_t id, Closer closer) : id_(id), closer_(closer) {}
  Id(Id&& other) noexcept : id_(std::exchange(other.id_, -1)), closer_(other.closer_) {}
  Id& operator=(Id&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(closer_, other.closer_);
    return *this;
  }
  ~Id() {
    if (id_ >= 0) closer_(id_);
  }
  operator hid_t() const { return id_; }
  hid_t release() { return std::exchange(id_, -1); }

 private:
  hid_t id_ = -1;
  Closer closer_ = nullptr;
};

// Throws IoError "<problem> (<HDF5's innermost reason>)".
[[noreturn]] void fail(const std::string& problem);
// A negative result is a failure to write to the file of object `where`.
void check_write(herr_t result, hid_t where);

Id create_file(const std::string& path);  // an existing one is truncated
Id create_memory_file();
Id open_file(const std::string& path);  // to read
bool is_hdf5(const std::string& path);  // by its first bytes
// The bytes that a file in memory would have on disk; valid until it is changed or closed.
std::string_view file_image(hid_t file);
void close_file(Id& file);  // fails if not everything could be written

Id create_group(hid_t parent, const std::string& name);
bool exists(hid_t parent, const std::string& name);
// IoError for what is in another file: links, external storage, views of other files' datasets.
Id open_object(hid_t parent, const std::string& name);
// Names of the links in a group, in order of creation.
std::vector<std::string> children(hid_t group);

// Little-endian numbers, variable-length UTF-8 texts. With chunk_rows the dataset has chunks of
// that number of rows, numbers through shuffle and deflate 1 (an empty one has none). Texts have no
// filters: they would pack references only, and netCDF refuses to write such variables.
Id create_dataset(hid_t parent, const std::string& name, ColumnType type,
                  const std::vector<hsize_t>& shape, hsize_t chunk_rows = 0);
// A whole column, uncompressed, for files that only this program reads: with checksums that are
// verified on reading (HDF5 has none for texts), integers as narrow as their values allow;
// read_rows() widens them.
void write_checked_column(hid_t parent, const std::string& name, const ColumnData& column);
// Never written: it has a shape and attributes.
Id create_empty_dataset(hid_t parent, const std::string& name, hsize_t size);
std::vector<hsize_t> shape_of(hid_t dataset);
hsize_t num_rows(hid_t dataset);  // IoError unless it has one dimension
void write_rows(hid_t dataset, hsize_t first, const ColumnData& data);
// A chunk that is compressed already, as the dataset's filters would have done it.
void write_chunk(hid_t dataset, hsize_t first, const void* bytes, std::size_t size);
// No more memory is taken than the file's size can account for.
ColumnData read_rows(hid_t dataset, ColumnType type, hsize_t first, hsize_t count);
// The type of a dataset, if it is one of the types above; nothing for others.
std::optional<ColumnType> type_of(hid_t dataset);

using AttributeValue = std::variant<std::int32_t, std::int64_t, std::uint64_t, double, std::string,
                                    std::vector<std::int32_t>>;

void write_attribute(hid_t object, const std::string& name, const AttributeValue& value);
// In order of creation.
std::vector<std::string> attribute_names(hid_t object);
// Of one text or one integer, which becomes text; nothing if there is no such attribute.
std::optional<std::string> read_text_attribute(hid_t object, const std::string& name);

}  // namespace servesweep::hdf5
