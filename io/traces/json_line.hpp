// The members of one JSON object, as a rule on one line (JSON Lines), as views into the text.
// Top-level names and values are checked; arrays and objects below are skipped by their brackets,
// so that long lists that are not read cost next to nothing.
#pragma once

#include <string_view>

namespace servesweep {

struct JsonMember {
  std::string_view name;   // between the quotes, escapes as they are: compare with json_equal()
  std::string_view value;  // as written: `12`, `"text"`, `[1, 2]`
};

class JsonLine {
 public:
  explicit JsonLine(std::string_view line);

  // False at the end of the object, or where the line is wrong: then error() says what.
  bool next(JsonMember& member);

  const char* error() const { return error_; }  // nullptr: nothing wrong
  const char* where() const { return at_; }

 private:
  bool fail(const char* error);
  void skip_space();
  bool take(char c);
  bool read_string(std::string_view& content);
  bool skip_brackets();
  bool read_value(std::string_view& value);
  bool finish();

  const char* at_;
  const char* end_;
  bool first_ = true;
  const char* error_ = nullptr;
};

// Does the name, with escapes such as \u0074, spell `text` (ASCII)?
bool json_equal(std::string_view name, std::string_view text);

// Is this a number as JSON writes it? (No leading zeros or plus, digits around a point.)
bool is_json_number(std::string_view value);

}  // namespace servesweep
