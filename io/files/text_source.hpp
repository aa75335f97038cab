// A text file in memory (io/files/text_stream.hpp reads it).
#pragma once

#include <string>
#include <string_view>

#include "io/files/text_stream.hpp"

namespace servesweep {

class TextSource {
 public:
  // Throws IoError, or InputError where it is no text or too much of it.
  explicit TextSource(const std::string& path);

  std::string sha256() const { return stream_.sha256(); }     // of the file as it is stored
  std::string_view text() const { return stream_.window(); }  // decompressed, without the mark

 private:
  TextStream stream_;
};

}  // namespace servesweep
