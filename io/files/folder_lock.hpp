// A folder that one process at a time owns, by a lock on a file in it that ends with the process.
#pragma once

#include <string>

namespace servesweep {

class FolderLock {
 public:
  FolderLock() = default;
  // Makes the folder if need be. InputError if another process holds it.
  explicit FolderLock(std::string folder);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;

  // Removes the lock and, if nothing else is in it, the folder.
  void remove_folder();

 private:
  std::string folder_;
  int fd_ = -1;
};

}  // namespace servesweep
