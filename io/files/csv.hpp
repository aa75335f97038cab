// Comma-separated values (RFC 4180) in memory: records and their fields, as views into the text.
// Takes LF and CRLF line ends, quoted fields with commas, quotes and line ends in them. Ignores
// blank space at the end of the text. Knows nothing of headers or numbers.
#pragma once

#include <string_view>
#include <vector>

namespace servesweep {

class CsvReader {
 public:
  enum class Record { kFields, kBroken, kEnd };

  // is_end: the text ends here; else it goes on after the last line end, and blanks there count.
  explicit CsvReader(std::string_view text, bool is_end = true);

  // Reads the next record into `fields`: the text between the commas, quotes around it removed
  // (a doubled quote inside stays doubled; an empty field still points to its place). A record
  // whose quotes are wrong is kBroken: it ends with its first line, and error() and where() say
  // what is wrong.
  Record next(std::vector<std::string_view>& fields);

  const char* error() const { return error_; }
  const char* where() const { return where_; }    // a position in the text
  bool is_open() const { return is_open_; }       // the broken record's last quote is not closed
  const char* position() const { return at_; }    // where the next record starts
  const char* record() const { return record_; }  // where the last record starts

 private:
  bool read_quoted(std::string_view& field);
  Record broken(const char* error, const char* where);

  const char* at_;
  const char* end_;
  const char* record_;
  bool is_end_;
  bool done_;
  bool is_open_ = false;
  const char* error_ = "";
  const char* where_ = nullptr;
};

}  // namespace servesweep
