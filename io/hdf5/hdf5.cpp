#include "io/hdf5/hdf5.hpp"

#include <algorithm>
#include <limits>

#include "host/base/error.hpp"
#include "io/hdf5/library.hpp"

namespace servesweep::hdf5 {
namespace {

// Before any other call of the library.
void configure_library() {
  // At exit it would close once more a file that it failed to write, and crash. Ours are closed.
  static const herr_t no_exit_handler = H5dont_atexit();
  static_cast<void>(no_exit_handler);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // it would print every failure to stderr
  static const herr_t no_links_to_other_files = H5Lunregister(H5L_TYPE_EXTERNAL);
  static_cast<void>(no_links_to_other_files);
}

Id file_access() {
  configure_library();
  Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  // Whole files are renamed into place, so HDF5's own locks, which some network file systems
  // lack, protect nothing.
  H5Pset_file_locking(access, false, true);
  H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
  return access;
}

Id create_file(const std::string& path, const Id& access) {
  Id creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
  H5Pset_obj_track_times(creation, false);
  H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  H5Pset_attr_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  failed_close().clear();
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation, access);
  if (file < 0) fail(kWrite + path);
  return Id(file, H5Fclose);
}

Id dataset_properties() {
  Id creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(creation, false);
  H5Pset_attr_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  H5Pset_attr_phase_change(creation, 64, 32);  // a dozen attributes stay in the object's header
  return creation;
}

Id create_dataset(hid_t parent, const std::string& name, hid_t type,
                  const std::vector<hsize_t>& shape, hid_t creation) {
  const Id space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), H5Sclose);
  return checked(H5Dcreate2(parent, name.c_str(), type, space, H5P_DEFAULT, creation, H5P_DEFAULT),
                 close_dataset, parent, kWrite);
}

// Writes chunks of up to 1 M rows, because only chunks have checksums.
template <class T>
void write_checked(hid_t parent, const std::string& name, const std::vector<T>& rows) {
  constexpr hsize_t kMaxChunkRows = 1 << 20;
  const hsize_t size = rows.size();
  const Id creation = dataset_properties();
  if (size > 0) {
    const hsize_t chunks = (size + kMaxChunkRows - 1) / kMaxChunkRows;
    const hsize_t chunk_rows = (size + chunks - 1) / chunks;
    H5Pset_chunk(creation, 1, &chunk_rows);
    H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER);
    H5Pset_fletcher32(creation);
  }
  const Id dataset = create_dataset(parent, name, memory_type<T>(), {size}, creation);
  if (size == 0) return;
  check(H5Dwrite(dataset, memory_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, rows.data()), dataset,
        kWrite);
}

}  // namespace

void fail(const std::string& problem) {
  const std::string reason = innermost_reason();
  throw IoError(problem + " (" + reason + ")");
}

void check_write(herr_t result, hid_t where) { check(result, where, kWrite); }

Id create_file(const std::string& path) { return create_file(path, file_access()); }

Id create_memory_file() {
  const Id access = file_access();
  H5Pset_fapl_core(access, 4 << 20, false);
  return create_file("in memory", access);
}

bool is_hdf5(const std::string& path) {
  configure_library();
  return H5Fis_hdf5(path.c_str()) > 0;
}

Id open_file(const std::string& path) {
  const TimedCall timed;
  const Id access = file_access();  // closing it before fail() would lose the reason
  if (H5Fis_hdf5(path.c_str()) == 0) throw IoError(kRead + path + " (it is no HDF5 file)");
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, access);
  if (file < 0) fail(kRead + path);
  return Id(file, H5Fclose);
}

std::string_view file_image(hid_t file) {
  check(H5Fflush(file, H5F_SCOPE_GLOBAL), file, kWrite);
  // Without a buffer this says how many bytes there are. They are many megabytes, so they are not
  // copied: the driver's own memory is the image.
  const ssize_t size = H5Fget_file_image(file, nullptr, 0);
  void** bytes = nullptr;
  check(size < 0 ? -1 : 0, file, kWrite);
  check(H5Fget_vfd_handle(file, H5P_DEFAULT, reinterpret_cast<void**>(&bytes)), file, kWrite);
  return {static_cast<const char*>(*bytes), static_cast<std::size_t>(size)};
}

void close_file(Id& file) {
  const std::string name = file_of(file);
  check(H5Fflush(file, H5F_SCOPE_GLOBAL), file, kWrite);
  if (H5Fclose(file.release()) < 0) fail(kWrite + name);
  if (!failed_close().empty()) throw IoError(kWrite + name + " (" + failed_close() + ")");
}

