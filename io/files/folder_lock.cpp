#include "io/files/folder_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "host/base/error.hpp"
#include "io/files/atomic_file.hpp"

namespace servesweep {
namespace {

std::string lock_path(const std::string& folder) { return folder + "/lock"; }

// The last owner may have removed the file between open() and flock().
bool still_there(const std::string& path, int fd) {
  struct stat by_name {
  }, by_fd{};
  return ::stat(path.c_str(), &by_name) == 0 && ::fstat(fd, &by_fd) == 0 &&
         by_name.st_ino == by_fd.st_ino && by_name.st_dev == by_fd.st_dev;
}

}  // namespace

FolderLock::FolderLock(std::string folder) : folder_(std::move(folder)) {
  const std::string path = lock_path(folder_);
  for (;;) {
    if (::mkdir(folder_.c_str(), 0777) != 0 && errno != EEXIST) {
      throw_io_error("cannot make the folder " + folder_, errno);
    }
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd_ < 0 && errno == ENOENT) continue;
    if (fd_ < 0) throw_cannot_write(path, errno);
    // File systems without locks give other errors; then this is left to the user.
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      ::close(std::exchange(fd_, -1));
      throw InputError("another run is writing to " + folder_ + " (it holds " + path +
                       ") wait for it or choose another output");
    }
    if (still_there(path, fd_)) return;
    ::close(std::exchange(fd_, -1));
  }
}

FolderLock::~FolderLock() {
  if (fd_ >= 0) ::close(fd_);
}

FolderLock::FolderLock(FolderLock&& other) noexcept
    : folder_(std::move(other.folder_)), fd_(std::exchange(other.fd_, -1)) {}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(folder_, other.folder_);
  std::swap(fd_, other.fd_);
  return *this;
}

void FolderLock::remove_folder() {
  if (fd_ < 0) return;
  ::unlink(lock_path(folder_).c_str());
  ::rmdir(folder_.c_str());
  ::close(std::exchange(fd_, -1));
}

}  // namespace servesweep
