// Reading. Files may come from others, so nothing in them is believed: not sizes, not types, not
// where values are.
#include <algorithm>
#include <cstdlib>

#include "host/base/error.hpp"
#include "io/hdf5/hdf5.hpp"
#include "io/hdf5/library.hpp"

namespace servesweep::hdf5 {
namespace {

[[noreturn]] void refuse(hid_t object, const std::string& why) {
  throw IoError(kRead + file_of(object) + " (" + why + ")");
}

std::string name_of(hid_t object) {
  const ssize_t size = H5Iget_name(object, nullptr, 0);
  if (size <= 0) return "an object";
  std::string name(static_cast<std::size_t>(size) + 1, '\0');
  H5Iget_name(object, name.data(), name.size());
  name.pop_back();
  return name;
}

hsize_t file_size(hid_t object) {
  const Id file(H5Iget_file_id(object), H5Fclose);
  hsize_t size = 0;
  return file >= 0 && H5Fget_filesize(file, &size) >= 0 ? size : 0;
}

// A dataset whose values are in another file would show that file's contents.
void check_own_storage(hid_t dataset) {
  const Id creation = checked(H5Dget_create_plist(dataset), H5Pclose, dataset, kRead);
  bool own = H5Pget_external_count(creation) == 0;
  std::size_t sources = 0;
  if (H5Pget_layout(creation) == H5D_VIRTUAL) {
    check(H5Pget_virtual_count(creation, &sources), dataset, kRead);
  }
  for (std::size_t i = 0; own && i < sources; ++i) {
    char source[2] = {};
    own = H5Pget_virtual_filename(creation, i, source, sizeof source) == 1 && source[0] == '.';
  }
  if (!own) refuse(dataset, name_of(dataset) + " has its values in another file");
}

// What may be asked of the rows, and what of the memory: deflate makes at most 1032 bytes of one.
void check_rows(hid_t dataset, hsize_t first, hsize_t count, std::size_t row_bytes) {
  const hsize_t rows = num_rows(dataset);
  if (first > rows || count > rows - first) {
    refuse(dataset, name_of(dataset) + " has " + std::to_string(rows) + " rows, not the " +
                        std::to_string(count) + " from " + std::to_string(first) + " on");
  }
  constexpr hsize_t kMostInflated = 1032, kAlways = 1 << 16;  // rows
  if (count <= kAlways) return;
  const hsize_t most = std::min(H5Dget_storage_size(dataset), file_size(dataset));
  if (count / kMostInflated > most / row_bytes + 1) {
    refuse(dataset, name_of(dataset) + " has " + std::to_string(rows) +
                        " rows, more than the file can hold");
  }
}

// Memory of a dataset's texts, which are somewhere in the file.
struct TextMemory {
  std::size_t left;

