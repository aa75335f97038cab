#include "io/report/script_json.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/base/units.hpp"

namespace servesweep {
namespace {

constexpr std::size_t kMostLineBytes = 4'000;

}  // namespace

std::string script_json(const nlohmann::ordered_json& json) {
  std::string text = json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) c == '<' ? escaped += "\\u003c" : escaped += c;
  return escaped;
}

std::string with_short_lines(const std::string& text) {
  std::string out;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::size_t size = end - begin;
    if (size > kMostLineBytes) {
      size = kMostLineBytes;
      while ((text[begin + size] & 0xC0) == 0x80) --size;  // not inside a UTF-8 character
    }
    out.append(text, begin, size);
    if (begin + size < end) {
      out += fmt::format(" ... ({} more bytes in the result file)",
                         format_count(static_cast<std::int64_t>(end - begin - size)));
    }
    if (end < text.size()) out += '\n';
    begin = end + 1;
  }
  return out;
}

}  // namespace servesweep
