#include "io/traces/json_line.hpp"

#include <charconv>
#include <cstddef>
#include <cstring>
#include <string>

namespace servesweep {

JsonLine::JsonLine(std::string_view line) : at_(line.data()), end_(at_ + line.size()) {}

bool JsonLine::fail(const char* error) {
  error_ = error;
  return false;
}

void JsonLine::skip_space() {
  while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r' || *at_ == '\n')) ++at_;
}

bool JsonLine::take(char c) {
  skip_space();
  if (at_ == end_ || *at_ != c) return false;
  ++at_;
  return true;
}

bool JsonLine::next(JsonMember& member) {
  if (error_ != nullptr) return false;
  if (first_) {
    first_ = false;
    if (!take('{')) return fail("the line is not a JSON object: '{' expected");
    if (take('}')) return finish();
  } else {
    if (take('}')) return finish();
    if (!take(',')) return fail("',' or '}' expected");
  }
  skip_space();
  if (!read_string(member.name)) return false;
  if (!take(':')) return fail("':' expected");
  skip_space();
  return read_value(member.value);
}

bool JsonLine::finish() {
  skip_space();
  return at_ == end_ ? false : fail("text after the object");
}

bool JsonLine::read_string(std::string_view& content) {
  if (at_ == end_ || *at_ != '"') return fail("'\"' expected");
  const char* const begin = at_ + 1;
  for (const char* p = begin; p != end_; ++p) {
    if (*p == '\\') {
      if (++p == end_) break;
    } else if (*p == '"') {
      content = {begin, static_cast<std::size_t>(p - begin)};
      at_ = p + 1;
      return true;
    }
  }
  return fail("the string is not closed");
}

bool JsonLine::skip_brackets() {
  const char* const begin = at_;
  std::size_t depth = 0;
  std::string_view ignored;
  while (at_ != end_) {
    const char c = *at_;
    if (c == '"') {
      if (!read_string(ignored)) return false;
      continue;
    }
    ++at_;
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && --depth == 0) return true;
  }
  at_ = begin;
  return fail("the bracket is not closed");
}

bool JsonLine::read_value(std::string_view& value) {
  const char* const begin = at_;
  const char c = at_ == end_ ? '\0' : *at_;
  if (c == '"') {
    std::string_view content;
    if (!read_string(content)) return false;
  } else if (c == '[' || c == '{') {
    if (!skip_brackets()) return false;
  } else {
    while (at_ != end_ && std::strchr(" \t\r\n,}", *at_) == nullptr) ++at_;
  }
  value = {begin, static_cast<std::size_t>(at_ - begin)};
  if (c == '"' || c == '[' || c == '{' || value == "true" || value == "false" || value == "null" ||
      is_json_number(value)) {
    return true;
  }
  at_ = begin;
  return fail("a JSON value expected");
}

bool json_equal(std::string_view name, std::string_view text) {
  if (name.find('\\') == std::string_view::npos) return name == text;
  std::string plain;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '\\') {
      plain += name[i];
    } else if (++i < name.size() && name[i] == 'u') {
      unsigned code = 0;
      const std::string_view digits = name.substr(i + 1, 4);
      std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
      plain += code < 0x80 ? static_cast<char>(code) : '\xff';  // never equal to ASCII
      i += digits.size();
    } else if (i < name.size()) {
      constexpr std::string_view kLetters = "bfnrt";
      const std::size_t control = kLetters.find(name[i]);
      plain += control == std::string_view::npos ? name[i] : "\b\f\n\r\t"[control];
    }
  }
  return plain == text;
}

bool is_json_number(std::string_view value) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t begin = i;
    while (i < value.size() && value[i] >= '0' && value[i] <= '9') ++i;
    return i - begin;
  };
  if (i < value.size() && value[i] == '-') ++i;
  const std::size_t whole = i;
  const std::size_t num_whole = digits();
  if (num_whole == 0 || (num_whole > 1 && value[whole] == '0')) return false;
  if (i < value.size() && value[i] == '.') {
    ++i;
    if (digits() == 0) return false;
  }
  if (i < value.size() && (value[i] == 'e' || value[i] == 'E')) {
    ++i;
    if (i < value.size() && (value[i] == '+' || value[i] == '-')) ++i;
    if (digits() == 0) return false;
  }
  return i == value.size();
}

}  // namespace servesweep
