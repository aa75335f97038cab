// Files that appear whole or not at all, also when the process is killed or the disk is full: the
// bytes go to `<path>.tmp` in the same folder, which is synced, renamed, and its folder synced. A
// link is followed. What is no file (a device, a pipe) is written to as it is: nothing may take its
// place.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <string_view>

namespace servesweep {

class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();  // removes the temporary file unless it was committed
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // Where to write; closed by then when commit() is called.
  const std::string& temporary_path() const { return temporary_; }
  void commit();

 private:
  std::string name_;  // as given
  std::string path_, temporary_;
  bool in_place_ = false;
  bool committed_ = false;
};

// Durable when they return. Throw IoError.
void write_file_atomically(const std::string& path, std::string_view bytes);
void write_file_atomically(const std::string& path,
                           const std::function<void(std::ostream&)>& write);

// Makes the names in a folder durable.
void sync_folder(const std::string& folder);

// "cannot write x.h5 (No space left on device)", with the text of `error` (an errno).
[[noreturn]] void throw_io_error(const std::string& problem, int error);
[[noreturn]] void throw_cannot_write(const std::string& path, int error);

}  // namespace servesweep