  static void* take(std::size_t size, void* info) {
    auto& memory = *static_cast<TextMemory*>(info);
    if (size > memory.left) return nullptr;
    memory.left -= size;
    return std::malloc(size);
  }
  static void give_back(void* text, void*) { std::free(text); }
};

template <class T>
std::vector<T> read_vector(hid_t dataset, hsize_t first, hsize_t count) {
  constexpr bool kTexts = std::is_same_v<T, std::string>;
  check_rows(dataset, first, count, kTexts ? 16 : sizeof(T));
  const auto [file, memory] = select_rows(dataset, first, count);
  std::vector<T> rows(count);
  if constexpr (kTexts) {
    TextMemory text_memory{static_cast<std::size_t>(file_size(dataset)) + count};
    const Id transfer(H5Pcreate(H5P_DATASET_XFER), H5Pclose);
    H5Pset_vlen_mem_manager(transfer, TextMemory::take, &text_memory, TextMemory::give_back,
                            nullptr);
    std::vector<char*> texts(count, nullptr);
    const herr_t result = H5Dread(dataset, text_type(), memory, file, transfer, texts.data());
    const std::string reason = result < 0 ? innermost_reason() : "";
    for (std::size_t i = 0; i < count; ++i) {
      if (texts[i] != nullptr) rows[i] = texts[i];
      std::free(texts[i]);
    }
    if (result < 0) refuse(dataset, reason);
  } else {
    check(H5Dread(dataset, memory_type<T>(), memory, file, H5P_DEFAULT, rows.data()), dataset,
          kRead);
  }
  return rows;
}

}  // namespace

Id open_object(hid_t parent, const std::string& name) {
  const TimedCall timed;
  H5L_info_t link{};
  if (H5Lget_info(parent, name.c_str(), &link, H5P_DEFAULT) >= 0 &&
      link.type == H5L_TYPE_EXTERNAL) {
    refuse(parent, name + " is a link to another file");
  }
  Id object = checked(H5Oopen(parent, name.c_str(), H5P_DEFAULT), close_object, parent, kRead);
  if (H5Iget_type(object) == H5I_DATASET) check_own_storage(object);
  return object;
}

std::vector<std::string> children(hid_t group) {
  const TimedCall timed;
  std::vector<std::string> names;
  hsize_t position = 0;
  const auto add = [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
    static_cast<std::vector<std::string>*>(out)->emplace_back(name);
    return 0;
  };
  check(H5Literate(group, H5_INDEX_CRT_ORDER, H5_ITER_INC, &position, add, &names), group, kRead);
  return names;
}

std::vector<hsize_t> shape_of(hid_t dataset) {
  const Id space = checked(H5Dget_space(dataset), H5Sclose, dataset, kRead);
  const int rank = H5Sget_simple_extent_ndims(space);
  check(rank, dataset, kRead);
  std::vector<hsize_t> shape(static_cast<std::size_t>(rank));
  H5Sget_simple_extent_dims(space, shape.data(), nullptr);
  return shape;
}

hsize_t num_rows(hid_t dataset) {
  const std::vector<hsize_t> shape = shape_of(dataset);
  if (shape.size() != 1) refuse(dataset, name_of(dataset) + " is no column");
  return shape[0];
}

ColumnData read_rows(hid_t dataset, ColumnType type, hsize_t first, hsize_t count) {
  const TimedCall timed;
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

std::vector<std::string> attribute_names(hid_t object) {
  const TimedCall timed;
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
  const TimedCall timed;
  if (H5Aexists(object, name.c_str()) <= 0) return std::nullopt;
  const Id attribute = checked(H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose, object, kRead);
  const Id type = checked(H5Aget_type(attribute), H5Tclose, object, kRead);
  const Id space = checked(H5Aget_space(attribute), H5Sclose, object, kRead);
  if (H5Sget_simple_extent_npoints(space) != 1) return std::nullopt;
  const std::size_t size = H5Tget_size(type);
  switch (H5Tget_class(type)) {
    case H5T_STRING: {
      if (H5Tis_variable_str(type) > 0) {
        char* text = nullptr;
        check(H5Aread(attribute, text_type(), &text), object, kRead);
        std::string result = text != nullptr ? text : "";
        H5free_memory(text);
        return result;
      }
      if (size > file_size(object))
        refuse(object, "attribute " + name + " is longer than the file");
      std::string text(size + 1, '\0');  // as netCDF writes it
      check(H5Aread(attribute, type, text.data()), object, kRead);
      return text.substr(0, text.find('\0'));
    }
    case H5T_INTEGER: {
      if (size > sizeof(std::int64_t)) return std::nullopt;
      if (H5Tget_sign(type) == H5T_SGN_NONE) {
        std::uint64_t number = 0;
        check(H5Aread(attribute, H5T_NATIVE_UINT64, &number), object, kRead);
        return std::to_string(number);
      }
      std::int64_t number = 0;
      check(H5Aread(attribute, H5T_NATIVE_INT64, &number), object, kRead);
      return std::to_string(number);
    }
    default:
      return std::nullopt;
  }
}

}  // namespace servesweep::hdf5