Id create_group(hid_t parent, const std::string& name) {
  Id creation(H5Pcreate(H5P_GROUP_CREATE), H5Pclose);
  H5Pset_obj_track_times(creation, false);
  H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  H5Pset_attr_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  return checked(H5Gcreate2(parent, name.c_str(), H5P_DEFAULT, creation, H5P_DEFAULT), close_object,
                 parent, kWrite);
}

bool exists(hid_t parent, const std::string& name) {
  return H5Lexists(parent, name.c_str(), H5P_DEFAULT) > 0;
}

Id create_dataset(hid_t parent, const std::string& name, ColumnType type,
                  const std::vector<hsize_t>& shape, hsize_t chunk_rows) {
  const Id creation = dataset_properties();
  if (chunk_rows > 0 && shape[0] > 0) {
    H5Pset_chunk(creation, 1, &chunk_rows);
    if (type != ColumnType::kText) {
      H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER);
      H5Pset_shuffle(creation);
      H5Pset_deflate(creation, 1);
    }
  }
  return create_dataset(parent, name, disk_type(type), shape, creation);
}

void write_checked_column(hid_t parent, const std::string& name, const ColumnData& column) {
  std::visit(
      [&]<class T>(const std::vector<T>& rows) {
        if constexpr (std::is_same_v<T, std::string>) {
          write_rows(create_dataset(parent, name, ColumnType::kText, {rows.size()}), 0, column);
        } else if constexpr (std::is_same_v<T, double>) {
          write_checked(parent, name, rows);
        } else {
          const auto range = std::minmax_element(rows.begin(), rows.end());
          const auto fits = [&]<class Small>(Small) {
            return rows.empty() || (*range.first >= std::numeric_limits<Small>::min() &&
                                    *range.second <= std::numeric_limits<Small>::max());
          };
          const auto narrowed = [&]<class Small>(Small) {
            return std::vector<Small>(rows.begin(), rows.end());
          };
          if (fits(std::int8_t{})) {
            write_checked(parent, name, narrowed(std::int8_t{}));
          } else if (fits(std::int16_t{})) {
            write_checked(parent, name, narrowed(std::int16_t{}));
          } else if (sizeof(T) > 4 && fits(std::int32_t{})) {
            write_checked(parent, name, narrowed(std::int32_t{}));
          } else {
            write_checked(parent, name, rows);
          }
        }
      },
      column);
}

Id create_empty_dataset(hid_t parent, const std::string& name, hsize_t size) {
  return create_dataset(parent, name, H5T_IEEE_F32BE, std::vector<hsize_t>{size},
                        dataset_properties());
}

void write_rows(hid_t dataset, hsize_t first, const ColumnData& data) {
  std::visit(
      [&]<class T>(const std::vector<T>& rows) {
        const auto [file, memory] = select_rows(dataset, first, rows.size());
        if constexpr (std::is_same_v<T, std::string>) {
          std::vector<const char*> texts;
          for (const std::string& text : rows) texts.push_back(text.c_str());
          check(H5Dwrite(dataset, text_type(), memory, file, H5P_DEFAULT, texts.data()), dataset,
                kWrite);
        } else {
          check(H5Dwrite(dataset, memory_type<T>(), memory, file, H5P_DEFAULT, rows.data()),
                dataset, kWrite);
        }
      },
      data);
}

void write_chunk(hid_t dataset, hsize_t first, const void* bytes, std::size_t size) {
  check(H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, &first, size, bytes), dataset, kWrite);
}

void write_attribute(hid_t object, const std::string& name, const AttributeValue& value) {
  std::visit(
      [&]<class T>(const T& v) {
        hid_t type = H5T_NATIVE_INT32;
        const void* data = &v;
        const char* text = nullptr;
        Id space(H5Screate(H5S_SCALAR), H5Sclose);
        if constexpr (std::is_same_v<T, std::vector<std::int32_t>>) {
          const hsize_t size = v.size();
          space = Id(H5Screate_simple(1, &size, nullptr), H5Sclose);
          data = v.data();
        } else {
          type = memory_type<T>();
        }
        if constexpr (std::is_same_v<T, std::string>) {
          text = v.c_str();
          data = &text;
        }
        const Id attribute =
            checked(H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT),
                    H5Aclose, object, kWrite);
        check(H5Awrite(attribute, type, data), object, kWrite);
      },
      value);
}

}  // namespace servesweep::hdf5
