#include "io/report/packed_array.hpp"

#include <openssl/evp.h>
#include <zlib.h>

#include <bit>
#include <cmath>

namespace servesweep {
namespace {

template <class T>
std::string pack_numbers(const std::vector<T>& values) {
  static_assert(sizeof(T) == 4);
  std::string shuffled(4 * values.size(), '\0');
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(values[i]);
    for (std::size_t byte = 0; byte < 4; ++byte) {
      shuffled[byte * values.size() + i] = static_cast<char>(bits >> (8 * byte) & 0xFF);
    }
  }
  uLongf size = compressBound(shuffled.size());
  std::string packed(size, '\0');
  if (compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
                reinterpret_cast<const Bytef*>(shuffled.data()), shuffled.size(),
                Z_DEFAULT_COMPRESSION) != Z_OK) {
    throw std::bad_alloc();  // all else cannot happen
  }
  return base64(std::string_view(packed).substr(0, size));
}

}  // namespace

std::string pack(const std::vector<float>& values) { return pack_numbers(values); }
std::string pack(const std::vector<std::int32_t>& values) { return pack_numbers(values); }

std::string base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // OpenSSL ends it with a zero
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

float round_mantissa(float value, int bits) {
  if (!std::isfinite(value)) return value;
  const int dropped = 23 - bits;
  const auto raw = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t half = std::uint32_t{1} << (dropped - 1);
  const auto rounded = std::bit_cast<float>((raw + half) & ~(2 * half - 1));
  return std::isfinite(rounded) ? rounded : value;
}

}  // namespace servesweep
