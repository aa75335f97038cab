// What a page does with the packed arrays of a report.
#pragma once

#include <openssl/evp.h>
#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace servesweep::testing {

inline std::string unbase64(const std::string& text) {
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) throw std::runtime_error("no base64");
  std::size_t padding = 0;
  while (padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

// An array of `count` numbers of 4 bytes.
template <class T>
std::vector<T> unpack(const std::string& text, std::size_t count) {
  const std::string packed = unbase64(text);
  std::string shuffled(4 * count + 1, '\0');
  uLongf size = shuffled.size();
  if (uncompress(reinterpret_cast<Bytef*>(shuffled.data()), &size,
                 reinterpret_cast<const Bytef*>(packed.data()), packed.size()) != Z_OK ||
      size != 4 * count) {
    throw std::runtime_error("not " + std::to_string(count) + " packed numbers");
  }
  std::vector<T> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t bits = 0;
    for (std::size_t byte = 4; byte-- > 0;) {
      bits = bits << 8 | static_cast<unsigned char>(shuffled[byte * count + i]);
    }
    std::memcpy(&values[i], &bits, 4);
  }
  return values;
}

}  // namespace servesweep::testing
