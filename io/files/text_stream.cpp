#include "io/files/text_stream.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/sha256.hpp"
#include "host/base/units.hpp"

namespace servesweep {
namespace {

constexpr std::size_t kFirstWindow = std::size_t{1} << 20;
constexpr std::size_t kStoredPiece = std::size_t{1} << 18;
constexpr std::size_t kSmallPage = 4096;
constexpr std::size_t kHugePage = 2 << 20;

[[noreturn]] void cannot_read(const std::string& path) {
  throw IoError("cannot read '" + path + "' (" + std::strerror(errno) +
                ") check the path and its permissions");
}

struct Signature {
  std::string_view bytes;
  const char* what;
  const char* advice;
};
constexpr const char* kDecompress = "decompress it, or compress it with gzip instead";
constexpr const char* kSave = "save it as UTF-8";
using namespace std::string_view_literals;
// What other files begin with. UTF-32 before UTF-16: its mark begins with that one's.
constexpr Signature kOthers[] = {
    {"\xFD"
     "7zXZ\0"sv,
     "it is compressed with xz", kDecompress},
    {"\x28\xB5\x2F\xFD"sv, "it is compressed with zstd", kDecompress},
    {"PK\x03\x04"sv, "it is a zip archive", "unpack it"},
    {"PK\x05\x06"sv, "it is an empty zip archive", "unpack it"},
    {"BZh"sv, "it is compressed with bzip2", kDecompress},
    {"\x04\x22\x4D\x18"sv, "it is compressed with lz4", kDecompress},
    {"7z\xBC\xAF\x27\x1C"sv, "it is a 7z archive", "unpack it"},
    {"PAR1"sv, "it is a Parquet file", "export it as CSV"},
    {"\x89HDF\r\n\x1A\n"sv, "it is an HDF5 file", "give a text file"},
    {"\xFF\xFE\0\0"sv, "it is written in UTF-32", kSave},
    {"\0\0\xFE\xFF"sv, "it is written in UTF-32", kSave},
    {"\xFF\xFE"sv, "it is written in UTF-16", kSave},
    {"\xFE\xFF"sv, "it is written in UTF-16", kSave},
};

[[noreturn]] void no_text(const std::string& name, const std::string& why,
                          const std::string& advice) {
  throw InputError({Diagnostic{name, 0, 0, "not a text (" + why + ") " + advice}});
}

void refuse_others(std::string_view first_bytes, const std::string& name) {
  for (const Signature& other : kOthers) {
    if (first_bytes.starts_with(other.bytes)) no_text(name, other.what, other.advice);
  }
}

std::size_t last_not_blank(std::string_view text) { return text.find_last_not_of(" \t\r\n"); }

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

bool is_gzip(std::string_view bytes) { return bytes.substr(0, 2) == "\x1f\x8b"; }

// The file's text, decompressed.
class TextStream::Source {
 public:
  Source(const std::string& path, const std::string& name)
      : name_(name), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), stored_(kStoredPiece) {
    if (fd_ < 0) cannot_read(path);
    try {
      while (stored_.size() < kStoredPiece && read_stored()) {
      }
      refuse_others(stored_.view(), name_);
      is_gzip_ = servesweep::is_gzip(stored_.view());
      if (is_gzip_) start_gzip();
    } catch (...) {
      close();
      throw;
    }
  }
  ~Source() { close(); }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  // The next bytes, `room` at most; 0: the end.
  std::size_t read(char* to, std::size_t room) {
    return is_gzip_ ? read_gzip(to, room) : read_plain(to, room);
  }
  std::string sha256() {
    if (hex_.empty()) hex_ = sha256_.hex();
    return hex_;
  }

 private:
  void close() {
    if (is_gzip_) inflateEnd(&stream_);
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
    is_gzip_ = false;
  }

  void start_gzip() {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK) {
      is_gzip_ = false;
      throw IoError("no memory to decompress");
    }
  }

  // Appends to the stored bytes; false: there are no more.
  bool read_stored() {
    for (;;) {
      const ssize_t n = ::read(fd_, stored_.data() + stored_.size(), kStoredPiece - stored_.size());
      if (n > 0) {
        const auto size = static_cast<std::size_t>(n);
        sha256_.add({stored_.data() + stored_.size(), size});
        stored_.set_size(stored_.size() + size);
      }
      if (n >= 0) return n > 0;
      if (errno != EINTR) cannot_read(name_);
    }
  }

