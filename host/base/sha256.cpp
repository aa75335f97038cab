#include "host/base/sha256.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>

#include <stdexcept>

namespace servesweep {

std::string sha256_hex(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("no SHA-256 (OpenSSL refuses it) check the machine's OpenSSL set-up");
  }
  return fmt::format("{:02x}", fmt::join(digest, digest + size, ""));
}

}  // namespace servesweep
