// A folder that one process at a time owns. Two things say so: a lock on the file `lock`, which
// ends with the process, and, for file systems where locks do not work or do not reach other
// machines, the file `owner`: made by one process alone, it names it, and is refreshed while the
// process lives.
#pragma once

#include <chrono>
#include <memory>
#include <string>

namespace servesweep {

// How often an owner refreshes its file, and how long another machine's must be silent until it is
// taken for dead.
struct OwnerTiming {
  std::chrono::milliseconds refresh{2000};
  std::chrono::milliseconds silent{15000};
};

class FolderLock {
 public:
  FolderLock();
  // Makes the folder if need be. BusyError if another process holds it.
  explicit FolderLock(const std::string& folder, const OwnerTiming& timing = {});
  ~FolderLock();  // gives it up
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;

  // IoError if another process has taken the folder, as it found this one silent.
  void check_held() const;
  // Gives the folder up and, if nothing else is in it, removes it.
  void remove_folder();

 private:
  struct Held;
  std::unique_ptr<Held> held_;
};

}  // namespace servesweep
