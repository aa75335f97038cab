// A text as it is read on, a window at a time: from a file or a pipe, plain or gzip (told apart by
// the first bytes), UTF-8 with or without mark. So a file may be larger than memory, compressed or
// not, and what is wrong with its beginning is known before the rest is read.
#pragma once

#include <cstddef>
#include <cstdint>
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

class TextStream {
 public:
  // Reads the first window. Throws IoError (no such file, damaged gzip), or InputError where it is
  // no text: another compression or encoding, zero bytes.
  explicit TextStream(const std::string& path);
  // A text in memory, which must outlive it: one window. `name` stands for the path.
  TextStream(std::string_view text, std::string name);
  ~TextStream();
  TextStream(TextStream&&) noexcept;

  const std::string& name() const { return name_; }
  // What was read and not consumed. Views into it are good until read_more().
  std::string_view window() const { return window_; }
  bool at_end() const { return at_end_; }      // nothing follows the window
  std::int64_t line() const { return line_; }  // of the window's first byte, from 1

  // The window's whole lines, so that blank ones at the end of the text come together with that
  // end: all of the window at the end, else up to a line end with more than blanks before it.
  std::string_view whole_lines() const;
  void consume(std::size_t bytes);
  // Reads what follows, the window grows. Throws as the constructor does.
  void read_more();
  // Reads on to the end. Throws InputError where the window would take more than most_bytes.
  void read_all(std::size_t most_bytes);

  // Of the file's bytes as they are stored, 64 hex digits; once all is read.
  std::string sha256() const;

 private:
  class Source;
  void check_new(std::size_t first_new);

  std::string name_;
  std::unique_ptr<Source> source_;  // none: a text in memory
  ByteBuffer buffer_;
  std::string_view window_;
  bool at_end_ = false;
  std::int64_t line_ = 1;
};

bool is_gzip(std::string_view bytes);

}  // namespace servesweep
