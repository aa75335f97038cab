#include "io/hdf5/library.hpp"

#include "host/base/error.hpp"

namespace servesweep::hdf5 {
namespace {

CallClock* call_clock = nullptr;

}  // namespace

void watch_calls(CallClock* clock) { call_clock = clock; }

TimedCall::TimedCall() {
  if (call_clock != nullptr) call_clock->begin();
}
TimedCall::~TimedCall() {
  if (call_clock != nullptr) call_clock->end();
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

namespace {

herr_t remember(herr_t result) {
  if (result < 0) failed_close() = innermost_reason();
  return result;
}

}  // namespace

herr_t close_dataset(hid_t dataset) { return remember(H5Dclose(dataset)); }
herr_t close_object(hid_t object) { return remember(H5Oclose(object)); }

std::string& failed_close() {
  static std::string reason;
  return reason;
}

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

}  // namespace servesweep::hdf5
