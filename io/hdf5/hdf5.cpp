#include "io/hdf5/hdf5.hpp"

#include <algorithm>
#include <limits>

#include "host/base/error.hpp"

namespace servesweep::hdf5 {
namespace {

// Before any other call of the library.
void configure_library() {
  // At exit it would close once more a file that it failed to write, and crash. Ours are closed.
  static const herr_t no_exit_handler = H5dont_atexit();
  static_cast<void>(no_exit_handler);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // it would print every failure to stderr
}

std::string innermost_reason() {
  std::string reason;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned n, const H5E_error2_t* error, void* text) -> herr_t {
        if (n == 0 && error->desc != nullptr) *static_cast<std::string*>(text) = error->desc;
        return 0;
      },
      &reason);
  // Where the operating system failed, its own words are inside a longer text.
  const std::string key = "error message = '";
  const std::size_t begin = reason.find(key);
  if (begin != std::string::npos) {
    const std::size_t end = reason.find('\'', begin + key.size());
    reason = reason.substr(begin + key.size(), end - begin - key.size());
  }
  return reason.empty() ? "HDF5 gives no reason" : reason;
}

std::string file_of(hid_t object) {
  const ssize_t size = H5Fget_name(object, nullptr, 0);
  if (size <= 0) return "an HDF5 file";
  std::string name(static_cast<std::size_t>(size) + 1, '\0');
  H5Fget_name(object, name.data(), name.size());
  name.pop_back();
  return name;
}

void check(herr_t result, hid_t where, const char* action) {
  if (result >= 0) return;
  const std::string reason = innermost_reason();  // the next HDF5 call forgets it
  throw IoError(action + file_of(where) + " (" + reason + ")");
}

Id checked(hid_t id, Id::Closer closer, hid_t where, const char* action) {
  if (id < 0) check(-1, where, action);
  return Id(id, closer);
}

constexpr const char* kRead = "cannot read ";
constexpr const char* kWrite = "cannot write ";

hid_t text_type() {
  static const hid_t type = [] {
    const hid_t t = H5Tcopy(H5T_C_S1);
    H5Tset_size(t, H5T_VARIABLE);
    H5Tset_cset(t, H5T_CSET_UTF8);
    return t;
  }();
  return type;
}

hid_t disk_type(ColumnType type) {
  switch (type) {
    case ColumnType::kInt64:
      return H5T_STD_I64LE;
    case ColumnType::kFloat64:
      return H5T_IEEE_F64LE;
    case ColumnType::kText:
      return text_type();
    case ColumnType::kInt32:
    case ColumnType::kCategory:
      break;
  }
  return H5T_STD_I32LE;
}

template <class T>
hid_t memory_type() {
  if constexpr (std::is_same_v<T, std::int8_t>) return H5T_NATIVE_INT8;
  if constexpr (std::is_same_v<T, std::int16_t>) return H5T_NATIVE_INT16;
  if constexpr (std::is_same_v<T, std::int32_t>) return H5T_NATIVE_INT32;
  if constexpr (std::is_same_v<T, std::int64_t>) return H5T_NATIVE_INT64;
  if constexpr (std::is_same_v<T, std::uint64_t>) return H5T_NATIVE_UINT64;
  if constexpr (std::is_same_v<T, double>) return H5T_NATIVE_DOUBLE;
  if constexpr (std::is_same_v<T, std::string>) return text_type();
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
                 H5Dclose, parent, kWrite);
}

// The file's and the memory's selection of a range of rows.
std::pair<Id, Id> select_rows(hid_t dataset, hsize_t first, hsize_t count) {
  Id file(H5Dget_space(dataset), H5Sclose);
  Id memory(H5Screate_simple(1, &count, nullptr), H5Sclose);
  if (count > 0) {
    H5Sselect_hyperslab(file, H5S_SELECT_SET, &first, nullptr, &count, nullptr);
  } else {
    H5Sselect_none(file);
    H5Sselect_none(memory);
  }
  return {std::move(file), std::move(memory)};
}

template <class T>
std::vector<T> read_vector(hid_t dataset, hsize_t first, hsize_t count) {
  const auto [file, memory] = select_rows(dataset, first, count);
  std::vector<T> rows(count);
  if constexpr (std::is_same_v<T, std::string>) {
    std::vector<char*> texts(count, nullptr);
    check(H5Dread(dataset, text_type(), memory, file, H5P_DEFAULT, texts.data()), dataset, kRead);
    for (std::size_t i = 0; i < count; ++i) {
      if (texts[i] != nullptr) rows[i] = texts[i];
    }
    H5Dvlen_reclaim(text_type(), memory, H5P_DEFAULT, texts.data());
  } else {
    check(H5Dread(dataset, memory_type<T>(), memory, file, H5P_DEFAULT, rows.data()), dataset,
          kRead);
  }
  return rows;
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
}