  // Stored bytes that are not used, which are read where there are none left.
  std::string_view unused() {
    if (used_ == stored_.size()) {
      used_ = 0;
      stored_.set_size(0);
      read_stored();
    }
    return stored_.view().substr(used_);
  }

  std::size_t read_plain(char* to, std::size_t room) {
    const std::string_view bytes = unused().substr(0, room);
    std::copy(bytes.begin(), bytes.end(), to);
    used_ += bytes.size();
    return bytes.size();
  }

  std::size_t read_gzip(char* to, std::size_t room) {
    const auto damaged = [this](const char* why) {
      throw IoError("cannot decompress '" + name_ + "' (" + why +
                    ") fetch or compress the file again");
    };
    for (;;) {
      const std::string_view bytes = unused();
      if (bytes.empty() && is_between_members_) return 0;
      if (bytes.empty()) damaged("the gzip data end too early");
      if (is_between_members_) inflateReset(&stream_);
      is_between_members_ = false;
      // zlib only reads from next_in, but its C interface lacks the const.
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
      stream_.avail_in = static_cast<uInt>(bytes.size());  // a piece, so 32 bits do
      const std::size_t piece = std::min(room, kStoredPiece);
      stream_.next_out = reinterpret_cast<Bytef*>(to);
      stream_.avail_out = static_cast<uInt>(piece);
      const int status = inflate(&stream_, Z_NO_FLUSH);
      used_ += bytes.size() - stream_.avail_in;
      is_between_members_ = status == Z_STREAM_END;
      if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
        damaged(stream_.msg != nullptr ? stream_.msg : "no gzip data");
      }
      if (const std::size_t size = piece - stream_.avail_out; size > 0) return size;
    }
  }

  std::string name_;
  int fd_;
  ByteBuffer stored_;
  std::size_t used_ = 0;  // bytes of stored_ that have been read
  Sha256 sha256_;
  std::string hex_;  // its end
  bool is_gzip_ = false;
  bool is_between_members_ = true;
  z_stream stream_{};
};

TextStream::TextStream(const std::string& path)
    : name_(path), source_(std::make_unique<Source>(path, path)), buffer_(kFirstWindow) {
  read_more();
  refuse_others(window_, name_);  // in gzip
  constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
  if (window_.starts_with(kUtf8Mark)) window_.remove_prefix(kUtf8Mark.size());
}

TextStream::TextStream(std::string_view text, std::string name)
    : name_(std::move(name)), window_(text), at_end_(true) {}

TextStream::~TextStream() = default;
TextStream::TextStream(TextStream&&) noexcept = default;

std::string_view TextStream::whole_lines() const {
  if (at_end_) return window_;
  const std::size_t last = last_not_blank(window_);
  if (last == std::string_view::npos) return {};
  const std::size_t after = window_.find('\n', last);
  if (after != std::string_view::npos) return window_.substr(0, after + 1);
  const std::size_t before = window_.rfind('\n', last);
  return window_.substr(0, before == std::string_view::npos ? 0 : before + 1);
}

void TextStream::consume(std::size_t bytes) {
  line_ += std::count(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(bytes), '\n');
  window_.remove_prefix(bytes);
}

void TextStream::read_more() {
  if (at_end_) return;
  const std::size_t kept = window_.size();
  if (kept > 0) std::memmove(buffer_.data(), window_.data(), kept);
  buffer_.set_size(kept);
  if (kept == buffer_.capacity()) buffer_.grow(2 * kept);
  while (buffer_.size() < buffer_.capacity() && !at_end_) {
    const std::size_t size =
        source_->read(buffer_.data() + buffer_.size(), buffer_.capacity() - buffer_.size());
    at_end_ = size == 0;
    buffer_.set_size(buffer_.size() + size);
  }
  window_ = buffer_.view();
  if (const std::size_t zero = window_.find('\0', kept); zero != std::string_view::npos) {
    refuse_others(window_, name_);
    const auto before =
        std::count(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(zero), '\n');
    no_text(name_, "a zero byte in line " + std::to_string(line_ + before), "check the file");
  }
}

void TextStream::read_all(std::size_t most_bytes) {
  while (!at_end_) {
    if (window_.size() >= most_bytes) {
      throw InputError({Diagnostic{name_, 0, 0,
                                   "too long a text (more than " + format_size(most_bytes) +
                                       ") raise --max-memory, or split the file"}});
    }
    read_more();
  }
}

std::string TextStream::sha256() const {
  return source_ == nullptr ? sha256_hex(window_) : source_->sha256();
}

}  // namespace servesweep
