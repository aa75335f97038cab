#include "io/files/atomic_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <random>
#include <streambuf>
#include <system_error>
#include <utility>

#include "host/base/error.hpp"

namespace servesweep {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTemporarySuffix = ".tmp";
constexpr std::size_t kTagDigits = 8;
constexpr std::time_t kAbandoned_s = 3600;  // where the file system has no locks

std::string folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

// What a temporary file's name begins with. File systems allow 255 bytes in all.
std::string temporary_stem(const std::string& path) {
  return fs::path(path).filename().string().substr(0, 200) + ".";
}

std::string random_tag() {
  std::random_device random;
  std::string tag;
  for (std::size_t i = 0; i < kTagDigits; ++i) tag += "0123456789abcdef"[random() % 16];
  return tag;
}

bool is_temporary(const std::string& name, const std::string& stem) {
  const std::string suffix = kTemporarySuffix;
  if (name.size() != stem.size() + kTagDigits + suffix.size()) return false;
  if (!name.starts_with(stem) || !name.ends_with(suffix)) return false;
  for (std::size_t i = stem.size(); i < stem.size() + kTagDigits; ++i) {
    if (std::isxdigit(static_cast<unsigned char>(name[i])) == 0) return false;
  }
  return true;
}

bool same_file(const std::string& path, int fd) {
  struct stat by_name {
  }, by_fd{};
  return ::lstat(path.c_str(), &by_name) == 0 && ::fstat(fd, &by_fd) == 0 &&
         by_name.st_ino == by_fd.st_ino && by_name.st_dev == by_fd.st_dev;
}

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags) : fd_(::open(path.c_str(), flags)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// A stream's bytes go to the file; errors are thrown, past the stream, by flush().
class FileBuffer : public std::streambuf {
 public:
  explicit FileBuffer(AtomicFile& file) : file_(file) {
    setp(bytes_.data(), bytes_.data() + bytes_.size());
  }
  void flush() {
    file_.write({pbase(), static_cast<std::size_t>(pptr() - pbase())});
    setp(bytes_.data(), bytes_.data() + bytes_.size());
  }

 protected:
  int_type overflow(int_type c) override {
    flush();
    return traits_type::eq_int_type(c, traits_type::eof()) ? traits_type::not_eof(c)
                                                           : sputc(traits_type::to_char_type(c));
  }
  int sync() override {
    flush();
    return 0;
  }

 private:
  AtomicFile& file_;
  std::array<char, 1 << 16> bytes_;
};

}  // namespace

void throw_io_error(const std::string& problem, int error) {
  throw IoError(problem + " (" + std::generic_category().message(error) + ")");
}

void throw_cannot_write(const std::string& path, int error) {
  throw_io_error("cannot write " + path, error);
}

std::string target_of(const std::string& path) {
  std::error_code missing;  // a new file, as a rule
  const fs::path target = fs::canonical(path, missing);
  if (!missing) return target.string();
  std::error_code ignored;
  if (!fs::is_symlink(fs::symlink_status(path, ignored))) return path;
  throw IoError("cannot write " + path + " (it is a link to " +
                fs::read_symlink(path, ignored).string() +
                ", which is not there) remove the link or choose another file");
}

AtomicFile::AtomicFile(std::string path) : name_(std::move(path)), path_(target_of(name_)) {
  std::error_code missing;
  const fs::file_type type = fs::status(path_, missing).type();
  in_place_ = type == fs::file_type::character || type == fs::file_type::block ||
              type == fs::file_type::fifo || type == fs::file_type::socket;
  if (in_place_) {
    temporary_ = path_;
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd_ < 0) throw_cannot_write(name_, errno);
  } else {
    make_temporary();
  }
}

// The lock says that this process lives. Where there is one, another process may have taken the
// file for a leftover in the moment before.
void AtomicFile::make_temporary() {
  struct stat before {};
  const bool replaces = ::stat(path_.c_str(), &before) == 0 && S_ISREG(before.st_mode);
  const std::string stem = folder_of(path_) + "/" + temporary_stem(path_);
  for (;;) {
    temporary_ = stem + random_tag() + kTemporarySuffix;
    fd_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                 replaces ? 0600 : 0666);
    if (fd_ < 0 && errno == EEXIST) continue;
    if (fd_ < 0) throw_cannot_write(name_, errno);
    const bool taken = ::flock(fd_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (!taken && same_file(temporary_, fd_)) break;
    ::close(std::exchange(fd_, -1));
  }
  if (!replaces) return;
  // Of another owner where that is allowed. The mode follows in commit(): it may forbid to write.
  [[maybe_unused]] const int allowed = ::fchown(fd_, before.st_uid, before.st_gid);
  mode_ = static_cast<int>(before.st_mode & 07777);
}

AtomicFile::~AtomicFile() {
  if (!committed_ && !in_place_) ::unlink(temporary_.c_str());
  if (fd_ >= 0) ::close(fd_);
}

void AtomicFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_cannot_write(name_, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void AtomicFile::commit() {
  if (!in_place_) {
    if (mode_ >= 0 && ::fchmod(fd_, static_cast<mode_t>(mode_)) != 0) {
      throw_cannot_write(name_, errno);
    }
    if (::fsync(fd_) != 0) throw_cannot_write(name_, errno);
    if (!same_file(temporary_, fd_)) {
      throw IoError("cannot write " + name_ + " (another program has removed or replaced " +
                    temporary_ + ") write to a folder where others may not");
    }
    if (std::rename(temporary_.c_str(), path_.c_str()) != 0) throw_cannot_write(name_, errno);
  }
  committed_ = true;
  // Some file systems report a full disk only here.
  if (::close(std::exchange(fd_, -1)) != 0) throw_cannot_write(name_, errno);
  if (!in_place_) sync_folder(folder_of(path_));
}

void remove_leftovers(const std::string& path) {
  const std::string target = target_of(path), stem = temporary_stem(target);
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_of(target), ignored)) {
    if (!is_temporary(entry.path().filename().string(), stem)) continue;
    const Descriptor file(entry.path().string(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file.get() < 0) continue;
    const bool locked = ::flock(file.get(), LOCK_EX | LOCK_NB) == 0;
    if (!locked && errno == EWOULDBLOCK) continue;
    struct stat info {};
    const bool old =
        ::fstat(file.get(), &info) == 0 && info.st_mtime + kAbandoned_s < std::time(nullptr);
    if (locked || old) fs::remove(entry.path(), ignored);
  }
}

void write_file_atomically(const std::string& path, std::string_view bytes, Leftovers leftovers) {
  if (leftovers == Leftovers::kRemove) remove_leftovers(path);
  AtomicFile atomic(path);
  atomic.write(bytes);
  atomic.commit();
}

void write_file_atomically(const std::string& path,
                           const std::function<void(std::ostream&)>& write) {
  remove_leftovers(path);
  AtomicFile atomic(path);
  FileBuffer buffer(atomic);
  std::ostream out(&buffer);
  out.exceptions(std::ios::badbit | std::ios::failbit);  // those of the buffer pass through
  write(out);
  buffer.flush();
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
