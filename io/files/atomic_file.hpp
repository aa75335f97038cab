// Files that appear whole or not at all, also when the process is killed or the disk is full: the
// bytes go to a temporary file of a name of its own in the same folder, which is synced, renamed,
// and its folder synced. The new file has the mode of the one that it replaces. A link is followed,
// but for one that leads nowhere, which is an error. What is no file (a device, a pipe) is written
// to as it is: nothing may take its place.
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

  // Where to write, by name or by descriptor.
  const std::string& temporary_path() const { return temporary_; }
  int descriptor() const { return fd_; }
  void write(std::string_view bytes);
  void commit();

 private:
  void make_temporary();

  std::string name_;  // as given
  std::string path_, temporary_;
  int fd_ = -1;
  int mode_ = -1;  // of the file that is replaced
  bool in_place_ = false;
  bool committed_ = false;
};

// The path, or where a link leads; IoError where it leads nowhere.
std::string target_of(const std::string& path);

// Temporary files that killed processes left for files of these names are removed when a file of
// the name is written again; those of processes that run are locked, and stay. kKeep: the caller
// removes them, as it owns the folder.
enum class Leftovers { kRemove, kKeep };
void remove_leftovers(const std::string& path);

// Durable when they return. Throw IoError.
void write_file_atomically(const std::string& path, std::string_view bytes,
                           Leftovers leftovers = Leftovers::kRemove);
void write_file_atomically(const std::string& path,
                           const std::function<void(std::ostream&)>& write);

// Makes the names in a folder durable.
void sync_folder(const std::string& folder);

// "cannot write x.h5 (No space left on device)", with the text of `error` (an errno).
[[noreturn]] void throw_io_error(const std::string& problem, int error);
[[noreturn]] void throw_cannot_write(const std::string& path, int error);

}  // namespace servesweep
