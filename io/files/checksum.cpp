#include "io/files/checksum.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "host/base/sha256.hpp"
#include "io/files/atomic_file.hpp"

namespace servesweep {
namespace {

constexpr std::string_view kChecksumStart = "\nservesweep-sha256 ";
constexpr std::size_t kChecksumSize = kChecksumStart.size() + 64 + 1;

std::string line_of(const std::string& hex) { return std::string(kChecksumStart) + hex + "\n"; }

// Some of the file's bytes from `at` on; fewer at its end.
std::string_view read_piece(int file, std::size_t at, std::size_t size, std::vector<char>& buffer,
                            const std::string& path) {
  buffer.resize(std::min<std::size_t>(size, std::size_t{1} << 20));
  for (;;) {
    const ssize_t count = ::pread(file, buffer.data(), buffer.size(), static_cast<off_t>(at));
    if (count >= 0) return {buffer.data(), static_cast<std::size_t>(count)};
    if (errno != EINTR) throw_io_error("cannot read " + path, errno);
  }
}

std::string sum_of(int file, std::size_t size, const std::string& path) {
  Sha256 sum;
  std::vector<char> buffer;
  for (std::size_t at = 0; at < size;) {
    const std::string_view piece = read_piece(file, at, size - at, buffer, path);
    if (piece.empty()) break;  // shorter than it was a moment ago
    sum.add(piece);
    at += piece.size();
  }
  return sum.hex();
}

std::size_t size_of(int file, const std::string& path) {
  struct stat info {};
  if (::fstat(file, &info) != 0) throw_io_error("cannot read " + path, errno);
  return static_cast<std::size_t>(info.st_size);
}

class ReadFile {
 public:
  explicit ReadFile(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) throw_io_error("cannot read " + path, errno);
  }
  ~ReadFile() { ::close(fd_); }
  ReadFile(const ReadFile&) = delete;
  ReadFile& operator=(const ReadFile&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

std::string checksum_line(std::string_view contents) { return line_of(sha256_hex(contents)); }

void append_checksum(int descriptor, const std::string& path) {
  const std::size_t size = size_of(descriptor, path);
  const std::string line = line_of(sum_of(descriptor, size, path));
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::pwrite(descriptor, rest.data(), rest.size(),
                                     static_cast<off_t>(size + line.size() - rest.size()));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_cannot_write(path, errno);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

Checksum verify_checksum(const std::string& path) {
  const ReadFile file(path);
  const std::size_t size = size_of(file.fd(), path);
  if (size < kChecksumSize) return Checksum::kNone;
  const std::size_t contents = size - kChecksumSize;
  std::vector<char> buffer;
  const std::string line(read_piece(file.fd(), contents, kChecksumSize, buffer, path));
  if (!line.starts_with(kChecksumStart)) return Checksum::kNone;
  return line == line_of(sum_of(file.fd(), contents, path)) ? Checksum::kSame : Checksum::kDiffers;
}

}  // namespace servesweep
