#include "io/files/atomic_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "host/base/error.hpp"

namespace servesweep {
namespace {

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags) : fd_(::open(path.c_str(), flags, 0666)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  // Some file systems report a full disk only here.
  int close() { return ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

}  // namespace

void throw_io_error(const std::string& problem, int error) {
  throw IoError(problem + " (" + std::generic_category().message(error) + ")");
}

void throw_cannot_write(const std::string& path, int error) {
  throw_io_error("cannot write " + path, error);
}

AtomicFile::AtomicFile(std::string path) : name_(std::move(path)), path_(name_) {
  namespace fs = std::filesystem;
  std::error_code missing;  // a new file, as a rule
  const fs::path target = fs::canonical(path_, missing);
  if (!missing) path_ = target.string();
  const fs::file_type type = fs::status(path_, missing).type();
  in_place_ = type == fs::file_type::character || type == fs::file_type::block ||
              type == fs::file_type::fifo || type == fs::file_type::socket;
  temporary_ = in_place_ ? path_ : path_ + ".tmp";
}

AtomicFile::~AtomicFile() {
  if (!committed_ && !in_place_) ::unlink(temporary_.c_str());
}

void AtomicFile::commit() {
  if (in_place_) return;
  {
    Descriptor file(temporary_, O_RDONLY | O_CLOEXEC);
    if (file.get() < 0 || ::fsync(file.get()) != 0) throw_cannot_write(name_, errno);
  }
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    throw_cannot_write(name_, errno);
  }
  committed_ = true;
  sync_folder(folder_of(path_));
}

void write_file_atomically(const std::string& path, std::string_view bytes) {
  AtomicFile atomic(path);
  Descriptor file(atomic.temporary_path(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC);
  if (file.get() < 0) throw_cannot_write(path, errno);
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_cannot_write(path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (file.close() != 0) throw_cannot_write(path, errno);
  atomic.commit();
}

void write_file_atomically(const std::string& path,
                           const std::function<void(std::ostream&)>& write) {
  AtomicFile atomic(path);
  errno = 0;
  std::ofstream out(atomic.temporary_path(), std::ios::binary);
  if (out) write(out);
  out.close();
  if (!out) throw_cannot_write(path, errno);
  atomic.commit();
}

void sync_folder(const std::string& folder) {
  Descriptor file(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  // EINVAL: a file system that cannot sync folders, so nothing better can be done.
  if (file.get() < 0 || (::fsync(file.get()) != 0 && errno != EINVAL)) {
    throw_io_error("cannot sync the folder " + folder, errno);
  }
}

}  // namespace servesweep
