#include "io/files/text_source.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "host/base/error.hpp"

namespace servesweep {
namespace {

constexpr std::size_t kMinCapacity = 1 << 16;
constexpr std::size_t kSmallPage = 4096;
constexpr std::size_t kHugePage = 2 << 20;

[[noreturn]] void cannot_read(const std::string& path) {
  throw IoError("cannot read '" + path + "' (" + std::strerror(errno) +
                ") check the path and its permissions");
}

class File {
 public:
  explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) cannot_read(path);
  }
  ~File() { ::close(fd_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

ByteBuffer read_all(const std::string& path) {
  const File file(path);
  struct stat info;
  if (::fstat(file.fd(), &info) != 0) cannot_read(path);
  // One byte more than the file holds, so that the read that finds its end needs no new buffer.
  ByteBuffer bytes(std::max(kMinCapacity, static_cast<std::size_t>(info.st_size) + 1));
  for (;;) {
    if (bytes.size() == bytes.capacity()) bytes.grow(2 * bytes.capacity());
    const ssize_t n =
        ::read(file.fd(), bytes.data() + bytes.size(), bytes.capacity() - bytes.size());
    if (n == 0) return bytes;
    if (n > 0) {
      bytes.set_size(bytes.size() + static_cast<std::size_t>(n));
    } else if (errno != EINTR) {
      cannot_read(path);
    }
  }
}

class Inflater {
 public:
  Inflater() {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (inflateInit2(&stream, kGzipOnly) != Z_OK) throw IoError("no memory to decompress");
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  z_stream stream{};
};

// zlib counts in 32 bits.
uInt clamped(std::size_t n) {
  return static_cast<uInt>(std::min<std::size_t>(n, std::numeric_limits<uInt>::max()));
}

}  // namespace

ByteBuffer::ByteBuffer(std::size_t capacity) {
  if (capacity == 0) return;
  const std::size_t unit = capacity < kHugePage ? kSmallPage : kHugePage;
  capacity_ = (capacity + unit - 1) / unit * unit;
  data_.reset(static_cast<char*>(std::aligned_alloc(unit, capacity_)));
  if (data_ == nullptr) throw std::bad_alloc();
  if (unit == kHugePage) ::madvise(data_.get(), capacity_, MADV_HUGEPAGE);
}

void ByteBuffer::grow(std::size_t capacity) {
  ByteBuffer larger(capacity);
  std::copy_n(data(), size_, larger.data());
  larger.size_ = size_;
  *this = std::move(larger);
}

TextSource::TextSource(const std::string& path) : stored_(read_all(path)) {
  is_gzip_ = is_gzip(stored());
  if (is_gzip_) plain_ = gunzip(stored(), path);
}

std::string_view TextSource::text() const {
  constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
  std::string_view text = is_gzip_ ? plain_.view() : stored_.view();
  if (text.starts_with(kUtf8Mark)) text.remove_prefix(kUtf8Mark.size());
  return text;
}

bool is_gzip(std::string_view bytes) { return bytes.substr(0, 2) == "\x1f\x8b"; }

ByteBuffer gunzip(std::string_view bytes, const std::string& name) {
  Inflater inflater;
  z_stream& stream = inflater.stream;
  const auto damaged = [&](const char* why) {
    throw IoError("cannot decompress '" + name + "' (" + why +
                  ") fetch or compress the file again");
  };
  ByteBuffer plain(std::max(kMinCapacity, 4 * bytes.size()));
  std::size_t used = 0;
  for (;;) {
    if (plain.size() == plain.capacity()) plain.grow(2 * plain.capacity());
    // zlib only reads from next_in, but its C interface lacks the const.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data() + used));
    stream.avail_in = clamped(bytes.size() - used);
    stream.next_out = reinterpret_cast<Bytef*>(plain.data() + plain.size());
    stream.avail_out = clamped(plain.capacity() - plain.size());
    const int status = inflate(&stream, Z_NO_FLUSH);
    used = static_cast<std::size_t>(reinterpret_cast<char*>(stream.next_in) - bytes.data());
    plain.set_size(
        static_cast<std::size_t>(reinterpret_cast<char*>(stream.next_out) - plain.data()));
    if (status == Z_STREAM_END) {
      if (used == bytes.size()) return plain;
      inflateReset(&stream);  // the next member
    } else if (status == Z_BUF_ERROR ||
               (status == Z_OK && used == bytes.size() && plain.size() < plain.capacity())) {
      damaged("the gzip data end too early");
    } else if (status != Z_OK) {
      damaged(stream.msg != nullptr ? stream.msg : "no gzip data");
    }
  }
}

}  // namespace servesweep
