// Preloaded into the program by tests/app/test_faults.py: counts the operations on files whose path
// contains FAULT_PATH and, at number FAULT_N, does what FAULT_ACT says:
//   kill     ends the process before the operation
//   short    writes half, then ends the process (of a write; else as kill)
//   power    loses what was not synced, as a power failure may: contents, renames and removals, by
//            chance (FAULT_SEED); FAULT_KEEP is a folder on the same file system for removed files
//   <errno>  fails the operation, and all that follow if FAULT_STICKY is set
// With FAULT_NO_LOCKS, flock() fails as on file systems that have no locks.
// FAULT_LOG: a file that gets a line per operation. What it ignores: mapped files, and file systems
// that reorder more than this.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

template <class Function>
Function* real(Function*, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}
#define REAL(name) (real(&::name, #name))

std::string setting(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

class Disk {
 public:
  // 0, or the errno that the operation fails with; ends the process where that is wanted.
  int before(const char* operation, const std::string& path) {
    if (busy_ || !counts(path)) return 0;
    const std::lock_guard<std::recursive_mutex> lock(mutex_);
    ++count_;
    log(operation, path);
    const bool now = count_ == at_ || (sticky_ && at_ > 0 && count_ > at_);
    if (!now) return 0;
    if (act_ == "kill" || (act_ == "short" && std::strcmp(operation, "write") != 0)) end();
    if (act_ == "power") lose_power();
    if (act_ == "short") return kShort;
    return std::atoi(act_.c_str());
  }
  bool counts(const std::string& path) const {
    return !path_.empty() && path.find(path_) != std::string::npos;
  }
  [[noreturn]] void end() {
    ::kill(::getpid(), SIGKILL);
    for (;;) ::pause();
  }

  void written(const std::string& path) {
    const std::lock_guard<std::recursive_mutex> lock(mutex_);
    if (!busy_ && counts(path)) unsynced_.insert(path);
  }
  void synced(int file, const std::string& path) {
    const std::lock_guard<std::recursive_mutex> lock(mutex_);
    struct stat info {};
    if (::fstat(file, &info) == 0 && S_ISDIR(info.st_mode)) {
      renamed_.clear();
      removed_.clear();
    } else {
      unsynced_.erase(path);
    }
  }
  void renamed(const std::string& from, const std::string& to, bool replaced) {
    const std::lock_guard<std::recursive_mutex> lock(mutex_);
    if (busy_ || !counts(to)) return;
    if (unsynced_.erase(from) > 0) unsynced_.insert(to);
    if (!replaced) renamed_.emplace_back(from, to);
  }
  // Keeps the file, so that its removal can be undone.
  void removing(const std::string& path) {
    const std::lock_guard<std::recursive_mutex> lock(mutex_);
    if (busy_ || act_ != "power" || keep_.empty() || !counts(path)) return;
    busy_ = true;
    const std::string kept = keep_ + "/" + std::to_string(removed_count_++);
    if (::link(path.c_str(), kept.c_str()) == 0) removed_.emplace_back(kept, path);
    busy_ = false;
  }

  static constexpr int kShort = -1;

 private:
  void log(const char* operation, const std::string& path) {
    if (log_.empty()) return;
    busy_ = true;
    if (std::FILE* file = std::fopen(log_.c_str(), "a")) {
      std::fprintf(file, "%ld %s %s\n", count_, operation, path.c_str());
      std::fclose(file);
    }
    busy_ = false;
  }
  [[noreturn]] void lose_power() {
    busy_ = true;
    for (auto it = removed_.rbegin(); it != removed_.rend(); ++it) {
      if (random_() % 2 != 0) ::rename(it->first.c_str(), it->second.c_str());
    }
    for (const std::string& path : unsynced_) lose_contents(path);
    for (auto it = renamed_.rbegin(); it != renamed_.rend(); ++it) {
      if (random_() % 2 != 0) ::rename(it->second.c_str(), it->first.c_str());
    }
    end();
  }
  void lose_contents(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return;
    const auto size = static_cast<std::size_t>(info.st_size);
    switch (random_() % 3) {
      case 0:
        [[fallthrough]];
      case 1: {
        const std::size_t left = size > 0 && random_() % 2 != 0 ? random_() % size : 0;
        [[maybe_unused]] const int cut = ::truncate(path.c_str(), static_cast<off_t>(left));
        break;
      }
      default: {
        const int file = ::open(path.c_str(), O_WRONLY);
        if (file < 0) return;
        const std::string zeros(size - size / 3, '\0');
        [[maybe_unused]] const ssize_t done =
            ::pwrite(file, zeros.data(), zeros.size(), static_cast<off_t>(size / 3));
        ::close(file);
      }
    }
  }

  const std::string path_ = setting("FAULT_PATH"), act_ = setting("FAULT_ACT"),
                    log_ = setting("FAULT_LOG"), keep_ = setting("FAULT_KEEP");
  const long at_ = std::atol(setting("FAULT_N").c_str());
  const bool sticky_ = !setting("FAULT_STICKY").empty();
  std::mt19937 random_{static_cast<unsigned>(std::atol(setting("FAULT_SEED").c_str()))};
  std::recursive_mutex mutex_;
  long count_ = 0;
  bool busy_ = false;
  std::set<std::string> unsynced_;
  std::vector<std::pair<std::string, std::string>> renamed_;  // (from, to), of no other file
  std::vector<std::pair<std::string, std::string>> removed_;  // (kept, path)
  int removed_count_ = 0;
};

Disk& disk() {
  static Disk& it = *new Disk;  // until the last operation of the process
  return it;
}

std::string path_of(int file) {
  char link[64], path[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t size = ::readlink(link, path, sizeof path);
  return size > 0 ? std::string(path, static_cast<std::size_t>(size)) : "";
}

std::string absolute(const char* path) {
  if (path[0] == '/') return path;
  char folder[4096];
  return ::getcwd(folder, sizeof folder) != nullptr ? std::string(folder) + "/" + path : path;
}

// True, with errno set, where the operation is to fail.
bool fails(int error) {
  if (error > 0) errno = error;
  return error > 0;
}

template <class Open>
int open_file(Open* open, const char* path, int flags, mode_t mode) {
  const std::string full = absolute(path);
  const bool writes = (flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0;
  if (fails(disk().before(writes ? "create" : "open", full))) return -1;
  const int file = open(path, flags, mode);
  if (file >= 0 && (flags & (O_TRUNC | O_CREAT)) != 0) disk().written(full);
  return file;
}

template <class Write>
ssize_t write_file(int file, std::size_t size, Write write) {
  const std::string path = path_of(file);
  const int fault = disk().before("write", path);
  if (fails(fault)) return -1;
  disk().written(path);
  if (fault == Disk::kShort) {
    write(size / 2);
    disk().end();
  }
  return write(size);
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const auto mode = static_cast<mode_t>(va_arg(more, int));
  va_end(more);
  return open_file(REAL(open), path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const auto mode = static_cast<mode_t>(va_arg(more, int));
  va_end(more);
  return open_file(REAL(open64), path, flags, mode);
}
ssize_t write(int file, const void* bytes, std::size_t size) {
  return write_file(file, size, [&](std::size_t n) { return REAL(write)(file, bytes, n); });
}
ssize_t pwrite64(int file, const void* bytes, std::size_t size, off64_t at) {
  return write_file(file, size, [&](std::size_t n) { return REAL(pwrite64)(file, bytes, n, at); });
}
ssize_t pwrite(int file, const void* bytes, std::size_t size, off_t at) {
  return pwrite64(file, bytes, size, at);
}
ssize_t read(int file, void* bytes, std::size_t size) {
  return fails(disk().before("read", path_of(file))) ? -1 : REAL(read)(file, bytes, size);
}
ssize_t pread64(int file, void* bytes, std::size_t size, off64_t at) {
  return fails(disk().before("read", path_of(file))) ? -1 : REAL(pread64)(file, bytes, size, at);
}
ssize_t pread(int file, void* bytes, std::size_t size, off_t at) {
  return pread64(file, bytes, size, at);
}
int fsync(int file) {
  const std::string path = path_of(file);
  if (fails(disk().before("sync", path))) return -1;
  const int result = REAL(fsync)(file);
  disk().synced(file, path);
  return result;
}
int ftruncate64(int file, off64_t size) noexcept {
  if (fails(disk().before("truncate", path_of(file)))) return -1;
  return REAL(ftruncate64)(file, size);
}
int ftruncate(int file, off_t size) noexcept { return ftruncate64(file, size); }
int rename(const char* from, const char* to) noexcept {
  const std::string source = absolute(from), target = absolute(to);
  if (fails(disk().before("rename", target))) return -1;
  const bool replaced = ::access(to, F_OK) == 0;
  const int result = REAL(rename)(from, to);
  if (result == 0) disk().renamed(source, target, replaced);
  return result;
}
int unlink(const char* path) noexcept {
  if (fails(disk().before("remove", absolute(path)))) return -1;
  disk().removing(absolute(path));
  return REAL(unlink)(path);
}
int rmdir(const char* path) noexcept {
  return fails(disk().before("rmdir", absolute(path))) ? -1 : REAL(rmdir)(path);
}
int remove(const char* path) noexcept {
  struct stat info {};
  const bool folder = ::lstat(path, &info) == 0 && S_ISDIR(info.st_mode);
  return folder ? ::rmdir(path) : ::unlink(path);
}
int flock(int file, int operation) noexcept {
  static const bool locks = setting("FAULT_NO_LOCKS").empty();
  if (locks) return REAL(flock)(file, operation);
  errno = ENOLCK;
  return -1;
}
int mkdir(const char* path, mode_t mode) noexcept {
  return fails(disk().before("mkdir", absolute(path))) ? -1 : REAL(mkdir)(path, mode);
}

}  // extern "C"
