#include "host/base/sha256.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>

#include <stdexcept>

namespace servesweep {
namespace {

void check_digest(int result) {
  if (result == 1) return;
  throw std::runtime_error("no SHA-256 (OpenSSL refuses it) check the machine's OpenSSL set-up");
}

}  // namespace

struct Sha256::Context {
  EVP_MD_CTX* openssl = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(openssl); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  check_digest(EVP_DigestInit_ex(context_->openssl, EVP_sha256(), nullptr));
}
Sha256::~Sha256() = default;

void Sha256::add(std::string_view bytes) {
  check_digest(EVP_DigestUpdate(context_->openssl, bytes.data(), bytes.size()));
}

std::string Sha256::hex() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  check_digest(EVP_DigestFinal_ex(context_->openssl, digest, &size));
  return fmt::format("{:02x}", fmt::join(digest, digest + size, ""));
}

std::string sha256_hex(std::string_view bytes) {
  Sha256 sum;
  sum.add(bytes);
  return sum.hex();
}

}  // namespace servesweep
