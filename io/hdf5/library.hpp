// What the sources of io/hdf5/ share: errors, types, and the time of calls.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include "io/hdf5/call_clock.hpp"
#include "io/hdf5/hdf5.hpp"

namespace servesweep::hdf5 {

inline constexpr const char* kRead = "cannot read ";
inline constexpr const char* kWrite = "cannot write ";

// Of the last failure; the next call of the library forgets it.
std::string innermost_reason();
std::string file_of(hid_t object);
// IoError "<action><file> (<reason>)" where a result is negative.
void check(herr_t result, hid_t where, const char* action);
Id checked(hid_t id, Id::Closer closer, hid_t where, const char* action);

// Closers that remember the reason of a failure: what the library keeps back of a dataset is
// written when that is closed, and a destructor cannot say that it was not.
herr_t close_dataset(hid_t dataset);
herr_t close_object(hid_t object);
std::string& failed_close();  // "" where none failed

hid_t text_type();
hid_t disk_type(ColumnType type);

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

// The file's and the memory's selection of a range of rows.
std::pair<Id, Id> select_rows(hid_t dataset, hsize_t first, hsize_t count);

// While it lives, a call that reads is timed.
class TimedCall {
 public:
  TimedCall();
  ~TimedCall();
  TimedCall(const TimedCall&) = delete;
  TimedCall& operator=(const TimedCall&) = delete;
};

}  // namespace servesweep::hdf5