Id create_group(hid_t parent, const std::string& name) {
  Id creation(H5Pcreate(H5P_GROUP_CREATE), H5Pclose);
  H5Pset_obj_track_times(creation, false);
  H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  H5Pset_attr_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  return checked(H5Gcreate2(parent, name.c_str(), H5P_DEFAULT, creation, H5P_DEFAULT), H5Gclose,
                 parent, kWrite);
}

bool exists(hid_t parent, const std::string& name) {
  return H5Lexists(parent, name.c_str(), H5P_DEFAULT) > 0;
}

Id open_object(hid_t parent, const std::string& name) {
  return checked(H5Oopen(parent, name.c_str(), H5P_DEFAULT), H5Oclose, parent, kRead);
}

std::vector<std::string> children(hid_t group) {
  std::vector<std::string> names;
  hsize_t position = 0;
  const auto add = [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
    static_cast<std::vector<std::string>*>(out)->emplace_back(name);
    return 0;
  };
  check(H5Literate(group, H5_INDEX_CRT_ORDER, H5_ITER_INC, &position, add, &names), group, kRead);
  return names;
}

Id create_dataset(hid_t parent, const std::string& name, ColumnType type,
                  const std::vector<hsize_t>& shape, hsize_t chunk_rows) {
  const Id creation = dataset_properties();
  if (chunk_rows > 0 && shape[0] > 0) {
    H5Pset_chunk(creation, 1, &chunk_rows);
    if (type != ColumnType::kText) H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER);
    H5Pset_shuffle(creation);
    H5Pset_deflate(creation, 1);
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

Id create_virtual_dataset(hid_t parent, const std::string& name, ColumnType type,
                          const std::vector<hsize_t>& shape, const std::string& source,
                          hsize_t source_rows) {
  const Id creation = dataset_properties();
  const Id from(H5Screate_simple(1, &source_rows, nullptr), H5Sclose);
  const Id to(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), H5Sclose);
  check(H5Pset_virtual(creation, to, ".", source.c_str(), from), parent, kWrite);
  return create_dataset(parent, name, disk_type(type), shape, creation);
}

std::vector<hsize_t> shape_of(hid_t dataset) {
  const Id space = checked(H5Dget_space(dataset), H5Sclose, dataset, kRead);
  std::vector<hsize_t> shape(static_cast<std::size_t>(H5Sget_simple_extent_ndims(space)));
  H5Sget_simple_extent_dims(space, shape.data(), nullptr);
  return shape;
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

ColumnData read_rows(hid_t dataset, ColumnType type, hsize_t first, hsize_t count) {
  switch (type) {
    case ColumnType::kInt64:
      return read_vector<std::int64_t>(dataset, first, count);
    case ColumnType::kFloat64:
      return read_vector<double>(dataset, first, count);
    case ColumnType::kText:
      return read_vector<std::string>(dataset, first, count);
    case ColumnType::kInt32:
    case ColumnType::kCategory:
      break;
  }
  return read_vector<std::int32_t>(dataset, first, count);
}

std::optional<ColumnType> type_of(hid_t dataset) {
  const Id type = checked(H5Dget_type(dataset), H5Tclose, dataset, kRead);
  for (const ColumnType t :
       {ColumnType::kInt32, ColumnType::kInt64, ColumnType::kFloat64, ColumnType::kText}) {
    if (H5Tequal(type, disk_type(t)) <= 0) continue;
    const bool coded = H5Aexists(dataset, "flag_meanings") > 0;
    return t == ColumnType::kInt32 && coded ? ColumnType::kCategory : t;
  }
  return std::nullopt;
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

std::vector<std::string> attribute_names(hid_t object) {
  std::vector<std::string> names;
  hsize_t position = 0;
  const auto add = [](hid_t, const char* name, const H5A_info_t*, void* out) -> herr_t {
    static_cast<std::vector<std::string>*>(out)->emplace_back(name);
    return 0;
  };
  check(H5Aiterate2(object, H5_INDEX_CRT_ORDER, H5_ITER_INC, &position, add, &names), object,
        kRead);
  return names;
}

std::optional<std::string> read_text_attribute(hid_t object, const std::string& name) {
  if (H5Aexists(object, name.c_str()) <= 0) return std::nullopt;
  const Id attribute = checked(H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose, object, kRead);
  const Id type(H5Aget_type(attribute), H5Tclose);
  if (H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) > 0) {
    char* text = nullptr;
    check(H5Aread(attribute, text_type(), &text), object, kRead);
    std::string result = text != nullptr ? text : "";
    H5free_memory(text);
    return result;
  }
  if (H5Tget_class(type) == H5T_INTEGER) {
    if (H5Tget_sign(type) == H5T_SGN_NONE) {
      std::uint64_t number = 0;
      check(H5Aread(attribute, H5T_NATIVE_UINT64, &number), object, kRead);
      return std::to_string(number);
    }
    std::int64_t number = 0;
    check(H5Aread(attribute, H5T_NATIVE_INT64, &number), object, kRead);
    return std::to_string(number);
  }
  return std::nullopt;
}

}  // namespace servesweep::hdf5
