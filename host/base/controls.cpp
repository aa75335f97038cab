#include "host/base/controls.hpp"

#include <unistd.h>

#include <iostream>
#include <streambuf>

namespace servesweep {
namespace {

bool is_control(unsigned char c) { return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f; }

void append_escape(std::string& out, unsigned char c) {
  out += "\\x";
  out += "0123456789abcdef"[c >> 4];
  out += "0123456789abcdef"[c & 15];
}

// Text goes to another buffer. A character of two bytes may come in two pieces.
class EscapingBuffer : public std::streambuf {
 public:
  explicit EscapingBuffer(std::streambuf& to) : to_(to) {}

 protected:
  int_type overflow(int_type c) override {
    if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
    const char one = traits_type::to_char_type(c);
    return xsputn(&one, 1) == 1 ? c : traits_type::eof();
  }
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    kept_.append(text, static_cast<std::size_t>(size));
    const bool half = !kept_.empty() && kept_.back() == '\xc2';
    const std::string out =
        escaped_controls(std::string_view(kept_).substr(0, kept_.size() - (half ? 1 : 0)));
    kept_ = half ? "\xc2" : "";
    const auto length = static_cast<std::streamsize>(out.size());
    return to_.sputn(out.data(), length) == length ? size : 0;
  }
  int sync() override { return to_.pubsync(); }

 private:
  std::streambuf& to_;
  std::string kept_;
};

}  // namespace

std::string escaped_controls(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    if (c == 0xc2 && next >= 0x80 && next < 0xa0) {  // U+0080 to U+009F are controls, too
      append_escape(out, next);
      ++i;
    } else if (is_control(c)) {
      append_escape(out, c);
    } else {
      out += text[i];
    }
  }
  return out;
}

void escape_controls_on_terminals() {
  if (::isatty(STDOUT_FILENO) != 1) return;
  static EscapingBuffer buffer(*std::cout.rdbuf());  // as long as std::cout
  std::cout.rdbuf(&buffer);
}

}  // namespace servesweep
