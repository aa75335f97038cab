// SHA-256 of bytes: names the inputs of a result (trace files, resolved sweeps), and tells whether
// a file is as it was written.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace servesweep {

// Of bytes that come piece by piece.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::string_view bytes);
  std::string hex();  // 64 lower-case hex digits; ends it

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string sha256_hex(std::string_view bytes);

}  // namespace servesweep
