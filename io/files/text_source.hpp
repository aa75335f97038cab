// A text file in memory, gzip or plain (told apart by its first bytes), UTF-8 with or without mark.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace servesweep {

// Bytes that are not cleared before they are written, on huge pages where the system grants them:
// with small ones, half of the time to load a large trace went into page faults.
class ByteBuffer {
 public:
  explicit ByteBuffer(std::size_t capacity = 0);
  void grow(std::size_t capacity);  // keeps the first size() bytes
  void set_size(std::size_t size) { size_ = size; }

  char* data() { return data_.get(); }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  std::string_view view() const { return {data_.get(), size_}; }

 private:
  struct Free {
    void operator()(char* data) const { std::free(data); }
  };
  std::unique_ptr<char[], Free> data_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

class TextSource {
 public:
  // A file, or anything else that can be read to its end (a pipe). Throws IoError.
  explicit TextSource(const std::string& path);

  std::string_view stored() const { return stored_.view(); }  // the file's bytes
  std::string_view text() const;                              // decompressed, without the mark

 private:
  ByteBuffer stored_;
  ByteBuffer plain_;
  bool is_gzip_ = false;
};

bool is_gzip(std::string_view bytes);

// All members of a gzip file, one after the other. Throws IoError, with `name` in its message, if
// they are damaged or cut short.
ByteBuffer gunzip(std::string_view bytes, const std::string& name);

}  // namespace servesweep
